import { entriesOf, type Look } from './context.ts';
import { plain } from './difference.ts';
import type { JsonObject } from './resource.ts';
import type { Node } from './stack.ts';

type Action = 'create' | 'update' | 'replace' | 'delete' | 'run';

/** What a node will want, as far as that can be known before what it needs has changed. */
export interface Wish {
	/** With the outputs as they are recorded; undefined where a need was never up. */
	readonly now: JsonObject | undefined;
	/** With outputs that are going to change marked as such, so that a comparison shows whether they matter. */
	readonly later: JsonObject | undefined;
	/** `depends on vpc, which is new`; empty where no need changes its outputs. */
	readonly why: string;
}

/** @param changes what is planned for the nodes before this one */
export function wishOf<C>(node: Node, look: Look<C>, changes: ReadonlyMap<string, { action: Action }>): Wish {
	const needs = Object.entries(node.needs).map(([name, need]) => ({ name, key: need.key, change: changes.get(need.key), outputs: entriesOf(look, need.scope)[need.key]?.outputs }));
	const moving = needs.filter(({ change, outputs }) => !outputs || (change && change.action !== 'update'));
	const propsWith = (outputsOf: (need: (typeof needs)[number]) => unknown) => {
		if (needs.some(({ outputs }) => !outputs)) return undefined;
		return tryProps(node, Object.fromEntries(needs.map((need) => [need.name, outputsOf(need)])));
	};
	const later = propsWith((need) => (moving.includes(need) ? marked(need.outputs, markOf(need.key)) : need.outputs));
	// Without props there is no telling which of the needs matters.
	const cause = moving.find(({ key }) => !later || JSON.stringify(later).includes(markOf(key)));
	return { now: propsWith(({ outputs }) => outputs), later, why: cause ? `depends on ${cause.key}, which ${fate(cause.change?.action)}` : '' };
}

function markOf(key: string): string {
	return ` (changes with ${key})`;
}

function fate(action: Action | undefined): string {
	if (action === 'replace') return 'is replaced';
	return action === 'run' ? 'runs' : 'is new';
}

/** Marked outputs are no real ids, so props that take them apart may fail: then nothing is known. */
function tryProps(node: Node, outputs: Record<string, unknown>): JsonObject | undefined {
	try {
		return plain(node.props(outputs as never));
	} catch {
		return undefined;
	}
}

function marked(value: unknown, mark: string): unknown {
	if (typeof value === 'string') return `${value}${mark}`;
	if (Array.isArray(value)) return value.map((item) => marked(item, mark));
	if (typeof value !== 'object' || value === null) return value;
	return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, marked(member, mark)]));
}
