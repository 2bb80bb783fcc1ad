import type { Aws } from '../aws/clients.ts';
import { isLoopback } from '../aws/loopback.ts';
import type { Context } from '../engine/resource.ts';
import { Exit, UserError } from '../errors.ts';
import { until } from './support.ts';

/** Something that keeps AWS from removing an object. */
export interface Holder {
	/** For people, with its id, its state and whose it is: `network interface eni-1 (…)`. */
	readonly what: string;
	/** Since when it holds on, where AWS says so; else it counts from the first look. */
	readonly since?: Date | undefined;
	/** It belongs to something that AWS clears by itself, late. */
	readonly goesAway: boolean;
}

/** An object cannot be removed because of something that is not ours and does not go away. */
export class HeldByOther extends UserError {
	readonly heldBy: string;
	/** Epoch seconds. */
	readonly since: number;

	constructor(what: string, { heldBy, since }: { heldBy: string; since: Date }) {
		super('HeldByOther', `${what} cannot be removed: it is held by ${heldBy}, since ${since.toISOString()}, and that is not ours`, {
			hint: 'remove or detach it, then run the same command again',
			exit: Exit.unclean,
		});
		this.heldBy = heldBy;
		this.since = Math.round(since.getTime() / 1000);
	}
}

/** Seconds without any change after which waiting ends: for strangers, and for what AWS clears late. */
export interface Patience {
	readonly stranger: number;
	readonly late: number;
}

/** AWS needs up to 902 s to clear the interfaces of a task (seen); an endpoint on this machine has nothing to clear late. */
function patienceWith({ endpoint }: Pick<Aws, 'endpoint'>): Patience {
	return isLoopback(endpoint) ? { stranger: 5, late: 300 } : { stranger: 60, late: 1200 };
}

/**
 * Waits until `look` finds no holder, noting the first one and since when it holds on.
 * @throws HeldByOther when the holders have not changed for as long as `patience` says
 */
export async function untilFree(ctx: Context<Aws>, what: string, look: () => Promise<readonly Holder[]>, patience: Patience = patienceWith(ctx.aws)): Promise<void> {
	let last = '';
	let changed = new Date();
	await until(ctx, async () => {
		const holders = await look();
		const holder = holders.find(({ goesAway }) => !goesAway) ?? holders[0];
		if (!holder) return true;
		const now = holders.map((each) => each.what).sort().join();
		if (now !== last) [last, changed] = [now, new Date()];
		const since = holder.since ?? changed;
		if (secondsSince(changed) > (holder.goesAway ? patience.late : patience.stranger)) throw new HeldByOther(what, { heldBy: holder.what, since });
		return `${what} is held by ${holder.what}, for ${elapsed(secondsSince(since))}${holders.length > 1 ? `, and by ${holders.length - 1} more` : ''}`;
	}, `${what} to be free`, { every: 3, atMost: Infinity });
}

function secondsSince(time: Date): number {
	return Math.max(0, (Date.now() - time.getTime()) / 1000);
}

const units = [['day', 86_400], ['h', 3600], ['min', 60], ['s', 1]] as const;

/** The two or three digits that matter: `40 s`, `12 min`, `3 h`. */
function elapsed(seconds: number): string {
	const [name, size] = units.find(([, size]) => seconds >= 2 * size) ?? ['s', 1];
	const count = Math.floor(seconds / size);
	return `${count} ${name}${name === 'day' ? 's' : ''}`;
}

/** Whose an object is by its tags, for people: the environment that made it, or the first few tags. Undefined where it has none. */
export function tagsText(tags: readonly { Key?: string | undefined; Value?: string | undefined }[] = []): string | undefined {
	const known = new Map(tags.map(({ Key, Value }) => [Key, Value]));
	const environment = known.get('airflow-deploy:environment');
	if (environment !== undefined) return `of environment ${environment} of project ${known.get('airflow-deploy:project')}`;
	const texts = tags.map(({ Key, Value }) => `${Key}=${Value}`);
	return texts.length === 0 ? undefined : `tagged ${texts.slice(0, 4).join(', ')}${texts.length > 4 ? ' …' : ''}`;
}

/** Says of a named object what is known of it: `subnet subnet-1 (tagged owner=data)`. */
export function described(name: string, ...facts: readonly (string | undefined)[]): string {
	const known = facts.filter((fact) => fact !== undefined && fact !== '');
	return known.length === 0 ? name : `${name} (${known.join(', ')})`;
}

/**
 * Removes an object as soon as nothing holds it. AWS may still see a holder that it no longer shows: its refusal
 * counts as one.
 * @param remove the delete call; a missing object is success
 */
export async function removeWhenFree(ctx: Context<Aws>, what: string, look: () => Promise<readonly Holder[]>, remove: () => Promise<unknown>, patience?: Patience): Promise<void> {
	const attempt = async (): Promise<readonly Holder[]> => {
		const holders = await look();
		return holders.length > 0 ? holders : refusal(remove());
	};
	await untilFree(ctx, what, attempt, patience);
}

/** Codes of refusals because of something else, and whether that passes by itself: what was just removed counts for seconds more. */
const refusals: Readonly<Record<string, { goesAway: boolean }>> = {
	DependencyViolation: { goesAway: false },
	FileSystemInUse: { goesAway: true },
	InvalidDBSubnetGroupStateFault: { goesAway: true },
	ClusterContainsServicesException: { goesAway: true },
	ClusterContainsTasksException: { goesAway: true },
	UpdateInProgressException: { goesAway: true },
	ResourceInUseException: { goesAway: true },
	ResourceInUse: { goesAway: true },
};

async function refusal(removal: Promise<unknown>): Promise<readonly Holder[]> {
	try {
		await removal;
		return [];
	} catch (error) {
		const known = error instanceof Error ? refusals[error.name] : undefined;
		if (!(error instanceof Error) || !known) throw error;
		return [{ what: `something that AWS does not name (${error.message})`, ...known }];
	}
}
