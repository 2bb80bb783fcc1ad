import { setTimeout as delay } from 'node:timers/promises';
import type { Session } from './session.ts';

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
