import type { JsonObject } from '../engine/resource.ts';
import { UserError } from '../errors.ts';
import type { AnchorDocument } from '../resources/s3-anchor.ts';
import type { BranchOptions } from '../stacks/inputs.ts';
import type { BranchWishes } from './options.ts';

/** What is recorded of a branch in its anchor; undefined for an environment that is none. */
export function recordedBranch(options: JsonObject | undefined): BranchOptions | undefined {
	if (options?.['kind'] !== 'branch') return undefined;
	const { gitBranch, mysql, ephemeral } = options;
	return { gitBranch: typeof gitBranch === 'string' ? gitBranch : null, mysql: mysql === true, ephemeral: ephemeral === true };
}

/**
 * What a branch is made from: what is wished for, over what is recorded, over the defaults.
 * @param anchor of the environment; undefined where there is none yet
 * @throws UserError `NotABranch` where a branch is wished for and the environment is none, `NameTaken` where it is another git branch's
 */
export function branchOptions(name: string, wishes: BranchWishes | undefined, anchor: AnchorDocument | undefined): BranchOptions | undefined {
	const recorded = recordedBranch(anchor?.options);
	if (!wishes) return recorded;
	if (anchor && !recorded) throw notABranch(name);
	const { gitBranch, named, mysql = recorded?.mysql ?? false, ephemeral = recorded?.ephemeral ?? false } = wishes;
	if (recorded && !named && recorded.gitBranch !== gitBranch) throw nameTaken(name, recorded.gitBranch, gitBranch);
	return { gitBranch, mysql, ephemeral };
}

function nameTaken(name: string, other: string | null, gitBranch: string | null): UserError {
	return new UserError('NameTaken', `git branch ${gitBranch} gets the name ${name}, which is the environment of ${other === null ? 'no git branch' : `git branch ${other}`}`, {
		hint: 'airflow-deploy branch create <name>   # with a name of its own',
	});
}

function notABranch(name: string): UserError {
	return new UserError('NotABranch', `${name} is an environment of its own, not a branch`, { hint: 'airflow-deploy branch list' });
}
