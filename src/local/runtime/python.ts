import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { UserError } from '../../errors.ts';
import { install, type Installer } from './installer.ts';
import { madeOnce } from './made-once.ts';

const uvVersion = '0.13.9';

/** The interpreter itself: on PATH it may be a shim (pyenv) or belong to an environment that goes away. */
const probe = 'import os, sys; print(*sys.version_info[:2], os.path.realpath(getattr(sys, "_base_executable", sys.executable)))';

interface Python {
	readonly path: string;
	readonly version: readonly [major: number, minor: number];
}

/**
 * A Python 3 of at least 3.10 (what moto needs) for the local target's own programs: the one on PATH, else 3.10.
 * @returns absolute path of the interpreter
 */
export async function findPython3(on: Installer): Promise<string> {
	const found = await firstPython(on, ['python3', 'python'], ([major, minor]) => major === 3 && minor >= 10);
	return found ?? findPython310(on);
}

/** Python 3.10, the version of the image: on PATH, in pyenv, or installed by uv. */
export async function findPython310(on: Installer): Promise<string> {
	const candidates = ['python3.10', ...(await pyenvPythons(on)), 'python3'];
	return (await firstPython(on, candidates, ([major, minor]) => major === 3 && minor === 10)) ?? pythonOfUv(on);
}

async function firstPython(on: Installer, candidates: readonly string[], fits: (version: Python['version']) => boolean): Promise<string | undefined> {
	for (const candidate of candidates) {
		const python = await probed(on, candidate);
		if (python && fits(python.version)) {
			return python.path;
		}
	}
	return undefined;
}

async function probed({ environment }: Installer, command: string): Promise<Python | undefined> {
	const { stdout, failed } = await execa(command, ['-I', '-c', probe], { env: environment, extendEnv: false, reject: false, timeout: 10_000 });
	const [, major, minor, path] = /^(\d+) (\d+) (.+)$/m.exec(stdout) ?? [];
	return failed || path === undefined ? undefined : { path, version: [Number(major), Number(minor)] };
}

async function pyenvPythons({ environment }: Installer): Promise<string[]> {
	const versions = join(environment['PYENV_ROOT'] ?? join(environment['HOME'] || homedir(), '.pyenv'), 'versions');
	const names = existsSync(versions) ? await readdir(versions) : [];
	return names.filter((name) => name.startsWith('3.10.')).map((name) => join(versions, name, 'bin', 'python3.10'));
}

async function pythonOfUv(on: Installer): Promise<string> {
	const uv = await findUv(on);
	const find = (): Promise<string> => install(on, 'Finding Python 3.10', uv, ['python', 'find', '--managed-python', '3.10']);
	try {
		return (await find()).trim();
	} catch {
		on.onProgress('Python 3.10: none found on PATH or in pyenv, uv installs one (about 30 MB, once per machine)');
		await install(on, 'Installing Python 3.10', uv, ['python', 'install', '3.10']).catch((error: unknown) => {
			throw error instanceof UserError && error.code === 'NoNetwork' ? noPython310(error) : error;
		});
		return (await find()).trim();
	}
}

/** It comes from GitHub, not from a package index. */
function noPython310(cause: UserError): UserError {
	return new UserError('NoNetwork', 'Python 3.10 is needed, which is neither on PATH nor in pyenv, and uv cannot download it', {
		hint: 'pyenv install 3.10   (or: apt-get install python3.10 python3.10-venv; or name a mirror: export UV_PYTHON_INSTALL_MIRROR=<URL>)',
		cause,
	});
}

/**
 * uv, which makes the environments: the one on PATH, else one of our own in the cache.
 * @returns a command
 */
export async function findUv(on: Installer): Promise<string> {
	const command = 'uv';
	const { failed } = await execa(command, ['--version'], { env: on.environment, extendEnv: false, reject: false });
	return failed ? ownUv(on) : command;
}

async function ownUv(on: Installer): Promise<string> {
	const python = await firstPython(on, ['python3', 'python', ...(await pyenvPythons(on))], ([major, minor]) => major === 3 && minor >= 8);
	if (python === undefined) {
		throw new UserError('NoPython', 'The local target needs Python 3 or uv: neither is on PATH', {
			hint: 'apt-get install python3 python3-venv   (or: curl -LsSf https://astral.sh/uv/install.sh | sh)',
		});
	}
	const directory = await madeOnce(join(on.cache, `uv-${uvVersion}`), async (temporary) => {
		on.onProgress(`uv ${uvVersion}: not on PATH, installed into ${on.cache} (about 60 MB, once per machine)`);
		await install(on, 'Making an environment for uv', python, ['-m', 'venv', temporary]);
		await install(on, 'Installing uv', join(temporary, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', `uv==${uvVersion}`]);
	});
	return join(directory, 'bin', 'uv');
}
