import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';

const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'airflow-deploy');

/** Whether programs can be built here. */
export const hasGo = (process.env['PATH'] ?? '').split(':').some((directory) => existsSync(join(directory, 'go')));

interface GoProgram {
	readonly name: string;
	readonly version: string;
	/** Its main package. */
	readonly main: string;
	/** Modules with their versions. */
	readonly modules: readonly string[];
	/** Go files beside it: name → content. */
	readonly files?: Readonly<Record<string, string>>;
}

/** Builds a program from its sources, once per machine. @returns the directory that holds it */
export async function goProgram({ name, version, main, modules, files = {} }: GoProgram): Promise<string> {
	const built = join(cache, `test-${name}-${version}`);
	if (existsSync(join(built, name))) return built;
	const work = await mkdtemp(join(tmpdir(), 'airflow-deploy-go-'));
	const go = (...args: string[]): Promise<unknown> => execa('go', args, { cwd: work });
	try {
		for (const [path, content] of Object.entries({ 'go.mod': 'module judge\n\ngo 1.22\n', ...files })) await writeFile(join(work, path), content);
		for (const module of modules) await go('get', module);
		await go('build', '-o', `out/${name}`, main);
		await mkdir(cache, { recursive: true });
		await rm(built, { recursive: true, force: true });
		await rename(join(work, 'out'), built);
	} finally {
		await rm(work, { recursive: true, force: true });
	}
	return built;
}
