import { setTimeout as delay } from 'node:timers/promises';
import type { Aws } from '../aws/clients.ts';
import { isLoopback } from '../aws/loopback.ts';
import type { Context } from '../engine/resource.ts';

const attempts = 3;

/**
 * Makes an object that has neither a client token nor a unique name: sent twice, its create call makes two. Where nobody knows
 * whether a call had its effect, the object is looked for as long as AWS's reads may lag before the call is sent again.
 * @param send with a client of `aws.cautious`: others repeat the call by themselves
 * @param find by the object's tags, which the call sets
 */
export async function createOnce<T>(ctx: Context<Aws>, send: () => Promise<T>, find: () => Promise<T | undefined>): Promise<T> {
	for (let attempt = 1; ; attempt += 1) {
		try {
			return await send();
		} catch (error) {
			if (!isUnclear(error)) throw error;
			ctx.note('the answer of AWS was lost: looking whether it was made all the same');
			const found = await appearing(ctx, find);
			if (found !== undefined) return found;
			if (attempt === attempts) throw error;
		}
	}
}

/** The SDK has sent the call (it adds `$metadata` then), and AWS has not refused it. */
function isUnclear(error: unknown): boolean {
	const { $metadata } = error as { $metadata?: { httpStatusCode?: number } };
	if (!(error instanceof Error) || $metadata === undefined) return false;
	const { httpStatusCode = 0 } = $metadata;
	return httpStatusCode < 400 || httpStatusCode >= 500;
}

async function appearing<T>({ aws, signal }: Context<Aws>, find: () => Promise<T | undefined>): Promise<T | undefined> {
	const until = performance.now() + (isLoopback(aws.endpoint) ? 500 : 15_000);
	for (;;) {
		const found = await find();
		if (found !== undefined || performance.now() > until) return found;
		await delay(500, undefined, { signal });
	}
}
