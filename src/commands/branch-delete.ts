import { Exit, UserError } from '../errors.ts';
import { assertBranch, choose, explain, name, noBranch, placeOf, recoverRecord } from './branch-choice.ts';
import type { CommandContext } from './context.ts';
import { defineCommand, flag } from './define.ts';
import { remove } from './teardown.ts';

export const del = defineCommand({
	name: 'delete',
	summary: 'remove a branch environment, and check that nothing is left',
	positionals: { name },
	options: {
		expired: flag('all branches whose time is up'),
		all: flag('all branches'),
	},
	graceful: true,
	async run(context, { name: given, expired, all }) {
		if ([given !== undefined, expired, all].filter(Boolean).length > 1) throw new UserError('InvalidUsage', 'a name, --expired and --all exclude each other', { hint: 'airflow-deploy branch delete --help', exit: Exit.usage });
		return expired || all ? deleteSeveral(context, all ? 'all' : 'expired') : deleteOne(context, given);
	},
});

async function deleteOne(context: CommandContext, given: string | undefined): Promise<number> {
	const { ui } = context;
	const chosen = await choose(context, given);
	const aws = await context.connectIfUp();
	if (aws === undefined) throw noBranch(context, chosen.name);
	const environment = await context.environment(aws, { name: chosen.name });
	await assertBranch(context, environment);
	ui.note(`branch delete ${chosen.name}: ${given === undefined ? `${explain(chosen)}; ` : ''}${placeOf(context, aws)}`);
	await ui.confirm(`Type ${chosen.name} to remove it`, chosen.name);
	await recoverRecord(context, environment);
	const { left } = await remove(context, aws, environment);
	return left.length === 0 ? Exit.ok : Exit.unclean;
}

async function deleteSeveral(context: CommandContext, which: 'all' | 'expired'): Promise<number> {
	const { ui } = context;
	const { removeSeveral, showNothing } = await import('./remove-several.ts');
	const aws = await context.connectIfUp();
	const branches = aws === undefined ? [] : (await (await context.environment(aws)).branches()).branches;
	const names = branches.filter(({ expired }) => which === 'all' || expired).map((branch) => branch.name);
	if (aws === undefined || names.length === 0) return showNothing(context, which === 'all' ? 'there are no branch environments' : `none of ${branches.length} branch environments is expired`);
	ui.note(`branch delete --${which}: ${names.join(', ')}; ${placeOf(context, aws)}`);
	await ui.confirm(`Type ${which} to remove ${names.join(', ')}`, which);
	return removeSeveral(context, aws, names);
}
