import { defaultTtl, expiryAfter, isPast } from '../config/ttl.ts';
import type { JsonObject } from '../engine/resource.ts';
import { UserError } from '../errors.ts';
import type { AnchorDocument } from '../resources/s3-anchor.ts';
import type { BranchOptions } from '../stacks/inputs.ts';
import type { BranchWishes } from './options.ts';
import { recordedOptions } from './recorded-options.ts';

/** What is recorded of a branch in its anchor; undefined for an environment that is none. */
export function recordedBranch(options: JsonObject | undefined): BranchOptions | undefined {
	const { text, flag } = recordedOptions(options);
	if (text('kind') !== 'branch') return undefined;
	return { gitBranch: text('gitBranch'), mysql: flag('mysql'), ephemeral: flag('ephemeral'), expiresAt: text('expiresAt') };
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
	const { gitBranch = recorded?.gitBranch ?? null, named, ...wished } = wishes;
	if (recorded && !named && recorded.gitBranch !== gitBranch) throw nameTaken(name, recorded.gitBranch, gitBranch);
	return { ...(recorded ?? { mysql: false, ephemeral: false, expiresAt: expiryAfter(defaultTtl, new Date()) }), ...wished, gitBranch };
}

/** What a change of these options does to the branch that stands, a line each. */
export function consequences(before: BranchOptions, after: BranchOptions): string[] {
	const { mysql, ephemeral } = after;
	return [
		...(mysql && !before.mysql ? ['MySQL comes beside PostgreSQL: the task is replaced, and what runs in it ends'] : []),
		...(!mysql && before.mysql ? ['MySQL goes, with all its data: the task is replaced, and what runs in it ends'] : []),
		...(ephemeral && !before.ephemeral ? ['its databases move to the storage of the task: all their data go, now and whenever the task is replaced'] : []),
		...(!ephemeral && before.ephemeral ? ['its databases move to files that outlive the task: they begin empty'] : []),
	];
}

/** @throws UserError `BranchExpired` where its time is up and no other is wished for: nothing may start it again by the way */
export function assertNotExpired(name: string, branch: BranchOptions | undefined): void {
	if (!branch || !isPast(branch.expiresAt, new Date())) return;
	throw new UserError('BranchExpired', `the time of branch ${name} was up at ${branch.expiresAt}: its service is stopped`, {
		hint: `airflow-deploy branch create ${name} --ttl ${defaultTtl}   # brings it back; branch delete ${name} removes it`,
	});
}

function nameTaken(name: string, other: string | null, gitBranch: string | null): UserError {
	return new UserError('NameTaken', `git branch ${gitBranch} gets the name ${name}, which is the environment of ${other === null ? 'no git branch' : `git branch ${other}`}`, {
		hint: 'airflow-deploy branch create <name>   # with a name of its own',
	});
}

function notABranch(name: string): UserError {
	return new UserError('NotABranch', `${name} is an environment of its own, not a branch`, { hint: 'airflow-deploy branch list' });
}
