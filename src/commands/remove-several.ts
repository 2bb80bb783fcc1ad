import type { Aws } from '../aws/clients.ts';
import type { RemovalDocument, TeardownDocument } from '../environment/documents.ts';
import { Exit, UserError } from '../errors.ts';
import { sharedCost, total } from '../stacks/cost.ts';
import { renderRemovals } from '../ui/render/teardown.ts';
import { recoverRecord } from './branch-choice.ts';
import type { CommandContext } from './context.ts';
import { nothing, stopIfLast } from './teardown.ts';

/**
 * Removes environments one after the other, since the last one takes the shared stack with it; one that fails does not keep
 * the others. Shows a receipt for each, as one document.
 */
export async function removeSeveral(context: CommandContext, aws: Aws, names: readonly string[]): Promise<number> {
	const began = performance.now();
	const removals: RemovalDocument[] = [];
	for (const name of names) removals.push(await removeOne(context, aws, name));
	await stopIfLast(context, aws);
	const document = { ...summed(removals), wallSeconds: Math.round((performance.now() - began) / 100) / 10, environments: removals };
	context.ui.result(document, renderRemovals);
	if (removals.some(({ error }) => error !== null)) return Exit.failed;
	return document.left.length === 0 ? Exit.ok : Exit.unclean;
}

/** As if one had been removed that had nothing. */
export function showNothing({ ui }: CommandContext, why: string): number {
	ui.note(why);
	ui.result({ ...nothing, environments: [] }, renderRemovals);
	return Exit.ok;
}

async function removeOne(context: CommandContext, aws: Aws, name: string): Promise<RemovalDocument> {
	context.ui.note(`removing ${name}`);
	try {
		const environment = await context.environment(aws, { name });
		await recoverRecord(context, environment);
		return { environment: name, ...(await environment.teardown()), error: null };
	} catch (error) {
		// Ctrl-C means all of them.
		if (!(error instanceof UserError) || error.exit === Exit.interrupted) throw error;
		return { environment: name, ...nothing, error: { code: error.code, message: error.message, hint: error.hint ?? null } };
	}
}

function summed(removals: readonly RemovalDocument[]): Omit<TeardownDocument, 'wallSeconds'> {
	const last = removals.at(-1);
	const shared = new Set(sharedCost().map(({ key }) => key));
	// What is shared costs once.
	const lines = removals.flatMap(({ cost }, index) => cost.lines.filter(({ key }) => index === removals.length - 1 || !shared.has(key)));
	return {
		deleted: removals.flatMap(({ deleted }) => deleted),
		left: removals.flatMap(({ left }) => left),
		kept: removals.flatMap(({ kept }) => kept),
		notOurs: removals.flatMap(({ notOurs }) => notOurs),
		asked: { ids: removals.reduce((sum, { asked }) => sum + asked.ids, 0), kinds: Math.max(0, ...removals.map(({ asked }) => asked.kinds)) },
		cost: { ...total(lines), currency: 'USD', lines },
		shared: last?.shared ?? null,
	};
}
