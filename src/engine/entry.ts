import type { JsonObject } from './resource.ts';

export { hashOf } from './difference.ts';

/**
 * `creating` is written before the call, so a crash always leaves a trace to look for; `created` straight after it;
 * `ready` once others can use the object. `superseded`: replaced, to be removed when nothing uses it any more.
 */
type Status = 'creating' | 'created' | 'ready' | 'removing' | 'superseded';
export const statuses: readonly string[] = ['creating', 'created', 'ready', 'removing', 'superseded'] satisfies Status[];

/** What is recorded of one object or action. */
export interface Entry {
	readonly type: string;
	readonly status: Status;
	/** The physical id; null before it is known, and for actions. */
	readonly id: string | null;
	readonly arn?: string;
	readonly outputs?: JsonObject;
	/** The props that the object was last made or changed with. */
	readonly inputs: JsonObject;
	/** Of `inputs`; empty while an update is under way, so that an interrupted one is done again. */
	readonly hash: string;
	/** The user's own tags that it was last given, where its kind can change them. */
	readonly tags?: Readonly<Record<string, string>>;
	/** Keys that must outlive this one: `key` in the same scope, `scope/key` in another. */
	readonly dependsOn: readonly string[];
	/** The idempotency token of the create call. */
	readonly token: string;
	/** ISO 8601: when the create call was about to be made. */
	readonly startedAt: string;
}

export type Entries = Readonly<Record<string, Entry>>;

/** A state as far as it can be read without a lock: for `status` and `plan`. */
export interface StateView {
	readonly header: Readonly<Record<string, string>>;
	readonly entries: Entries;
}
