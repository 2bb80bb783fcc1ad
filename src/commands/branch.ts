import { Exit } from '../errors.ts';
import { renderUp } from '../ui/render/up.ts';
import { choose, explain, name, placeOf, recoverRecord } from './branch-choice.ts';
import { del } from './branch-delete.ts';
import { list } from './branch-list.ts';
import { branchFlags, wishesOf } from './branch-wishes.ts';
import { connect } from './connect.ts';
import { defineCommand, type Group, value } from './define.ts';
import { executorFlag, executorOf } from './executor-flag.ts';
import { runtimeFlag, runtimeOf } from './runtime-flag.ts';

/** Loaded only where the code of a commit is asked for: it brings what runs other programs. */
const git = () => import('./git.ts');

const create = defineCommand({
	name: 'create',
	summary: 'bring up a branch environment, or changes to it',
	positionals: { name },
	options: {
		ref: value('<commit>', 'the code of this commit, not of the working tree'),
		...branchFlags,
		...executorFlag,
		...runtimeFlag,
	},
	starts: true,
	graceful: true,
	async run(context, { name: given, ref, ...choice }) {
		const { ui, config, cwd } = context;
		const wishes = wishesOf(choice);
		const chosen = await choose(context, given);
		const code = ref === undefined ? undefined : await (await git()).folderAt(cwd, ref, config.source);
		try {
			const aws = await context.connect(runtimeOf(choice));
			ui.note(`branch create ${chosen.name}: ${explain(chosen)}${code ? `, code of commit ${code.commit.slice(0, 12)}` : ''}; ${placeOf(context, aws)}`);
			const { gitBranch, named } = chosen;
			const branch = { gitBranch, named, ...wishes };
			const environment = await context.environment(aws, { name: chosen.name, ...(code ? { source: code.path } : {}), branch, ...executorOf(choice) });
			if (choice.ephemeral) ui.note('--ephemeral: DAG runs, users and connections are gone whenever the task is replaced');
			await recoverRecord(context, environment);
			const document = await environment.up('up');
			ui.result(document, renderUp);
			return document.bundle.importErrors.length > 0 ? Exit.unclean : Exit.ok;
		} finally {
			await code?.dispose();
		}
	},
});

export const branch: Group = { name: 'branch', summary: 'an Airflow per git branch: create, list, connect, delete', commands: [create, list, connect, del] };
