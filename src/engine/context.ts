import type { Event } from './events.ts';
import type { Entries, Entry, StateView } from './entry.ts';
import type { Context, Kind } from './resource.ts';
import type { StateFile } from './state.ts';

/** How long an object that should be there is looked for before it counts as absent: AWS's reads lag its writes. Seconds. */
export interface Settle {
	/** Since the create call, whose end may not be known. */
	readonly unclear: number;
	/** Since now, where a recorded object is not found. */
	readonly missing: number;
	/** Between two looks. */
	readonly pause: number;
}
export const settled: Settle = { unclear: 15, missing: 4, pause: 1 };

/** What looking needs: `plan` has no more than this. */
export interface Look<C> {
	readonly aws: C;
	/** By scope. */
	readonly states: ReadonlyMap<string, StateView>;
	/** The tags of the object with this scope and key; one that was replaced carries the same. */
	tagsFor(scope: string, key: string): { identity: Readonly<Record<string, string>>; tags: Readonly<Record<string, string>> };
	/** Nodes worked on at the same time. */
	readonly limit: number;
	/** Aborted by Ctrl-C. */
	readonly signal: AbortSignal;
	emit(event: Event): void;
	/** See `Context.keep`. */
	readonly keep?: Context['keep'];
}

/** What one run of `up` or `down` works with. */
export interface Run<C> extends Look<C> {
	/** By scope; opened under their locks by the caller, who closes them. */
	readonly states: ReadonlyMap<string, StateFile>;
	/** By type: how recorded objects are removed. */
	readonly kinds: ReadonlyMap<string, Kind<C>>;
	/** Called before every call that changes something; what it throws stops the run. For the lock. */
	beforeMutation?(): void | Promise<void>;
	/** Asked before recorded objects that AWS no longer shows are made again. Without it: yes. */
	confirmRecreate?(keys: readonly string[]): Promise<boolean>;
	readonly settle?: Settle;
	/** Scopes that somebody has just looked through: what is recorded of them as ready, and is wanted as it is, is not looked at. */
	readonly known?: ReadonlySet<string>;
	/** Scopes that this run has opened; see `Resource.opensScope`. Kept by `up` itself. */
	readonly opened?: Set<string>;
	/** Called when a node is ready, with its key. */
	onReady?(key: string): void | Promise<void>;
}

/** Where a node is recorded. */
export interface Place {
	readonly scope: string;
	/** The record's key: `vpc`, or `vpc~1` for one that was replaced. */
	readonly key: string;
}

export function contextFor<C>(look: Look<C>, { scope, key }: Place, { token, id }: Pick<Entry, 'token' | 'id'>): Context<C> {
	const plain = withoutGeneration(key);
	return {
		aws: look.aws,
		scope,
		key: plain,
		...look.tagsFor(scope, plain),
		token,
		superseded: new Set(supersededIds(entriesOf(look, scope), plain).filter((other) => other !== id)),
		signal: look.signal,
		note: (message, stays) => look.emit({ type: 'note', key: plain, message, ...(stays ? { stays } : {}) }),
		...(look.keep ? { keep: look.keep } : {}),
	};
}

export function entriesOf(look: Pick<Look<never>, 'states'>, scope: string): Entries {
	return look.states.get(scope)?.entries ?? {};
}

/** How an entry of scope `from` names another one in `dependsOn`. */
export function referenceTo(from: string, { scope, key }: Place): string {
	return scope === from ? key : `${scope}/${key}`;
}

/** The `scope/key` that a reference names. */
export function resolve(scope: string, reference: string): string {
	return reference.includes('/') ? reference : `${scope}/${reference}`;
}

export function stateOf<C>(run: Run<C>, scope: string): StateFile {
	const state = run.states.get(scope);
	if (!state) throw new Error(`no state was opened for ${scope}`);
	return state;
}

/** `vpc~2` is an earlier object of `vpc`: `~` cannot be part of a stack's key. */
function withoutGeneration(key: string): string {
	return key.replace(/~\d+$/, '');
}

export function isOldGeneration(key: string): boolean {
	return key.includes('~');
}

function supersededIds(entries: Entries, key: string): string[] {
	const old = Object.entries(entries).filter(([other]) => isOldGeneration(other) && withoutGeneration(other) === key);
	return old.flatMap(([, { id }]) => (id === null ? [] : [id]));
}
