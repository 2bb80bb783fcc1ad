import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { airflowEnvironment, motoEnvironment } from '../../../src/local/runtime/environments.ts';
import { type Installer, installEnvironment, installer } from '../../../src/local/runtime/installer.ts';
import { findPython3, findPython310, findUv } from '../../../src/local/runtime/python.ts';
import { python, temporaryDirectory } from './support.ts';

interface Machine extends Installer {
	readonly bin: string;
	readonly lines: string[];
	/** Command lines of the programs on PATH that were called to do something. */
	calls(): Promise<string[]>;
	put(name: string, script: string): Promise<void>;
}

/** A machine whose PATH has only what a test puts there, an empty home and an empty cache. */
async function machine(): Promise<Machine> {
	const root = await temporaryDirectory();
	const bin = join(root, 'bin');
	await mkdir(bin);
	const lines: string[] = [];
	const put = async (name: string, script: string): Promise<void> => {
		await writeFile(join(bin, name), `#!/bin/sh\nPATH=/usr/bin:/bin\n${script}\n`);
		await chmod(join(bin, name), 0o755);
	};
	const calls = async (): Promise<string[]> => (await readFile(join(root, 'calls'), 'utf8').catch(() => '')).split('\n').filter(Boolean);
	return { ...installer((line) => lines.push(line), { PATH: bin, HOME: root, CALLS: join(root, 'calls') }), bin, lines, calls, put };
}

const answersAs = (version: string, path: string): string => `case "$1" in -I) echo "${version} ${path}";; *) echo "$0 $*" >> "$CALLS";; esac`;

/** `uv venv … DIRECTORY` makes a directory with a Python in it; everything is written down. */
const uv = `
	echo "uv $*" >> "$CALLS"
	for last; do :; done
	case "$1 $2" in
		"venv "*) mkdir -p "$last/bin" "$last/lib/python3.10/site-packages/one.dist-info"; ln -s ${python} "$last/bin/python";;
	esac`;

async function context(requirements = 'apache-airflow[amazon]==2.5.3\n', constraints = 'flask==2.2.3\n'): Promise<string> {
	const folder = await temporaryDirectory();
	await writeFile(join(folder, 'requirements.txt'), requirements);
	await writeFile(join(folder, 'constraints.txt'), constraints);
	return folder;
}

test('an environment is made once from requirements and constraints, with progress lines', async () => {
	const on = await machine();
	await on.put('uv', uv);
	await on.put('python3.10', answersAs('3 10', python));
	const folder = await context();
	const made = await airflowEnvironment(on, folder);
	expect(made).toEqual({ directory: made.directory, python: join(made.directory, 'bin/python'), bin: join(made.directory, 'bin') });
	const [, venv, install] = await on.calls();
	expect(venv).toMatch(/^uv venv --quiet --allow-existing --relocatable --python \S+ \S+\.tmp$/);
	expect(install).toMatch(new RegExp(`^uv pip install --quiet --python \\S+/bin/python --compile-bytecode --requirement ${folder}/requirements.txt --constraint ${folder}/constraints.txt --override \\S+/templates/overrides.txt$`));
	expect(on.lines).toEqual(['Airflow 2.5.3: making its Python environment, once per machine', expect.stringMatching(/^Airflow 2\.5\.3: 1 packages, \d+ MB, made in \d+ s$/)]);
	expect(await airflowEnvironment(on, folder)).toEqual(made);
	expect(await on.calls()).toHaveLength(3);
});

test('its name depends on requirements and constraints, and it is made again when its Python is gone', async () => {
	const on = await machine();
	await on.put('uv', uv);
	await on.put('python3.10', answersAs('3 10', python));
	const folders = await Promise.all([context(), context('apache-airflow==2.5.3\n'), context(undefined, 'flask==2.2.4\n'), context()]);
	const made = await Promise.all(folders.map((folder) => airflowEnvironment(on, folder)));
	expect(new Set(made.map(({ directory }) => directory)).size).toBe(3);
	const [first = made[0]] = made;
	const before = (await on.calls()).length;
	await rm(first?.python ?? '');
	await airflowEnvironment(on, folders[0] ?? '');
	expect((await on.calls()).length).toBe(before + 3);
});

test.each([
	['error: Failed to fetch: `https://index/simple/x/` dns error', 'NoNetwork', expect.stringContaining('UV_DEFAULT_INDEX') as string],
	['error: failed to write: No space left on device (os error 28)', 'DiskFull', expect.stringMatching(/^df -h/) as string],
	['error: No solution found when resolving dependencies', 'InstallFailed', undefined],
])('%s is a %s, and nothing is left', async (message, code, hint) => {
	const on = await machine();
	await on.put('uv', `${uv}\ncase "$1" in pip) echo '${message}' >&2; exit 2;; esac`);
	await on.put('python3.10', answersAs('3 10', python));
	await expect(airflowEnvironment(on, await context())).rejects.toMatchObject({ code, hint });
	expect(await readdir(on.cache)).toEqual([]);
});

