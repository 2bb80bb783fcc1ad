import { referenceTo } from './context.ts';
import type { Edges } from './graph.ts';
import type { Node, Stack } from './stack.ts';

/**
 * The nodes of all stacks, or those that `goal` names with all that they need, in the stacks' order.
 * Keys are unique across the stacks of one run.
 */
export function select<C>(stacks: readonly Stack<C>[], goal?: readonly string[]): Map<string, Node> {
	const all = new Map<string, Node>();
	for (const node of stacks.flatMap((stack) => [...stack.nodes.values()])) {
		if (all.has(node.key)) throw new Error(`two stacks of one run use the key "${node.key}"`);
		all.set(node.key, node);
	}
	if (!goal) return all;
	const wanted = new Set<string>();
	const want = (key: string) => {
		const node = all.get(key);
		if (!node || wanted.has(key)) return;
		wanted.add(key);
		for (const need of Object.values(node.needs)) want(need.key);
	};
	for (const key of goal) {
		if (!all.has(key)) throw new Error(`no stack of this run has the key "${key}"`);
		want(key);
	}
	return new Map([...all].filter(([key]) => wanted.has(key)));
}

export function edgesOf(nodes: ReadonlyMap<string, Node>): Edges {
	return new Map([...nodes].map(([key, node]) => [key, new Set(Object.values(node.needs).map((need) => need.key))]));
}

/** What a node needs, as its entry records it. */
export function needsOf({ scope, needs }: Node): string[] {
	return [...new Set(Object.values(needs).map((need) => referenceTo(scope, need)))];
}
