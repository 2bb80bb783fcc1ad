import { chmod, cp, mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { packageRoot } from '../../src/package.ts';
import { imageArchive, imageContext } from '../../src/resources/image-context.ts';
import { tar } from '../../src/resources/tar.ts';

let parent: string;
let folder: string;
beforeEach(async () => {
	parent = await mkdtemp(join(tmpdir(), 'image-context-test-'));
	folder = join(parent, 'airflow');
	await put('Dockerfile', 'FROM apache/airflow:2.5.3-python3.10\n');
	await put('requirements.txt', 'black\n');
	await put('image/airflow_deploy/start.py', 'print()\n');
});
afterEach(() => rm(parent, { recursive: true, force: true }));

async function put(path: string, content: string): Promise<void> {
	await mkdir(dirname(join(folder, path)), { recursive: true });
	await writeFile(join(folder, path), content);
}
const hash = async (baseImage: string | null = null): Promise<string> => (await imageContext(folder, baseImage)).hash;

test('the bundle and rubbish are no part of the image', async () => {
	const before = await hash();
	for (const path of ['dags/a.py', 'plugins/p.py', 'config/log_config.py', 'webserver_config.py', 'docker-compose.yaml', '.env', 'image/airflow_deploy/__pycache__/start.pyc', '.git/HEAD']) await put(path, 'x');
	expect(await imageContext(folder, null)).toEqual({ hash: before, files: ['Dockerfile', 'image/airflow_deploy/start.py', 'requirements.txt'] });
});

test('a folder of the image may be called dags', async () => {
	await put('image/dags/a.py', 'x');
	expect((await imageContext(folder, null)).files).toContain('image/dags/a.py');
});

test('every other change has another hash: content, name, mode, base image, architecture', async () => {
	const seen = new Set([await hash(), await hash('apache/airflow:2.5.3-python3.9')]);
	await put('requirements.txt', 'white\n');
	seen.add(await hash());
	await put('image/more.py', '');
	seen.add(await hash());
	await chmod(join(folder, 'image/more.py'), 0o755);
	seen.add(await hash());
	seen.add((await imageContext(folder, null, 'ARM64')).hash);
	expect(seen.size).toBe(6);
});

test('.dockerignore leaves files out', async () => {
	const before = await hash();
	await put('notes/todo.md', 'x');
	await put('.dockerignore', 'notes\n');
	expect(await hash()).toBe(before);
});

test('patterns of .dockerignore are about the top of the folder, as for docker build', async () => {
	for (const path of ['notes', 'image/notes', 'image/a.txt', 'a.txt', 'deep/a.txt']) await put(path, 'x');
	await put('.dockerignore', '# a comment\nnotes\n*.txt\n/deep\n');
	expect((await imageContext(folder, null)).files).toEqual(['Dockerfile', 'image/a.txt', 'image/airflow_deploy/start.py', 'image/notes']);
	await put('.dockerignore', '**/*.txt\n');
	expect((await imageContext(folder, null)).files).not.toContain('image/a.txt');
});

test('the .dockerignore of the sample lets in what the image is built from, and nothing else', async () => {
	const sample = join(packageRoot, 'airflow');
	const { files } = await imageContext(sample, null);
	expect(new Set(files.map((path) => path.split('/')[0]))).toEqual(new Set(['Dockerfile', 'constraints.txt', 'image', 'requirements.txt']));
	await cp(sample, folder, { recursive: true });
	for (const path of ['notes.md', 'requirements/dev.txt', 'tests/image/a.py']) await put(path, 'x');
	expect((await imageContext(folder, null)).files).toEqual(files);
});

test('without a Dockerfile it says what to do', async () => {
	await rm(join(folder, 'Dockerfile'));
	await expect(imageContext(folder, null)).rejects.toMatchObject({ code: 'NoDockerfile', hint: expect.stringContaining('AIRFLOW_DEPLOY_IMAGE') });
});

test('the archive is the same for the same files, and tar reads it', async () => {
	const first = await imageArchive(folder);
	await utimes(join(folder, 'Dockerfile'), new Date(), new Date());
	expect(await imageArchive(folder)).toEqual(first);
	await mkdir(join(parent, 'out'));
	await execa('tar', ['-xzf', '-', '-C', join(parent, 'out')], { input: first });
	expect(await imageContext(join(parent, 'out'), null)).toEqual(await imageContext(folder, null));
});

test('long paths, odd names and sizes at the edge of a block survive', async () => {
	const long = `${'d'.repeat(60)}/${'e'.repeat(60)}/${'f'.repeat(90)}.py`;
	const entries = [0, 1, 511, 512, 513].map((size) => ({ path: `size ${size} ä.txt`, content: Buffer.alloc(size, 'x'), executable: false }));
	const archive = tar([...entries, { path: long, content: Buffer.from('long'), executable: true }]);
	const { stdout } = await execa('tar', ['-tvf', '-', '--quoting-style=literal'], { input: archive, env: { LC_ALL: 'C.UTF-8' } });
	for (const size of [0, 1, 511, 512, 513]) expect(stdout).toMatch(new RegExp(`-rw-r--r-- .* ${size} .* size ${size} ä\\.txt`));
	expect(stdout).toMatch(new RegExp(`-rwxr-xr-x .* ${long}`));
	expect(() => tar([{ path: `${'x'.repeat(200)}.py`, content: Buffer.alloc(0), executable: false }])).toThrow('too long');
});
