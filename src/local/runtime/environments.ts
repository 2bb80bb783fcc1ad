import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { packageRoot } from '../../package.ts';
import { type Installer, install } from './installer.ts';
import { madeOnce } from './made-once.ts';
import { findPython3, findPython310, findUv } from './python.ts';

/** A virtual environment in the user's cache. Its name holds a hash of its pins; it is there only when it is complete. */
export interface PythonEnvironment {
	readonly directory: string;
	readonly python: string;
	/** To be put first in PATH. */
	readonly bin: string;
}

interface Recipe {
	/** For progress lines, e.g. `Airflow 2.5.3`. */
	readonly title: string;
	/** Beginning of the directory's name. */
	readonly name: string;
	readonly requirements: string;
	readonly constraints: string | undefined;
	/** Requirements that replace those of packages. */
	readonly overrides: string | undefined;
	/** `--compile-bytecode` where the programs write none themselves. */
	readonly flags: readonly string[];
	findPython(on: Installer): Promise<string>;
}

/** moto, pinned with all it needs. */
export function motoEnvironment(on: Installer): Promise<PythonEnvironment> {
	const requirements = join(packageRoot, 'templates', 'moto-requirements.txt');
	return environment(on, { title: 'moto 5.2.5 (AWS bookkeeping)', name: 'moto', requirements, constraints: undefined, overrides: undefined, flags: [], findPython: findPython3 });
}

/**
 * What the image's Dockerfile installs, from the same files.
 * @param folder a build context: `requirements.txt`, and `constraints.txt` where there is one
 */
export async function airflowEnvironment(on: Installer, folder: string): Promise<PythonEnvironment> {
	const requirements = join(folder, 'requirements.txt');
	const constraints = join(folder, 'constraints.txt');
	const version = airflowVersion(await readFile(requirements, 'utf8'));
	return environment(on, {
		title: version === undefined ? 'Airflow' : `Airflow ${version}`,
		name: 'airflow',
		requirements,
		constraints: existsSync(constraints) ? constraints : undefined,
		overrides: join(packageRoot, 'templates', 'overrides.txt'),
		// Takes 8 s more once and saves 0.4 s at each start of `airflow`: containers write no bytecode, see airflow-image.ts.
		flags: ['--compile-bytecode'],
		findPython: findPython310,
	});
}

/** The pinned version of Airflow in a requirements file. */
export function airflowVersion(requirements: string): string | undefined {
	return /^apache-airflow(?:\[[^\]]*\])?==(\S+)/m.exec(requirements)?.[1];
}

async function environment(on: Installer, recipe: Recipe): Promise<PythonEnvironment> {
	const directory = join(on.cache, `${recipe.name}-${await hash(recipe)}`);
	// An environment lives on the interpreter it was made from: gone with it, it is made again.
	const usable = (): boolean => existsSync(join(directory, 'bin', 'python'));
	await madeOnce(directory, (temporary) => make(on, recipe, temporary), usable);
	return { directory, python: join(directory, 'bin', 'python'), bin: join(directory, 'bin') };
}

async function hash({ requirements, constraints, overrides }: Recipe): Promise<string> {
	const hash = createHash('sha256').update('format 1\n').update(await readFile(requirements));
	for (const file of overrides === undefined ? [constraints] : [constraints, overrides]) hash.update('\0').update(file === undefined ? '' : await readFile(file));
	return hash.digest('hex').slice(0, 16);
}

async function make(on: Installer, recipe: Recipe, temporary: string): Promise<void> {
	const { title, requirements, constraints, overrides } = recipe;
	const started = Date.now();
	on.onProgress(`${title}: making its Python environment, once per machine`);
	const [uv, python] = await Promise.all([findUv(on), recipe.findPython(on)]);
	// Relocatable: made in a temporary directory, renamed when it is whole.
	await install(on, `Making the environment of ${title}`, uv, ['venv', '--quiet', '--allow-existing', '--relocatable', '--python', python, temporary]);
	const pins = [...(constraints === undefined ? [] : ['--constraint', constraints]), ...(overrides === undefined ? [] : ['--override', overrides])];
	const flags = ['--quiet', '--python', join(temporary, 'bin', 'python'), ...recipe.flags];
	await install(on, `Installing ${title}`, uv, ['pip', 'install', ...flags, '--requirement', requirements, ...pins]);
	on.onProgress(`${title}: ${await described(temporary)}, made in ${Math.round((Date.now() - started) / 1000)} s`);
}

async function described(directory: string): Promise<string> {
	const [library = 'python3'] = await readdir(join(directory, 'lib'));
	const packages = (await readdir(join(directory, 'lib', library, 'site-packages'))).filter((name) => name.endsWith('.dist-info'));
	const { stdout } = await execa('du', ['-sm', directory], { reject: false });
	return `${packages.length} packages, ${stdout.split('\t')[0]} MB`;
}
