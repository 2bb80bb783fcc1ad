import { createHash } from 'node:crypto';
import { Exit, UserError } from '../errors.ts';
import { reservedEnvironments } from './names.ts';
import { name as rule } from './rules.ts';

interface Where {
	readonly project: string;
	readonly region: string;
}

/** What a hyphen and a part of a hash take. */
const suffix = 6;

/**
 * A name for the environment of a git branch, made of what AWS takes in all names; always the same for the same branch.
 * Branches that differ in other characters only get the same one.
 * @throws UserError (exit 2) where nothing is left of it, or what is left is reserved
 */
export function nameForGitBranch(gitBranch: string, where: Where): string {
	const safe = gitBranch.normalize('NFKD').toLowerCase().replaceAll(/\p{M}/gu, '').replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-+|-+$/g, '');
	if (safe === '') throw invalid(`nothing in the name of git branch "${gitBranch}" can be part of a name in AWS`);
	const begun = /^[a-z]/.test(safe) ? safe : `b-${safe}`;
	const most = longest(where);
	const name = begun.length <= most ? begun : `${begun.slice(0, most - suffix).replace(/-+$/, '')}-${createHash('sha256').update(gitBranch).digest('hex').slice(0, suffix - 1)}`;
	assertFree(name);
	return name;
}

/** @throws UserError (exit 2) that says which rule a given name breaks */
export function assertBranchName(name: string, where: Where): void {
	const most = longest(where);
	if (name === '') throw invalid('the name of a branch environment is empty');
	if (!rule.safeParse(name).success) throw invalid(`"${name}" is no name for a branch environment: it must be lower-case letters, digits and single hyphens, a letter first, no hyphen last`, suggestion(name, where));
	if (name.length > most) throw invalid(`"${name}" is ${name.length} characters long: with project ${where.project} in ${where.region} AWS's names have room for ${most}`);
	assertFree(name);
}

/** IAM's role names are the shortest that AWS allows: 64 characters (stacks/roles.ts). */
function longest({ project, region }: Where): number {
	return 64 - `${project}--execution-${region}`.length;
}

/** `main` is what `up` makes. */
function assertFree(name: string): void {
	const reserved = ['main', ...reservedEnvironments];
	if (reserved.includes(name)) throw invalid(`"${name}" cannot be the name of a branch environment: it is reserved, as are ${reserved.filter((other) => other !== name).join(', ')}`);
}

function suggestion(name: string, where: Where): string | undefined {
	try {
		return nameForGitBranch(name, where);
	} catch {
		return undefined;
	}
}

function invalid(message: string, meant = '<name>'): UserError {
	return new UserError('InvalidBranchName', message, { hint: `airflow-deploy branch create ${meant}`, exit: Exit.usage });
}
