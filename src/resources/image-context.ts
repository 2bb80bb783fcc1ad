import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import ignore, { type Ignore } from 'ignore';
import { Exit, UserError } from '../errors.ts';
import { tar, type TarEntry } from './tar.ts';

/** What the image is built from: names it (16 hexadecimal digits) and lists its files, sorted. */
export interface ImageContext {
	readonly hash: string;
	readonly files: readonly string[];
}

/** The bundle reaches containers by itself, so a changed DAG builds no image; the compose file describes no image. */
const notImage = ['/dags', '/plugins', '/config', '/webserver_config.py', '/docker-compose*.y*ml', '/.env', '/.dockerignore', '/.deployignore'];
const rubbish = ['__pycache__', '*.pyc', '.git', '.DS_Store', '.ruff_cache', '.pytest_cache', '.venv'];

/**
 * The build context of the image in `folder`: all but the bundle, and but what `.dockerignore` names.
 * @param baseImage given to the Dockerfile as BASE_IMAGE, null for its own default
 * @param architecture what it is built for
 * @throws UserError `NoDockerfile`
 */
export async function imageContext(folder: string, baseImage: string | null, architecture: 'X86_64' | 'ARM64' = 'X86_64'): Promise<ImageContext> {
	const entries = await read(folder);
	const all = createHash('sha256').update(`${baseImage ?? ''}\0${architecture === 'X86_64' ? '' : `${architecture}\0`}`);
	for (const { path, content, executable } of entries) all.update(`${path}\0${executable}\0${content.length}\0`).update(content);
	return { hash: all.digest('hex').slice(0, 16), files: entries.map(({ path }) => path) };
}

/** The same files as a .tar.gz: equal files give equal bytes. */
export async function imageArchive(folder: string): Promise<Buffer> {
	return gzipSync(tar(await read(folder)));
}

async function read(folder: string): Promise<TarEntry[]> {
	if (!existsSync(join(folder, 'Dockerfile'))) {
		throw new UserError('NoDockerfile', `${join(folder, 'Dockerfile')} is not there: the image is built from it`, {
			hint: 'airflow-deploy init (adds what is missing and leaves the rest), or set AIRFLOW_DEPLOY_IMAGE to an image that exists',
			exit: Exit.usage,
		});
	}
	const paths = (await walk(folder, '', rules(folder))).toSorted();
	return Promise.all(paths.map((path) => entry(folder, path)));
}

function rules(folder: string): Ignore {
	const file = join(folder, '.dockerignore');
	return ignore().add(existsSync(file) ? anchored(readFileSync(file, 'utf8')) : '').add('!/Dockerfile').add(notImage).add(rubbish);
}

/** A pattern of .dockerignore is about the folder's top where the same one of .gitignore is about every level. */
function anchored(dockerignore: string): string {
	return dockerignore.replaceAll(/^(!?)(?=[^!#\s])\/?/gm, '$1/');
}

async function walk(folder: string, directory: string, ignored: Ignore): Promise<string[]> {
	const entries = await readdir(join(folder, directory), { withFileTypes: true });
	const found = entries.map(async (each) => {
		const path = directory === '' ? each.name : `${directory}/${each.name}`;
		if (ignored.ignores(each.isDirectory() ? `${path}/` : path)) return [];
		if (each.isDirectory()) return walk(folder, path, ignored);
		return each.isFile() ? [path] : [];
	});
	return (await Promise.all(found)).flat();
}

async function entry(folder: string, path: string): Promise<TarEntry> {
	const [content, { mode }] = await Promise.all([readFile(join(folder, path)), stat(join(folder, path))]);
	return { path, content, executable: (mode & 0o100) !== 0 };
}
