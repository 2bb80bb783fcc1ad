import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { Options } from './options.ts';
import { filesOf } from './places.ts';

/**
 * Keeps a document beside the state; it outlives a teardown. An earlier one of the same name is replaced.
 * @returns its path from the working directory
 */
export async function keepDocument({ cwd, aws, config }: Pick<Options, 'cwd' | 'aws' | 'config'>, name: string, document: object): Promise<string> {
	const path = join(filesOf(cwd, aws, config.environment).directory, name);
	await mkdir(dirname(path), { recursive: true, mode: 0o700 });
	await writeFile(path, `${JSON.stringify(document, null, '\t')}\n`, { mode: 0o600 });
	return relative(cwd, path);
}
