import type { Aws } from '../aws/clients.ts';
import type { Context } from '../engine/resource.ts';
import type { TagChange } from '../engine/tags.ts';
import { tagList } from './support.ts';

type Ctx = Context<Aws>;

/** The `tag` of a kind, from the two calls of its service: one that sets tags, one that takes some away by their names. */
export function tagging<Outputs>(set: (ctx: Ctx, outputs: Outputs, tags: { Key: string; Value: string }[]) => Promise<unknown>, unset: (ctx: Ctx, outputs: Outputs, names: string[]) => Promise<unknown>) {
	return async (ctx: Ctx, outputs: Outputs, change: TagChange): Promise<void> => {
		await set(ctx, outputs, tagList(change.set));
		if (change.gone.length > 0) await unset(ctx, outputs, [...change.gone]);
	};
}
