import { homedir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { UserError } from '../../errors.ts';

/** What installs things into the user's cache needs. */
export interface Installer {
	/** `$XDG_CACHE_HOME/airflow-deploy`, else `~/.cache/airflow-deploy`. */
	readonly cache: string;
	/** Where programs are looked up, and with what settings they run. */
	readonly environment: NodeJS.ProcessEnv;
	readonly onProgress: (line: string) => void;
}

export function installer(onProgress: (line: string) => void, environment: NodeJS.ProcessEnv = process.env): Installer {
	const base = environment['XDG_CACHE_HOME'] || join(environment['HOME'] || homedir(), '.cache');
	return { cache: join(base, 'airflow-deploy'), environment, onProgress };
}

/** uv does not read pip's settings: a mirror or certificate that the user set for pip holds for uv as well. */
const settingsOfPip: Readonly<Record<string, string>> = {
	UV_DEFAULT_INDEX: 'PIP_INDEX_URL',
	UV_INDEX: 'PIP_EXTRA_INDEX_URL',
	UV_FIND_LINKS: 'PIP_FIND_LINKS',
	SSL_CERT_FILE: 'PIP_CERT',
};

/**
 * Runs an installing program (uv, pip, tar) and returns its standard output.
 * @throws UserError with what failed and the command that helps: no space, no network, or the program's own last lines.
 */
export async function install(on: Installer, what: string, command: string, args: readonly string[]): Promise<string> {
	// Not in the user's directory: uv would take settings from a pyproject.toml there.
	const result = await execa(command, args, { cwd: '/', env: installEnvironment(on.environment), extendEnv: false, reject: false, stdin: 'ignore' });
	if (!result.failed) {
		return result.stdout;
	}
	throw explain(what, `${result.stderr}\n${result.exitCode === undefined ? (result.originalMessage ?? '') : ''}`.trim(), on);
}

export function installEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
	const added = Object.entries(settingsOfPip)
		.filter(([ours, theirs]) => environment[ours] === undefined && environment[theirs] !== undefined)
		.map(([ours, theirs]) => [ours, environment[theirs]]);
	// A virtual environment that is active in the caller's shell is not the one to install into.
	return { ...environment, ...Object.fromEntries(added), VIRTUAL_ENV: undefined, PIP_DISABLE_PIP_VERSION_CHECK: '1' };
}

const causes: readonly { readonly sign: RegExp; readonly code: string; why(on: Installer): string; hint(on: Installer): string }[] = [
	{
		sign: /no space left|os error 28|ENOSPC|disk quota/i,
		code: 'DiskFull',
		why: ({ cache }) => `no space left for ${cache}`,
		hint: ({ cache }) => `df -h ${cache}   (about 1 GB is needed; another place: export XDG_CACHE_HOME=<directory>)`,
	},
	{
		sign: /dns error|failed to (fetch|download)|error sending request|connection (refused|reset|timed)|network is unreachable|name resolution|NewConnectionError|could not connect/i,
		code: 'NoNetwork',
		why: () => 'the package index cannot be reached',
		hint: () => 'check the network, or name a mirror: export UV_DEFAULT_INDEX=<URL of a Python package index>',
	},
	{
		sign: /ensurepip|python3-venv/i,
		code: 'NoVenv',
		why: () => 'this Python comes without its venv module, and there is no uv',
		hint: () => 'apt-get install python3-venv   (or: pipx install uv)',
	},
];

function explain(what: string, output: string, on: Installer): UserError {
	const cause = causes.find(({ sign }) => sign.test(output));
	const tail = output.split('\n').slice(-6).join('\n');
	return cause
		? new UserError(cause.code, `${what} failed: ${cause.why(on)}`, { hint: cause.hint(on), cause: new Error(tail) })
		: new UserError('InstallFailed', `${what} failed: ${tail || 'the program gave no reason'}`);
}
