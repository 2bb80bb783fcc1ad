import type { Aws } from '../aws/clients.ts';
import { Exit, UserError } from '../errors.ts';
import { commandFlags } from '../ui/render/up.ts';
import type { CommandContext } from './context.ts';

/** The word that names a branch environment. */
export const name = { help: 'its name; none: made from the current git branch' };

export interface Chosen {
	readonly name: string;
	readonly gitBranch: string | null;
	/** Given, and not made from the git branch. */
	readonly named: boolean;
}

export async function choose({ cwd, config, region }: CommandContext, given: string | undefined): Promise<Chosen> {
	const where = { project: config.project, region: region.name };
	const { assertBranchName, nameForGitBranch } = await import('../config/branch-name.ts');
	const gitBranch = await (await import('./git.ts')).currentGitBranch(cwd);
	if (given !== undefined) {
		assertBranchName(given, where);
		return { name: given, gitBranch: gitBranch ?? null, named: true };
	}
	if (gitBranch !== undefined) return { name: nameForGitBranch(gitBranch, where), gitBranch, named: false };
	throw new UserError('NoGitBranch', 'no git branch is checked out here to name the environment after', { hint: 'airflow-deploy branch create <name>', exit: Exit.usage });
}

export function explain({ gitBranch, named }: Chosen): string {
	if (gitBranch === null) return 'no git branch';
	return named ? `git branch ${gitBranch}` : `named after git branch ${gitBranch}`;
}

export function placeOf({ config, region }: CommandContext, aws: Aws): string {
	return `${config.target} target, account ${aws.account}, ${aws.region} (${region.source})`;
}

export type Opened = Awaited<ReturnType<CommandContext['environment']>>;

/** In a fresh checkout nothing is recorded of what stands. */
export async function recoverRecord({ ui }: CommandContext, environment: Opened): Promise<void> {
	const found = await environment.recoverUnrecorded();
	if (found.length > 0) ui.note(`${found.length} objects stand already and were not recorded here: recorded from their anchors and tags`);
}

/** @throws UserError `NotABranch`, `NoBranch`; an interrupted removal is gone on with */
export async function assertBranch(context: CommandContext, environment: Opened): Promise<void> {
	const kind = await environment.kind();
	if (kind === 'other') throw new UserError('NotABranch', `${environment.name} is no branch environment`, { hint: `airflow-deploy teardown${commandFlags({ ...context.config, environment: environment.name })}` });
	if (kind === 'absent' && !(await environment.isRecorded())) throw noBranch(context, environment.name);
}

export function noBranch({ config }: CommandContext, name: string): UserError {
	return new UserError('NoBranch', `there is no branch environment ${name}`, { hint: `airflow-deploy branch list${commandFlags({ ...config, environment: 'main' })}` });
}