test('without uv it is installed into the cache, without Python too the error names both commands', async () => {
	const on = await machine();
	await expect(findUv(on)).rejects.toMatchObject({ code: 'NoPython', hint: expect.stringContaining('apt-get install python3 python3-venv') as string });
	// The real `python -m venv` makes these.
	await on.put('python3', `case "$1" in -I) echo "3 11 $0";; *) echo "python3 $*" >> "$CALLS"; [ "$2" = venv ] && mkdir "$3/bin" && cp "$0" "$3/bin/python";; esac; exit 0`);
	expect(await findUv(on)).toMatch(/airflow-deploy\/uv-[\d.]+\/bin\/uv$/);
	const calls = await on.calls();
	expect(calls[0]).toMatch(/^python3 -m venv \S+\.tmp$/);
	expect(calls[1]).toMatch(/^python3 -m pip install --quiet uv==[\d.]+$/);
	expect(on.lines).toHaveLength(1);
});

test('a Python without its venv module is explained', async () => {
	const on = await machine();
	await on.put('python3', `case "$1" in -I) echo "3 11 $0";; *) echo "The virtual environment was not created because ensurepip is not available" >&2; exit 1;; esac`);
	await expect(findUv(on)).rejects.toMatchObject({ code: 'NoVenv', hint: expect.stringContaining('python3-venv') as string });
});

test('Python 3.10 is looked for on PATH, then in pyenv, then had from uv', async () => {
	const on = await machine();
	await on.put('uv', `echo "uv $*" >> "$CALLS"; case "$*" in "python find"*) [ -e "$HOME/installed" ] && echo "/uv/python3.10" || exit 2;; "python install"*) touch "$HOME/installed";; esac`);
	expect(await findPython310(on)).toBe('/uv/python3.10');
	expect(on.lines).toEqual([expect.stringContaining('uv installs one')]);

	const pyenv = join(on.bin, '..', '.pyenv/versions/3.10.13/bin');
	await mkdir(pyenv, { recursive: true });
	await on.put('python3.10', 'echo "pyenv: python3.10: command not found" >&2; exit 127');
	await writeFile(join(pyenv, 'python3.10'), '#!/bin/sh\necho "3 10 $0"\n', { mode: 0o755 });
	expect(await findPython310(on)).toBe(join(on.bin, '..', '.pyenv/versions/3.10.13/bin/python3.10'));

	await on.put('python3.10', 'echo "3 10 /usr/bin/python3.10"');
	expect(await findPython310(on)).toBe('/usr/bin/python3.10');
});

test('the programs of our own run on any Python from 3.10 on, an older one is passed over', async () => {
	const on = await machine();
	await on.put('python3', 'echo "3 8 /usr/bin/python3.8"');
	await on.put('python3.10', 'echo "3 10 /usr/bin/python3.10"');
	expect(await findPython3(on)).toBe('/usr/bin/python3.10');
	await on.put('python3', 'echo "3 13 /usr/bin/python3.13"');
	expect(await findPython3(on)).toBe('/usr/bin/python3.13');
});

test('moto is pinned with everything it needs', async () => {
	const on = await machine();
	await on.put('uv', uv);
	await on.put('python3', answersAs('3 11', python));
	await motoEnvironment(on);
	const [, requirements] = /--requirement (\S+)$/.exec((await on.calls()).at(-1) ?? '') ?? [];
	const pins = (await readFile(requirements ?? '', 'utf8')).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
	expect(pins).toContain('moto==5.2.5');
	expect(pins.filter((pin) => !/^[a-z0-9-]+==\S+( ;.*)?$/.test(pin))).toEqual([]);
});

test('settings made for pip hold for uv, and stronger ones of uv stay', () => {
	expect(installEnvironment({ PIP_INDEX_URL: 'https://mirror/simple', PIP_CERT: '/ca.pem', UV_FIND_LINKS: 'mine', PIP_FIND_LINKS: 'theirs' })).toMatchObject({
		UV_DEFAULT_INDEX: 'https://mirror/simple',
		SSL_CERT_FILE: '/ca.pem',
		UV_FIND_LINKS: 'mine',
	});
});

test('the cache follows XDG_CACHE_HOME', () => {
	expect(installer(() => {}, { HOME: '/home/me' }).cache).toBe('/home/me/.cache/airflow-deploy');
	expect(installer(() => {}, { HOME: '/home/me', XDG_CACHE_HOME: '/big' }).cache).toBe('/big/airflow-deploy');
});
