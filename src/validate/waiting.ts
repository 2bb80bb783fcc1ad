import { setTimeout as delay } from 'node:timers/promises';
import type { OwnRun, Session } from './session.ts';

/** Seconds after a task's end by which its lines have reached CloudWatch: our handler sends every 5 s, and AWS shows them some seconds later. */
const logsWithin = 20;

/** How long to look for the lines of a run that has ended, seconds: at least a few looks. */
export function patienceForLogs({ ended = Date.now() }: Pick<OwnRun, 'ended'>): number {
	return Math.max(3, logsWithin - (Date.now() - ended) / 1000);
}

/**
 * Looks again and again until something is there.
 * @param atMost seconds; the last look is after them
 * @param every seconds
 * @returns undefined where it never was
 * @throws AbortError at Ctrl-C
 */
export async function waitFor<T>({ signal }: Pick<Session, 'signal'>, { atMost, every = 1 }: { atMost: number; every?: number }, look: () => Promise<T | undefined>): Promise<T | undefined> {
	const end = performance.now() + atMost * 1000;
	for (;;) {
		const last = performance.now() >= end;
		const found = await look();
		if (found !== undefined || last) return found;
		await delay(Math.min(every * 1000, Math.max(0, end - performance.now())), undefined, { signal });
	}
}
