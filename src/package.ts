import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder that holds package.json, airflow/ and templates/: the same from src/ and from the bundle in dist/. */
export const packageRoot: string = findUp(dirname(fileURLToPath(import.meta.url)));

export const version: string = (JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string }).version;

function findUp(directory: string): string {
	return existsSync(join(directory, 'package.json')) ? directory : findUp(dirname(directory));
}
