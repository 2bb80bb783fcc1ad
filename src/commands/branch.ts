import type { Aws } from '../aws/clients.ts';
import type { BranchesDocument } from '../environment/documents.ts';
import { Exit, UserError } from '../errors.ts';
import { renderBranches } from '../ui/render/branches.ts';
import { commandFlags, renderUp } from '../ui/render/up.ts';
import { connect } from './connect.ts';
import type { CommandContext } from './context.ts';
import { branchFlags, wishesOf } from './branch-wishes.ts';
import { defineCommand, type Group, value } from './define.ts';
import { executorFlag, executorOf } from './executor-flag.ts';
import { remove } from './teardown.ts';

/** Loaded only where a branch is made: it brings what runs other programs. */
const git = () => import('./git.ts');

const name = { help: 'its name; none: made from the current git branch' };

const create = defineCommand({
	name: 'create',
	summary: 'bring up a branch environment, or changes to it',
	positionals: { name },
	options: {
		ref: value('<commit>', 'the code of this commit, not of the working tree'),
		...branchFlags,
		...executorFlag,
	},
	starts: true,
	graceful: true,
	async run(context, { name: given, ref, ...choice }) {
		const { ui, config, cwd } = context;
		const wishes = wishesOf(choice);
		const chosen = await choose(context, given);
		const code = ref === undefined ? undefined : await (await git()).folderAt(cwd, ref, config.source);
		try {
			const aws = await context.connect();
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

const list = defineCommand({
	name: 'list',
	summary: 'show all branch environments, their health and what they cost',
	async run({ connectIfUp, environment, ui }) {
		const aws = await connectIfUp();
		const document: BranchesDocument = aws === undefined ? { branches: [] } : await (await environment(aws)).branches();
		ui.result(document, renderBranches);
		return Exit.ok;
	},
});

const del = defineCommand({
	name: 'delete',
	summary: 'remove a branch environment, and check that nothing is left',
	positionals: { name },
	graceful: true,
	async run(context, { name: given }) {
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
	},
});

interface Chosen {
	readonly name: string;
	readonly gitBranch: string | null;
	/** Given, and not made from the git branch. */
	readonly named: boolean;
}

async function choose({ cwd, config, region }: CommandContext, given: string | undefined): Promise<Chosen> {
	const where = { project: config.project, region: region.name };
	const { assertBranchName, nameForGitBranch } = await import('../config/branch-name.ts');
	const gitBranch = await (await git()).currentGitBranch(cwd);
	if (given !== undefined) {
		assertBranchName(given, where);
		return { name: given, gitBranch: gitBranch ?? null, named: true };
	}
	if (gitBranch !== undefined) return { name: nameForGitBranch(gitBranch, where), gitBranch, named: false };
	throw new UserError('NoGitBranch', 'no git branch is checked out here to name the environment after', { hint: 'airflow-deploy branch create <name>', exit: Exit.usage });
}

function explain({ gitBranch, named }: Chosen): string {
	if (gitBranch === null) return 'no git branch';
	return named ? `git branch ${gitBranch}` : `named after git branch ${gitBranch}`;
}

function placeOf({ config, region }: CommandContext, aws: Aws): string {
	return `${config.target} target, account ${aws.account}, ${aws.region} (${region.source})`;
}

type Opened = Awaited<ReturnType<CommandContext['environment']>>;

/** In a fresh checkout nothing is recorded of what stands. */
async function recoverRecord({ ui }: CommandContext, environment: Opened): Promise<void> {
	const found = await environment.recoverUnrecorded();
	if (found.length > 0) ui.note(`${found.length} objects stand already and were not recorded here: recorded from their anchors and tags`);
}

/** @throws UserError `NotABranch`, `NoBranch`; an interrupted removal is gone on with */
async function assertBranch(context: CommandContext, environment: Opened): Promise<void> {
	const kind = await environment.kind();
	if (kind === 'other') throw new UserError('NotABranch', `${environment.name} is no branch environment`, { hint: `airflow-deploy teardown${commandFlags({ ...context.config, environment: environment.name })}` });
	if (kind === 'absent' && !(await environment.isRecorded())) throw noBranch(context, environment.name);
}

function noBranch({ config }: CommandContext, name: string): UserError {
	return new UserError('NoBranch', `there is no branch environment ${name}`, { hint: `airflow-deploy branch list${commandFlags({ ...config, environment: 'main' })}` });
}

export const branch: Group = { name: 'branch', summary: 'small environments for git branches: create, list, connect, delete', commands: [create, list, connect, del] };
