import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { packageRoot } from '../../../src/package.ts';
import { madeOnce } from '../../../src/local/runtime/made-once.ts';
import { temporaryDirectory, until } from './support.ts';

const fill = (text: string) => (directory: string): Promise<void> => writeFile(join(directory, 'file'), text);

test('it is made once, also when asked for by many at once', async () => {
	const directory = join(await temporaryDirectory(), 'deep', 'thing');
	let times = 0;
	const make = async (temporary: string): Promise<void> => fill(String(++times))(temporary);
	expect(await Promise.all([1, 2, 3].map(() => madeOnce(directory, make)))).toEqual([directory, directory, directory]);
	expect(times).toBe(1);
	expect(await readdir(join(directory, '..'))).toEqual(['thing']);
});

test('a failure leaves nothing, and the next one makes it', async () => {
	const parent = await temporaryDirectory();
	const directory = join(parent, 'thing');
	await expect(madeOnce(directory, async (temporary) => {
		await fill('half')(temporary);
		throw new Error('no network');
	})).rejects.toThrow('no network');
	expect(await readdir(parent)).toEqual([]);
	await madeOnce(directory, fill('whole'));
	expect(await readFile(join(directory, 'file'), 'utf8')).toBe('whole');
});

test('a broken one is made again', async () => {
	const directory = join(await temporaryDirectory(), 'thing');
	await mkdir(directory);
	await madeOnce(directory, fill('new'), (directory) => existsSync(join(directory, 'file')));
	expect(await readFile(join(directory, 'file'), 'utf8')).toBe('new');
});

test('a place that cannot be written to is named', async () => {
	const parent = await temporaryDirectory();
	await writeFile(join(parent, 'file'), '');
	await expect(madeOnce(join(parent, 'file', 'thing'), fill('x'))).rejects.toMatchObject({
		code: 'CacheNotWritable',
		message: `${parent}/file cannot be written to: EEXIST`,
		hint: expect.stringContaining('XDG_CACHE_HOME') as string,
	});
});

test('it waits for another process that makes it, and does it itself when that one is killed', async () => {
	const parent = await temporaryDirectory();
	const directory = join(parent, 'thing');
	const source = `import { madeOnce } from ${JSON.stringify(join(packageRoot, 'src/local/runtime/made-once.ts'))};
		await madeOnce(${JSON.stringify(directory)}, () => new Promise(() => setInterval(() => {}, 1000)));`;
	await writeFile(join(parent, 'other.mts'), source);
	const other = spawn(process.execPath, ['--import', 'tsx', join(parent, 'other.mts')], { cwd: packageRoot, stdio: 'inherit' });
	onTestFinished(() => void other.kill('SIGKILL'));
	await until(async () => (await readdir(parent)).some((name) => name.endsWith('.tmp')));

	let made = false;
	const ours = madeOnce(directory, async (temporary) => {
		made = true;
		await fill('ours')(temporary);
	});
	expect(made).toBe(false);
	other.kill('SIGKILL');
	await once(other, 'exit');
	await ours;
	expect((await readdir(parent)).sort()).toEqual(['other.mts', 'thing']);
});
