import { existsSync } from 'node:fs';
import type { Aws } from '../aws/clients.ts';
import type { TeardownDocument } from '../environment/documents.ts';
import type { Environment } from '../environment/environment.ts';
import { filesOf, recordedEnvironments } from '../environment/places.ts';
import { Exit } from '../errors.ts';
import { renderTeardown } from '../ui/render/teardown.ts';
import type { CommandContext } from './context.ts';
import { defineCommand, flag } from './define.ts';
import { localAccount, otherPlace } from './target.ts';

export const nothing: TeardownDocument = { deleted: [], left: [], kept: [], notOurs: [], asked: { ids: 0, kinds: 0 }, cost: { perHour: 0, perMonth: 0, currency: 'USD', lines: [] }, shared: null, wallSeconds: 0 };

export const teardown = defineCommand({
	name: 'teardown',
	summary: 'remove all that was made, and check that nothing is left',
	options: { all: flag('all environments of the project, branches too') },
	graceful: true,
	async run(context, { all }) {
		const { connectIfUp, environment, ui, config, region } = context;
		const aws = await connectIfUp();
		if (aws === undefined) return nothingToRemove(context, all);
		const place = `account ${aws.account}, ${aws.region} (${region.source})`;
		const names = all ? await (await environment(aws)).all() : [config.environment];
		ui.note(`teardown ${names.join(', ')}: ${config.target} target, ${place}`);
		if (all) return removeAll(context, aws, { names, place });
		await ui.confirm(`Type ${config.environment} to remove it from ${place}`, config.environment);
		const document = await remove(context, aws, await environment(aws));
		if (document.deleted.length === 0 && document.left.length === 0) await noteOtherPlace(context, aws);
		return document.left.length === 0 ? Exit.ok : Exit.unclean;
	},
});

async function removeAll(context: CommandContext, aws: Aws, { names, place }: { names: readonly string[]; place: string }): Promise<number> {
	const { removeSeveral, showNothing } = await import('./remove-several.ts');
	if (names.length === 0) return showNothing(context, `nothing of ${context.config.project} stands in ${place}`);
	await context.ui.confirm(`Type all to remove ${names.join(', ')} from ${place}`, 'all');
	return removeSeveral(context, aws, names);
}

/** Takes an environment down and shows the receipt. */
export async function remove(context: CommandContext, aws: Aws, environment: Environment): Promise<TeardownDocument> {
	const document = await environment.teardown();
	if (document.left.length === 0) await stopIfLast(context, aws);
	context.ui.result(document, renderTeardown);
	return document;
}

/** The local endpoint goes with its last environment; one reached by its URL belongs to whoever started it. */
export async function stopIfLast({ config, local, cwd }: CommandContext, aws: Aws): Promise<void> {
	const { directory } = filesOf(cwd, aws, config.environment);
	if (config.target === 'local' && recordedEnvironments(directory).length === 0) await local.stop();
}

/** The endpoint is gone and everything with it; what it left on disk is cleared, and the record of what it held. */
async function nothingToRemove(context: CommandContext, all: boolean): Promise<0> {
	const { local, ui, config, cwd, environment } = context;
	const place = { account: localAccount, region: context.region.name };
	await local.stop();
	const { directory } = filesOf(cwd, place, config.environment);
	for (const name of all ? recordedEnvironments(directory) : [config.environment]) {
		if (!existsSync(filesOf(cwd, place, name).state)) continue;
		const gone = await (await environment(place as Aws, { name })).forget();
		ui.note(`${name}: the local endpoint does not run, and what it held went with it: ${gone} recorded objects are forgotten`);
	}
	ui.result(nothing, renderTeardown);
	await noteOtherPlace(context, place);
	return Exit.ok;
}

async function noteOtherPlace(context: CommandContext, place: { account: string; region: string }): Promise<void> {
	const other = await otherPlace(context, place);
	if (other !== undefined) context.ui.note(other);
}
