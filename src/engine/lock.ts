import { rm, utimes } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Exit, UserError } from '../errors.ts';
import { place, readIfThere, takeOver } from './lock-file.ts';
import { describeHolder, type Holder, holderOf, isDead, parseHolder } from './lock-holder.ts';

export type { Holder } from './lock-holder.ts';
export { describeHolder } from './lock-holder.ts';

export interface LockOptions {
	/** The verb that others are shown, e.g. `up`. */
	readonly command: string;
	/** Waits for another holder instead of failing. */
	readonly wait: boolean;
	/** Called once for each holder that is waited for. */
	onWait?(holder: Holder | undefined): void;
	readonly signal?: AbortSignal;
	/** Milliseconds between two looks while waiting (200) and between two renewals while held (5000). */
	readonly poll?: number;
	readonly renewal?: number;
}

export interface Lock {
	/** Aborted when a renewal finds that the lock is no longer ours. */
	readonly lost: AbortSignal;
	/** @throws UserError `LockLost`, exit 4, where someone has unlocked or taken it */
	check(): Promise<void>;
	/** Gives the lock back; one that is no longer ours is left alone. */
	release(): Promise<void>;
}

/**
 * Takes the lock `<directory>/<name>.lock`: exclusive among processes of this machine and all that share the directory.
 * A holder that died, or whose process id is another process's now, is replaced at once, by exactly one of those that try.
 * @throws UserError `EnvironmentLocked`, exit 4, where it is held and `wait` is off
 */
export async function acquireLock(path: string, options: LockOptions): Promise<Lock> {
	const self = await holderOf(options.command);
	let reported: string | undefined;
	for (;;) {
		const me = { ...self, since: new Date().toISOString() };
		if (await place(path, me)) return keep(path, me, options.renewal ?? 5000);
		const text = await readIfThere(path);
		if (text === undefined) continue;
		const holder = parseHolder(text);
		if (holder && (await isDead(holder))) {
			if (await takeOver(path, holder, me)) return keep(path, me, options.renewal ?? 5000);
			continue;
		}
		if (!options.wait) throw locked(path, holder);
		if (reported !== text) options.onWait?.(holder);
		reported = text;
		await delay(options.poll ?? 200, undefined, options.signal ? { signal: options.signal } : {});
	}
}

/** Who holds the lock, or undefined where nobody does or nobody that still runs. */
export async function readLock(path: string): Promise<Holder | undefined> {
	const holder = parseHolder((await readIfThere(path)) ?? '');
	return holder && !(await isDead(holder)) ? holder : undefined;
}

/** Removes a lock, whoever holds it: for `state unlock`. The holder finds out before its next change. Returns who held it. */
export async function breakLock(path: string): Promise<Holder | undefined> {
	const holder = parseHolder((await readIfThere(path)) ?? '');
	await rm(path, { force: true });
	return holder;
}

function keep(path: string, me: Holder, renewal: number): Lock {
	const lost = new AbortController();
	const isOurs = async () => parseHolder((await readIfThere(path)) ?? '')?.id === me.id;
	const renew = async () => {
		if (await isOurs()) await utimes(path, new Date(), new Date());
		else lost.abort(lockLost(path));
	};
	// A renewal that fails for another reason is tried again at the next turn; `check` decides.
	const timer = setInterval(() => void renew().catch(() => {}), renewal).unref();
	return {
		lost: lost.signal,
		async check() {
			if (!(await isOurs())) throw lockLost(path);
		},
		async release() {
			clearInterval(timer);
			if (await isOurs()) await rm(path, { force: true });
		},
	};
}

function locked(path: string, holder: Holder | undefined): UserError {
	const name = basename(path, '.lock');
	const who = holder ? describeHolder(holder) : `someone unknown: ${path} cannot be understood`;
	return new UserError('EnvironmentLocked', `${name} is locked: ${who}`, {
		hint: `wait for it, or if that process is gone: airflow-deploy state unlock`,
		exit: Exit.locked,
	});
}

function lockLost(path: string): UserError {
	const name = basename(path, '.lock');
	return new UserError('LockLost', `this run lost its lock on ${name}: it was unlocked, or its file removed`, {
		hint: `airflow-deploy status   # then run the same command again: it goes on where it stopped`,
		exit: Exit.locked,
	});
}
