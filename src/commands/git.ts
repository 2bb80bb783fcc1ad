import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { execa } from 'execa';
import { Exit, UserError } from '../errors.ts';

/** The git branch that is checked out; undefined outside a repository and on a commit that is none's. */
export async function currentGitBranch(cwd: string): Promise<string | undefined> {
	const answer = await git(cwd, 'branch', '--show-current').catch(() => '');
	return answer === '' ? undefined : answer;
}

/**
 * Writes a folder as it is in another commit to a temporary directory; working tree and index stay as they are.
 * @returns where it is, and what removes it
 * @throws UserError (exit 2) where there is no such commit, or no such folder in it
 */
export async function folderAt(cwd: string, ref: string, folder: string): Promise<{ path: string; commit: string; dispose: () => Promise<void> }> {
	const top = await git(cwd, 'rev-parse', '--show-toplevel').catch(() => {
		throw usage(`--ref ${ref} names a commit, and ${cwd} is in no git repository`);
	});
	const commit = await git(cwd, 'rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`).catch(() => {
		throw usage(`git knows no commit ${ref} here`, `git fetch origin ${ref}`);
	});
	const within = relative(top, resolve(await realpath(cwd), folder));
	const path = await mkdtemp(join(tmpdir(), 'airflow-deploy-ref-'));
	const dispose = (): Promise<void> => rm(path, { recursive: true, force: true });
	try {
		await extract(cwd, `${commit}:${within}`, path);
	} catch (cause) {
		await dispose();
		throw usage(`commit ${commit.slice(0, 12)} has no folder ${within}`, `git ls-tree ${ref}`, cause);
	}
	return { path, commit, dispose };
}

/** `git archive` writes what git has, without a checkout. */
async function extract(cwd: string, tree: string, to: string): Promise<void> {
	const archive = execa('git', ['archive', '--format=tar', tree], { cwd, encoding: 'buffer', stderr: 'pipe' });
	await archive.pipe('tar', ['--extract', '--file=-'], { cwd: to });
}

async function git(cwd: string, ...words: string[]): Promise<string> {
	return (await execa('git', words, { cwd })).stdout.trim();
}

function usage(message: string, hint = 'airflow-deploy branch create --help', cause?: unknown): UserError {
	return new UserError('InvalidRef', message, { hint, exit: Exit.usage, cause });
}
