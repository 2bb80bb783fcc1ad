import { setTimeout as delay } from 'node:timers/promises';
import type { Context } from '../engine/resource.ts';
import { UserError } from '../errors.ts';

/** A member that AWS always sends although the SDK types it as optional. */
export function required<T>(value: T | undefined): T {
	if (value === undefined) throw new Error('the answer of AWS lacks a member that it always has');
	return value;
}

/** The call's result, or undefined where it failed with one of these AWS error codes. */
export async function ignoring<T>(codes: readonly string[], call: Promise<T>): Promise<T | undefined> {
	try {
		return await call;
	} catch (error) {
		if (error instanceof Error && codes.includes(error.name)) return undefined;
		throw error;
	}
}

/**
 * Polls until `done` says so; the first look is after `first` seconds, later ones at growing distance (0.2 s, or `first`, to `every` s).
 * Says what it waits for, since when. Ends early, with an AbortError, when the user interrupts.
 */
export async function until(
	ctx: Pick<Context, 'note' | 'signal'>,
	done: () => Promise<boolean | string>,
	what: string,
	{ first = 0, every = 5, atMost = 1800 }: { first?: number; every?: number; atMost?: number } = {},
): Promise<void> {
	const began = performance.now();
	if (first > 0) await delay(first * 1000, undefined, { signal: ctx.signal });
	for (let pause = Math.max(0.2, first); ; pause = Math.min(pause * 1.5, every)) {
		const answer = await done();
		if (answer === true) return;
		const seconds = Math.round((performance.now() - began) / 1000);
		if (seconds > atMost) throw new UserError('WaitTimedOut', `gave up after ${seconds} s of waiting for ${what}`, { hint: 'run the same command again to go on waiting' });
		if (seconds >= 2) ctx.note(typeof answer === 'string' ? answer : `waiting for ${what}`);
		await delay(pause * 1000, undefined, { signal: ctx.signal });
	}
}

/** A name that we need is taken by an object that does not carry our nonce. */
export function foreign(what: string, name: string): UserError {
	return new UserError('ForeignObject', `${what} ${name} exists already and was not made by this environment (its airflow-deploy tags differ)`, {
		hint: 'choose another AIRFLOW_DEPLOY_PROJECT, or if this is your lost environment: airflow-deploy state recover',
	});
}

/** Whether an object's tags carry this node's identity. */
export function isOurs({ identity }: Pick<Context, 'identity'>, tags: readonly { Key?: string | undefined; Value?: string | undefined }[] | undefined): boolean {
	const found = new Map(tags?.map(({ Key, Value }) => [Key, Value]));
	return Object.entries(identity).every(([key, value]) => found.get(key) === value);
}

export function tagList(tags: Readonly<Record<string, string>>): { Key: string; Value: string }[] {
	return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}
