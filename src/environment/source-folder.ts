import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { Exit, UserError } from '../errors.ts';
import { packageRoot, version } from '../package.ts';

/** The code base that comes with the tool. */
export const sampleFolder: string = join(packageRoot, 'airflow');

/** What tools leave behind in it. */
const litter = new Set(['__pycache__', '.ruff_cache', '.pytest_cache', '.DS_Store', '.venv', 'tests']);

/** Files of the sample, or of one folder in it: paths with forward slashes, relative to the sample, sorted. */
export function sampleFiles(folder = ''): string[] {
	const entries = readdirSync(join(sampleFolder, folder), { withFileTypes: true, recursive: true });
	const paths = entries.filter((entry) => entry.isFile()).map((entry) => relative(sampleFolder, join(entry.parentPath, entry.name)).replaceAll('\\', '/'));
	return paths.filter((path) => !path.split('/').some((part) => litter.has(part))).toSorted();
}

/** Files that the sample has too, with another content. */
export function differingFiles(source: string, paths: readonly string[]): string[] {
	return paths.filter((path) => existsSync(join(source, path)) && !readFileSync(join(source, path)).equals(readFileSync(join(sampleFolder, path))));
}

/**
 * Containers run by the programs of `image/` and by what the stack's settings name in `config/`: without them each would die
 * on start.
 * @param image one that is built elsewhere, whose programs nobody sees here
 * @param warn told of programs that are not those of this version
 * @throws UserError `SourceIncomplete`
 */
export function assertComplete({ source, image }: { source: string; image: string | undefined }, warn: (line: string) => void): void {
	const programs = image === undefined ? sampleFiles('image') : [];
	const missing = [...sampleFiles('config'), ...programs].filter((path) => !existsSync(join(source, path)));
	if (missing.length > 0) {
		throw new UserError('SourceIncomplete', `${basename(source)}/ lacks ${listed(missing)}, which Airflow's containers run by`, {
			hint: 'airflow-deploy init   # adds what is missing and leaves the rest',
			exit: Exit.usage,
		});
	}
	const others = differingFiles(source, programs);
	if (others.length > 0) warn(`${listed(others)} of ${basename(source)}/ ${others.length === 1 ? 'is' : 'are'} not what airflow-deploy ${version} comes with: if nobody changed that on purpose, airflow-deploy init brings it up to date`);
}

function listed([first = '', ...others]: readonly string[]): string {
	return others.length === 0 ? first : `${first} and ${others.length} more`;
}
