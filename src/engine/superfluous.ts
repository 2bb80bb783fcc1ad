import { entriesOf, isOldGeneration, type Look, type Place, resolve } from './context.ts';
import type { Stack } from './stack.ts';

/**
 * Records that nothing needs any more: replaced objects, and with `full` keys that are no longer in their stack.
 * One that is still used by a record that stays is left for a later run.
 */
export function superfluous<C>(look: Pick<Look<C>, 'states'>, stacks: readonly Stack<C>[], full: boolean): Place[] {
	const isOld = (stack: Stack<C>, key: string) => isOldGeneration(key) || (full && !stack.nodes.has(key));
	let going = stacks.flatMap((stack) =>
		Object.keys(entriesOf(look, stack.scope))
			.filter((key) => isOld(stack, key))
			.map((key) => ({ scope: stack.scope, key })),
	);
	for (;;) {
		const used = usedBesides(look, going);
		const next = going.filter(({ scope, key }) => !used.has(`${scope}/${key}`));
		if (next.length === going.length) return next;
		going = next;
	}
}

function usedBesides(look: Pick<Look<never>, 'states'>, going: readonly Place[]): Set<string> {
	const leaving = new Set(going.map(({ scope, key }) => `${scope}/${key}`));
	const entries = [...look.states].flatMap(([scope, { entries }]) => Object.entries(entries).map(([key, entry]) => ({ scope, key, entry })));
	const staying = entries.filter(({ scope, key }) => !leaving.has(`${scope}/${key}`));
	return new Set(staying.flatMap(({ scope, entry }) => entry.dependsOn.map((reference) => resolve(scope, reference))));
}
