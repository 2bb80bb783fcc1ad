import { describe, differences } from './difference.ts';
import type { Entry } from './entry.ts';
import type { Context } from './resource.ts';

/** What an object's tags have to become. */
export interface TagChange {
	/** All tags that it shall carry, the identity among them. */
	readonly set: Readonly<Record<string, string>>;
	/** Names of those that it shall not carry any more. */
	readonly gone: readonly string[];
}

type Own = Readonly<Record<string, string>>;

/** The user's own tags, which may change; the identity never does. */
export function ownTags({ tags, identity }: Pick<Context, 'tags' | 'identity'>): Own {
	return Object.fromEntries(Object.entries(tags).filter(([name]) => !Object.hasOwn(identity, name)));
}

/**
 * By the record alone: no call is made to see that nothing changed.
 * @returns undefined where the object has the tags that it shall have
 */
export function tagChange(ctx: Pick<Context, 'tags' | 'identity'>, { tags: recorded = {} }: Pick<Entry, 'tags'>): (TagChange & { readonly why: string }) | undefined {
	const own = ownTags(ctx);
	const changes = differences(recorded, own, 'tags');
	if (changes.length === 0) return undefined;
	return { set: ctx.tags, gone: Object.keys(recorded).filter((name) => !Object.hasOwn(own, name)), why: describe(changes) };
}
