import { setTimeout as delay } from 'node:timers/promises';
import { describeHolder, type Holder, holderOf, isDead } from '../engine/lock-holder.ts';
import { Exit, UserError } from '../errors.ts';
import { deleteLease, type LeasePlace, type LeaseSeen, type LeaseWritten, readLease, writeLease } from './lease-object.ts';

/** Seconds. */
interface LeaseTimes {
	/** Between two renewals. */
	readonly renewal: number;
	/** After which a holder asks before it trusts its lease: it may have been asleep. Well below `dead`. */
	readonly trust: number;
	/** Without a renewal, by the watch of who looks on: then the holder counts as dead. */
	readonly dead: number;
	/** Between two looks at somebody else's lease. */
	readonly look: number;
}

export interface LeaseOptions extends LeasePlace {
	readonly command: string;
	/** Waits for another holder instead of failing. */
	readonly wait: boolean;
	/** Called once for each holder that is met. */
	onMet(holder: Holder | undefined): void;
	readonly signal: AbortSignal;
	readonly times?: LeaseTimes;
}

export interface Lease {
	/**
	 * To be awaited before each call that changes something. The first one takes the lease: a run that changes nothing takes none.
	 * @throws UserError `EnvironmentLocked` where somebody else holds it, `LeaseLost` where it was taken over; both exit 4
	 */
	check(): Promise<void>;
	/** Gives it back, where it was taken and is still ours. */
	release(): Promise<void>;
}

const usual: LeaseTimes = { renewal: 15, trust: 20, dead: 45, look: 1 };

/**
 * One writer of a scope among all machines: an object in the bucket that its holder renews. No clock of another machine
 * counts: whoever finds it held watches whether it changes.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 */
export function leaseOf(options: LeaseOptions): Lease {
	let taken: Promise<Held> | undefined;
	return {
		async check() {
			taken ??= take(options);
			try {
				await (await taken).check();
			} catch (error) {
				// The bucket is to be made, or was removed: nobody else can hold anything in it.
				if (!(error instanceof Error) || error.name !== 'NoSuchBucket') throw error;
				taken = undefined;
			}
		},
		async release() {
			await (await taken?.catch(() => undefined))?.release();
		},
	};
}

async function take(options: LeaseOptions): Promise<Held> {
	const { times = usual } = options;
	const self = await holderOf(options.command);
	const watch = watching();
	for (;;) {
		const me = { ...self, since: new Date().toISOString() };
		const made = await writeLease(options, me, { IfNoneMatch: '*' });
		if (made !== undefined) return hold(options, me, made);
		const seen = await readLease(options);
		if (!seen) continue;
		// Our own write, whose answer was lost.
		if (seen.holder?.id === me.id) return hold(options, me, { etag: seen.etag, version: undefined });
		const unchanged = watch(seen);
		if (unchanged > times.dead || (seen.holder && (await isDead(seen.holder)))) {
			const taken = await writeLease(options, me, { IfMatch: seen.etag });
			// What its former holder wrote is to go as well: it is looked for at the end.
			if (taken !== undefined) return hold(options, me, { ...taken, version: undefined });
			continue;
		}
		if (unchanged === 0) await meet(options, seen, watch.renewals());
		await delay(times.look * 1000, undefined, { signal: options.signal });
	}
}

interface Watch {
	/** Seconds since this lease was seen first. */
	(seen: LeaseSeen): number;
	/** How often one was seen to change. */
	renewals(): number;
}

function watching(): Watch {
	let last: { etag: string; at: number } | undefined;
	let changes = -1;
	const watch = ({ etag }: LeaseSeen): number => {
		if (last?.etag !== etag) {
			last = { etag, at: performance.now() };
			changes += 1;
			return 0;
		}
		return (performance.now() - last.at) / 1000;
	};
	return Object.assign(watch, { renewals: () => changes });
}

/** A holder of this machine is known to live, another shows it by a renewal. */
async function meet(options: LeaseOptions, { holder }: LeaseSeen, renewals: number): Promise<void> {
	const self = await holderOf(options.command);
	if (!options.wait && (renewals > 0 || holder?.host === self.host)) throw locked(options.scope, holder);
	if (renewals === 0) options.onMet(holder);
}

interface Held {
	check(): Promise<void>;
	release(): Promise<void>;
}

function hold(options: LeaseOptions, me: Holder, first: LeaseWritten): Held {
	const { times = usual } = options;
	let { etag } = first;
	/** All that there are; undefined for one that nobody knows. */
	const versions = [first.version];
	let sure = now();
	let renewing: Promise<void> | undefined;
	const renew = async (): Promise<void> => {
		const asked = now();
		const next = (await writeLease(options, me, { IfMatch: etag })) ?? (await ownWrite(options, me));
		if (next === undefined) throw lost(options.scope, (await readLease(options))?.holder);
		etag = next.etag;
		versions.push(next.version);
		sure = asked;
	};
	const renewOnce = (): Promise<void> => (renewing ??= renew().finally(() => (renewing = undefined)));
	const isSure = (): boolean => age(sure) < times.trust;
	// What fails is tried again at the next turn; `check` decides.
	const timer = setInterval(() => void renewOnce().catch(() => {}), times.renewal * 1000).unref();
	return {
		async check() {
			if (!isSure()) await renewOnce();
		},
		async release() {
			clearInterval(timer);
			await renewing?.catch(() => {});
			// One that nobody could renew may be somebody else's by now.
			const known = versions.flatMap((version) => version ?? []);
			if (isSure()) await deleteLease(options, known.length === versions.length ? known : undefined);
		},
	};
}

/** The ETag of our last write, where its answer was lost. */
async function ownWrite(place: LeasePlace, { id }: Holder): Promise<LeaseWritten | undefined> {
	const seen = await readLease(place);
	return seen?.holder?.id === id ? { etag: seen.etag, version: undefined } : undefined;
}

/** Two clocks: one stands still while the machine sleeps, the other may be set back. */
interface Now {
	readonly monotonic: number;
	readonly wall: number;
}

function now(): Now {
	return { monotonic: performance.now(), wall: Date.now() };
}

/** Seconds, by the clock that says more. */
function age({ monotonic, wall }: Now): number {
	return Math.max(performance.now() - monotonic, Date.now() - wall) / 1000;
}

function locked(scope: string, holder: Holder | undefined): UserError {
	return new UserError('EnvironmentLocked', `${scope} is being changed: ${holder ? describeHolder(holder) : 'by a version that writes its lease in another way'}`, {
		hint: 'wait for it: a run that has died is noticed within a minute',
		exit: Exit.locked,
	});
}

function lost(scope: string, holder: Holder | undefined): UserError {
	return new UserError('LeaseLost', `this run lost its lease on ${scope} while it could not renew it (asleep, or without network)${holder ? `; now: ${describeHolder(holder)}` : ''}`, {
		hint: 'airflow-deploy status   # then run the same command again: it goes on where it stopped',
		exit: Exit.locked,
	});
}
