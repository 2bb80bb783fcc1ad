import { contextFor, entriesOf, type Look } from './context.ts';
import { decide, type Decision } from './decide.ts';
import { describe, differences, hashOf } from './difference.ts';
import type { Entry } from './entry.ts';
import { runGraph } from './graph.ts';
import { type AnyAction, type AnyResource, isAction, type JsonObject, type Kind } from './resource.ts';
import { edgesOf, needsOf, select } from './selection.ts';
import type { Node, Stack } from './stack.ts';
import { superfluous } from './superfluous.ts';
import { tagChange } from './tags.ts';
import { type Wish, wishOf } from './wish.ts';

export interface PlannedChange {
	key: string;
	scope: string;
	type: string;
	action: 'create' | 'update' | 'replace' | 'delete' | 'run';
	why: string;
}
type Verdict = Pick<PlannedChange, 'action' | 'why'> | undefined;
type Changes = Map<string, NonNullable<Verdict>>;

/**
 * What `up` would do. Calls `find` and `current` only, looks once, writes nothing.
 * @returns changes in the stacks' order, removals last
 */
export async function plan<C>(stacks: readonly Stack<C>[], look: Look<C>, goal?: readonly string[]): Promise<PlannedChange[]> {
	const nodes = select(stacks, goal);
	const changes: Changes = new Map();
	const { failed } = await runGraph(edgesOf(nodes), look.limit, look.signal, async (key) => {
		const node = nodes.get(key);
		const verdict = node && (await judge(node, look, changes));
		if (verdict) changes.set(key, verdict);
	});
	for (const error of failed.values()) throw error;
	look.signal.throwIfAborted();
	const wanted = [...nodes.values()].flatMap(({ key, scope, kind }) => {
		const verdict = changes.get(key);
		return verdict ? [{ key, scope, type: kind.type, ...verdict }] : [];
	});
	return [...wanted, ...removals(stacks, projected(look, nodes), goal === undefined)];
}

/** The record as it would be: nodes that are brought up no longer need what they needed before. */
function projected<C>(look: Look<C>, nodes: ReadonlyMap<string, Node>): Pick<Look<C>, 'states'> {
	const settled = (scope: string, [key, entry]: [string, Entry]): [string, Entry] => {
		const node = nodes.get(key);
		return [key, node?.scope === scope ? { ...entry, dependsOn: needsOf(node) } : entry];
	};
	const states = [...look.states].map(([scope, { header, entries }]) => [scope, { header, entries: Object.fromEntries(Object.entries(entries).map((one) => settled(scope, one))) }] as const);
	return { states: new Map(states) };
}

function removals<C>(stacks: readonly Stack<C>[], look: Pick<Look<C>, 'states'>, full: boolean): PlannedChange[] {
	return superfluous(look, stacks, full).map(({ scope, key }) => {
		const entry = entriesOf(look, scope)[key];
		const why = entry?.status === 'superseded' ? 'was replaced' : 'no longer part of this environment';
		return { key, scope, type: entry?.type ?? '', action: 'delete', why };
	});
}

async function judge<C>(node: Node, look: Look<C>, changes: Changes): Promise<Verdict> {
	const kind = node.kind as unknown as Kind<C>;
	const entry = entriesOf(look, node.scope)[node.key];
	if (entry && entry.type !== kind.type) return { action: 'replace', why: `is a ${entry.type} until now` };
	const wish = wishOf(node, look, changes);
	return isAction(kind) ? judgeAction(node, kind, entry, wish, look) : judgeResource(node, kind, entry, wish, look);
}

async function judgeResource<C>(node: Node, kind: AnyResource<C>, entry: Entry | undefined, wish: Wish, look: Look<C>): Promise<Verdict> {
	if (entry?.status === 'removing') return { action: 'replace', why: 'its removal was interrupted' };
	const absent: Verdict = { action: 'create', why: kind.endsItself && entry?.outputs ? 'the last one has done its work' : absence(entry) };
	if (!entry && (wish.why !== '' || !wish.now)) return absent;
	const record = entry ?? { inputs: wish.now ?? {}, hash: hashOf(wish.now ?? {}), token: '', id: null };
	const found = await kind.find(contextFor(look, node, record), record.inputs, entry?.outputs);
	if (!found) return absent;
	const decision = compare(kind, record, wish, found);
	if (decision.action !== 'none') return { action: decision.action, why: decision.why };
	const change = entry && kind.tag && tagChange(contextFor(look, node, entry), entry);
	if (change) return { action: 'update', why: change.why };
	// What was created is there, and waited for by the next run.
	return entry?.status === 'creating' ? { action: 'create', why: 'an earlier run was interrupted before it was ready' } : undefined;
}

function absence(entry: Entry | undefined): string {
	if (!entry) return 'not there yet';
	return entry.outputs ? `${entry.id} is recorded, but AWS no longer shows it` : 'not there yet: an earlier run was interrupted';
}

function compare<C>(kind: AnyResource<C>, record: Pick<Entry, 'inputs' | 'hash'>, { now, later, why }: Wish, found: JsonObject): Decision {
	const certain: Decision = now ? decide(kind, now, record, found) : { action: 'none', why };
	if (why === '' || certain.action === 'replace') return certain;
	const after: Decision = later ? decide(kind, later, record, found) : { action: kind.update ? 'update' : 'replace', why };
	return after.action === certain.action ? certain : { action: after.action, why };
}

async function judgeAction<C>(node: Node, action: AnyAction<C>, entry: Entry | undefined, wish: Wish, look: Look<C>): Promise<Verdict> {
	const run = (why: string): Verdict => ({ action: 'run', why });
	if (!entry) return run('not run yet');
	if (entry.status !== 'ready' || !entry.outputs) return run('did not end well the last time');
	const { now, later, why } = wish;
	if (now && hashOf(now) !== entry.hash) return run(describe(differences(entry.inputs, now)));
	if (!later || hashOf(later) !== entry.hash) return run(why);
	const stands = (await action.current?.(contextFor(look, node, entry), later, entry.outputs)) ?? true;
	return stands ? undefined : run('its last result no longer stands');
}
