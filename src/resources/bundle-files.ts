import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import ignore, { type Ignore } from 'ignore';
import { Exit, UserError } from '../errors.ts';

/** One file of a bundle, by its path with forward slashes, e.g. `dags/tutorial.py`. */
interface BundleFile {
	/** SHA-256, hexadecimal. */
	sha256: string;
	/** MD5, hexadecimal: what S3 answers as the ETag of an object put in one part with SSE-S3. */
	md5: string;
	/** Bytes. */
	size: number;
}

/** What is uploaded: `dags/`, `plugins/`, `config/` and `webserver_config.py` of the source folder. */
export interface Bundle {
	/** Names the bundle: 16 hexadecimal digits over all paths and contents. */
	hash: string;
	/** The same over what Airflow reads only at its start: plugins, config, webserver_config.py. */
	restart: string;
	files: ReadonlyMap<string, BundleFile>;
}

const parts = ['dags', 'plugins', 'config', 'webserver_config.py'];
const neverUploaded = ['__pycache__', '*.pyc', '.git', '.DS_Store'];

/**
 * Reads the bundle of a source folder. `.deployignore` beside `dags/` leaves files out, in gitignore syntax.
 * @throws UserError `NoDags` where there is no DAG folder
 */
export async function readBundle(source: string): Promise<Bundle> {
	if (!existsSync(join(source, 'dags'))) {
		throw new UserError('NoDags', `${join(source, 'dags')} is not there: the source folder must hold a folder dags/ with the DAG files`, {
			hint: existsSync(source) ? 'put your DAG files there, or set AIRFLOW_DEPLOY_SOURCE to the folder that holds dags/' : 'airflow-deploy init (writes a sample), or set AIRFLOW_DEPLOY_SOURCE to your folder',
			exit: Exit.usage,
		});
	}
	const ignored = ignoreRules(source);
	const paths = (await Promise.all(parts.map((part) => walk(source, part, ignored)))).flat().toSorted();
	const files = new Map(await Promise.all(paths.map(async (path) => [path, await digest(join(source, path))] as const)));
	const needsRestart = [...files].filter(([path]) => !path.startsWith('dags/'));
	return { hash: hashOf([...files]), restart: hashOf(needsRestart), files };
}

function ignoreRules(source: string): Ignore {
	const rules = ignore().add(neverUploaded);
	const file = join(source, '.deployignore');
	return existsSync(file) ? rules.add(readFileSync(file, 'utf8')) : rules;
}

async function walk(source: string, path: string, ignored: Ignore): Promise<string[]> {
	// Symbolic links are followed: what they point to is what Airflow would read here.
	const entry = await stat(join(source, path)).catch(() => undefined);
	if (!entry || ignored.ignores(entry.isDirectory() ? `${path}/` : path)) return [];
	if (!entry.isDirectory()) return entry.isFile() ? [path] : [];
	const names = await readdir(join(source, path));
	return (await Promise.all(names.map((name) => walk(source, `${path}/${name}`, ignored)))).flat();
}

async function digest(file: string): Promise<BundleFile> {
	const content = await readFile(file);
	const of = (algorithm: string): string => createHash(algorithm).update(content).digest('hex');
	return { sha256: of('sha256'), md5: of('md5'), size: content.length };
}

function hashOf(files: readonly (readonly [string, BundleFile])[]): string {
	const all = createHash('sha256');
	for (const [path, { sha256 }] of files) all.update(`${path}\0${sha256}\n`);
	return all.digest('hex').slice(0, 16);
}
