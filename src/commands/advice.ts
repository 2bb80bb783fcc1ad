import { explain, type Where } from '../aws/errors.ts';
import { Exit, UserError } from '../errors.ts';
import { defect } from '../ui/errors.ts';

const fileFailures: Readonly<Record<string, string>> = {
	ENOSPC: 'the disk is full',
	EDQUOT: 'the disk quota is used up',
	EACCES: 'permission denied',
	EPERM: 'permission denied',
	EROFS: 'the file system is read-only',
	EMFILE: 'too many files are open',
};

/** What is said about anything that was thrown: advice where there is any, else that it is our defect. */
export function advise(error: unknown, where: Where, signal?: AbortSignal): UserError {
	if (error instanceof UserError) return error;
	if (signal?.aborted === true && error instanceof Error && error.name === 'AbortError') {
		return new UserError('Interrupted', 'interrupted; the state file is complete', { hint: 'the same command goes on where it stopped', exit: Exit.interrupted, cause: error });
	}
	return explain(error, where) ?? explainFile(error) ?? defect(error);
}

/** Commands that are about no environment. */
const aboutNone = ['init', 'local'];

/**
 * Hints from below know neither target nor environment: the commands in them get the flags of this run.
 * @param flags as ` --local --env x`; those that the hint names by itself are left as they are
 */
export function withFlags(error: UserError, flags: string): UserError {
	const { code, message, hint, exit, cause } = error;
	const missing = (flags.match(/ --\S+( [^-]\S*)?/g) ?? []).filter((flag) => hint?.includes(flag.split(' ', 2).join(' ')) === false).join('');
	if (hint === undefined || missing === '') return error;
	const flagged = hint.replaceAll(/airflow-deploy ((?:(?:state|branch) )?([a-z][a-z-]*))/g, (text, _, verb: string) => (aboutNone.includes(verb) ? text : `${text}${missing}`));
	return new UserError(code, message, { hint: flagged, exit, cause });
}

function explainFile(error: unknown): UserError | undefined {
	if (!(error instanceof Error)) return undefined;
	const { code = '', path, syscall } = error as NodeJS.ErrnoException;
	const reason = fileFailures[code];
	if (reason === undefined || path === undefined) return undefined;
	return new UserError('FileFailed', `cannot ${syscall ?? 'use'} ${path}: ${reason} (${code})`, { hint: code === 'ENOSPC' ? `df -h ${path}` : `ls -ld ${path}`, cause: error });
}
