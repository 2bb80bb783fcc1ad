import type { Aws } from '../aws/clients.ts';
import { isLoopback } from '../aws/loopback.ts';
import type { Context } from '../engine/resource.ts';
import { Exit, UserError } from '../errors.ts';
import { until } from './support.ts';

/** Something that keeps AWS from removing an object. */
export interface Holder {
	/** For people, with its id and state: `network interface eni-1 (…)`. */
	readonly what: string;
	/** Since when it is known to be there, where AWS says so. */
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
 * Waits until `look` finds no holder, noting the first one.
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
		const seconds = (Date.now() - changed.getTime()) / 1000;
		if (seconds > (holder.goesAway ? patience.late : patience.stranger)) throw new HeldByOther(what, { heldBy: holder.what, since: holder.since ?? changed });
		return `${what} is held by ${holder.what}${holders.length > 1 ? ` and ${holders.length - 1} more` : ''}`;
	}, `${what} to be free`, { every: 3, atMost: Infinity });
}

/**
 * Removes an EC2 object as soon as nothing holds it. AWS may still see a holder that it no longer shows: its refusal
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

async function refusal(removal: Promise<unknown>): Promise<readonly Holder[]> {
	try {
		await removal;
		return [];
	} catch (error) {
		if (error instanceof Error && error.name === 'DependencyViolation') return [{ what: `something that AWS does not name (${error.message})`, goesAway: false }];
		throw error;
	}
}
