import { setTimeout as delay } from 'node:timers/promises';
import type { Context } from '../engine/resource.ts';

/**
 * Sends a call again while its error says that the cause passes by itself; throws that error when it has not passed.
 * @param passing matches the name or message of such errors: AWS gives several of them generic codes
 * @param why what is waited for, as a note
 * @param atMost seconds
 */
export async function retrying<T>(
	ctx: Pick<Context, 'note' | 'signal'>,
	call: () => Promise<T>,
	{ passing, why, atMost = 120 }: { passing: RegExp; why: string; atMost?: number },
): Promise<T> {
	const end = performance.now() + atMost * 1000;
	for (let pause = 1; ; pause = Math.min(pause * 1.5, 5)) {
		try {
			return await call();
		} catch (error) {
			const text = error instanceof Error ? `${error.name}: ${error.message}` : '';
			if (!passing.test(text) || performance.now() > end) throw error;
			ctx.note(why);
			await delay(pause * 1000, undefined, { signal: ctx.signal });
		}
	}
}

/**
 * What ECS and RDS answer while their service-linked role is being made; a second try passes. All have generic codes.
 * https://github.com/hashicorp/terraform-provider-aws/issues/15452, https://github.com/crossplane-contrib/provider-aws/issues/479
 */
export const serviceLinkedRolePending = {
	passing: /Unable to assume the service linked role|Missing necessary credentials|permission to create service linked role/i,
	why: 'waiting for the service-linked role to become usable',
};
