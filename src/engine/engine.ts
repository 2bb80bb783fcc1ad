import { entriesOf, type Run } from './context.ts';
import { converge } from './converge.ts';
import { hashOf, plain } from './difference.ts';
import { type Edges, type GraphOutcome, runGraph } from './graph.ts';
import { entryOf, type Job, propsOf } from './job.ts';
import type { Outcome } from './outcome.ts';
import { perform } from './perform.ts';
import { kindOf, removalOf, removeAll } from './remove.ts';
import { isAction, type Kind } from './resource.ts';
import { edgesOf, needsOf, select } from './selection.ts';
import type { Node, Stack } from './stack.ts';
import { superfluous } from './superfluous.ts';
import { type Ledger, outcomeOf, track } from './track.ts';

export type { Look, Run } from './context.ts';
export { criticalPath, stepsOf, type Outcome } from './outcome.ts';
export { plan, type PlannedChange } from './plan.ts';

/** A part of what the stacks describe. */
export interface Goal {
	/** With all that they need. */
	readonly keys: readonly string[];
	/** Whether what is no longer in the stacks is removed too. */
	readonly removesOthers: boolean;
}

/**
 * Brings up what the stacks describe, as one graph, each node recorded in its own scope's state. Failures of nodes are in
 * the outcome; only defects are thrown.
 * @param goal what to bring up; without it everything, and what is no longer in the stacks is removed
 */
export async function up<C>(stacks: readonly Stack<C>[], run: Run<C>, goal?: Goal): Promise<Outcome> {
	const nodes = select(stacks, goal?.keys);
	const edges = edgesOf(nodes);
	const ledger: Ledger = { done: [], kept: [] };
	const confirm = oneAtATime((key) => run.confirmRecreate?.([key]) ?? Promise.resolve(true));
	begin(run, edges);
	const opening = { ...run, opened: new Set<string>() };
	const made = await runGraph(edges, run.limit, run.signal, async (key) => {
		const node = nodes.get(key);
		if (node) await bringUp(node, opening, ledger, confirm);
	});
	const outcomes = [made];
	if (made.failed.size === 0 && made.skipped.length === 0) outcomes.push(await removeAll(run, ledger, removalOf(run, superfluous(run, stacks, goal?.removesOthers ?? true))));
	return outcomeOf(run, ledger, outcomes);
}

/**
 * Removes all that the states of these scopes record, as one graph. Reads no stack: configuration and code may have
 * changed, or be gone, since the objects were made.
 * @throws UserError `UnknownType` before anything is removed
 */
export async function down<C>(run: Run<C>, scopes: readonly string[]): Promise<Outcome> {
	const places = scopes.flatMap((scope) => Object.keys(entriesOf(run, scope)).map((key) => ({ scope, key })));
	for (const place of places) kindOf(run, place, entryOf({ run, place }) ?? { type: '' });
	const removal = removalOf(run, places);
	const ledger: Ledger = { done: [], kept: [] };
	begin(run, removal.before);
	const removed: GraphOutcome = await removeAll(run, ledger, removal);
	return outcomeOf(run, ledger, [removed]);
}

async function bringUp<C>(node: Node, run: Run<C>, ledger: Ledger, confirm: (key: string) => Promise<boolean>): Promise<void> {
	const { key, scope } = node;
	const kind = node.kind as unknown as Kind<C>;
	const step = { label: key, place: { scope, key }, type: kind.type, dependsOn: [...new Set(Object.values(node.needs).map((need) => need.key))] };
	await track(run, ledger, step, async (announce) => {
		const props = plain(propsOf(node, run));
		const job: Job<C> = { run, place: { scope, key }, props, hash: hashOf(props), needs: needsOf(node), announce, confirm };
		if (!isKnown(job, kind)) await (isAction(kind) ? perform(job, kind) : converge(job, kind));
		await run.onReady?.(key);
		const entry = entryOf(job);
		return { id: entry?.id ?? null, ...(entry?.arn === undefined ? {} : { arn: entry.arn }) };
	});
}

function isKnown<C>(job: Job<C>, { type }: Kind<C>): boolean {
	const entry = entryOf(job);
	return entry?.status === 'ready' && entry.type === type && entry.hash === job.hash && job.run.known?.has(job.place.scope) === true;
}

function begin<C>(run: Run<C>, edges: Edges): void {
	run.emit({ type: 'begin', keys: [...edges.keys()], needs: Object.fromEntries([...edges].map(([key, others]) => [key, [...others]])) });
}

/** Several nodes may have a question at the same time; the user is asked one after the other. */
function oneAtATime(ask: (key: string) => Promise<boolean>): (key: string) => Promise<boolean> {
	let last: Promise<unknown> = Promise.resolve();
	return (key) => {
		const answer = last.then(() => ask(key));
		last = answer.catch(() => {});
		return answer;
	};
}
