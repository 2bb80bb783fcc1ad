import { setTimeout as delay } from 'node:timers/promises';
import { type Run, settled } from './context.ts';
import type { Entry } from './entry.ts';

/**
 * Looks for a recorded object until it shows or has had the time to: reads of AWS lag its writes by seconds.
 * @returns undefined where it does not exist
 */
export async function lookFor<C, T>({ signal, settle = settled }: Run<C>, entry: Pick<Entry, 'startedAt'>, find: () => Promise<T | undefined>): Promise<T | undefined> {
	const until = Math.max(Date.parse(entry.startedAt) + settle.unclear * 1000, Date.now() + settle.missing * 1000);
	for (;;) {
		const found = await find();
		if (found !== undefined || Date.now() >= until) return found;
		await delay(settle.pause * 1000, undefined, { signal });
	}
}
