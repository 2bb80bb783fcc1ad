import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { keepDocument } from './kept.ts';
import type { Options } from './options.ts';
import { filesOf } from './places.ts';

type Where = Pick<Options, 'cwd' | 'aws' | 'config'>;

/** Records of deaths that are kept of one environment. */
const mostKept = 50;

/** Keeps the record of a death, and lets go of the oldest. @returns its path from the working directory */
export async function keepDeathFile(where: Where, name: string, document: object): Promise<string> {
	const path = await keepDocument(where, name, document);
	await prune(where);
	return path;
}

/** Paths of the records that may be of this environment, newest first: an environment `x-y` has names that begin as those of `x` do. */
export async function deathFiles({ cwd, aws, config }: Where): Promise<string[]> {
	const directory = join(filesOf(cwd, aws, config.environment).directory, 'deaths');
	const names = await readdir(directory).catch(() => []);
	// 20261124T135012Z-airflow-main-webserver-0123….json
	const ours = names.filter((name) => name.slice(name.indexOf('-') + 1).startsWith(`${config.project}-${config.environment}-`) && name.endsWith('.json'));
	return ours.toSorted().toReversed().map((name) => join(directory, name));
}

async function prune(where: Where): Promise<void> {
	const paths = await deathFiles(where);
	if (paths.length <= mostKept) return;
	const environments = await Promise.all(paths.map(environmentOf));
	const own = paths.filter((_, index) => environments[index] === where.config.environment);
	await Promise.all(own.slice(mostKept).map((path) => rm(path, { force: true })));
}

async function environmentOf(path: string): Promise<string | undefined> {
	try {
		return (JSON.parse(await readFile(path, 'utf8')) as { environment?: string }).environment;
	} catch {
		return undefined;
	}
}
