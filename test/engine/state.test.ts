import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { type Entry, readState, StateFile } from '../../src/engine/state.ts';
import { disk, type Storage } from '../../src/engine/storage.ts';
import { temporaryDirectory } from './runs.ts';

const header = { tool: '1.2.3', account: '111122223333', region: 'eu-west-1', project: 'airflow', environment: 'main' };
const entry: Entry = { type: 'T', status: 'ready', id: 'x', inputs: {}, hash: 'h', dependsOn: [], token: 't', startedAt: '2026-01-01T00:00:00.000Z' };
const place = () => join(temporaryDirectory(), 'state', 'eu', 'main.json');
const put = (state: StateFile, key: string) => state.update((entries) => void (entries[key] = entry));

/** A state of one entry, closed. */
async function written(path: string, more: Record<string, string> = {}): Promise<string> {
	const state = await StateFile.open(path, { ...header, ...more });
	await put(state, 'a');
	await state.close();
	return readFile(path, 'utf8');
}

const failing = (code: string, operation: keyof Storage = 'open'): Storage => ({
	...disk,
	[operation]: () => Promise.reject(Object.assign(new Error(code), { code })),
});

test('a new state is written with its first change: format, header, a random nonce, private modes', async () => {
	const path = place();
	const state = await StateFile.open(path, header);
	expect(await readdir(dirname(dirname(dirname(path))))).toEqual([]);
	await put(state, 'a');
	expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({ format: 1, ...header, nonce: state.nonce, resources: { a: entry } });
	expect(state.nonce).toMatch(/^[0-9a-f]{16}$/);
	expect((await stat(path)).mode & 0o777).toBe(0o600);
	for (const directory of [dirname(path), dirname(dirname(path))]) expect((await stat(directory)).mode & 0o777).toBe(0o700);
	expect(await readdir(dirname(path))).toEqual(['main.json']);
});

test('the nonce stays, and a given one is used for a new state', async () => {
	const path = place();
	await written(path, { nonce: 'abc' });
	expect((await StateFile.open(path, header)).nonce).toBe('abc');
	await expect(StateFile.open(path, { ...header, nonce: 'def' })).rejects.toMatchObject({ code: 'StateMismatch' });
});

test('a newer tool of the same format takes over, and leaves its version', async () => {
	const path = place();
	await written(path);
	const state = await StateFile.open(path, { ...header, tool: '2.0.0' });
	await put(state, 'b');
	expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ tool: '2.0.0' });
});

test('a state that records nothing leaves no file, nor what a crash left beside it', async () => {
	const path = place();
	await written(path);
	await writeFile(`${path}.tmp`, 'half');
	const state = await StateFile.open(path, header);
	await state.update((entries) => void delete entries['a']);
	await state.close();
	expect(await readdir(dirname(path))).toEqual([]);
	await state.close();
});

test('closing a state that never was makes nothing', async () => {
	const path = place();
	await (await StateFile.open(path, header)).close();
	await expect(readState(path)).resolves.toBeUndefined();
	await expect(stat(dirname(path))).rejects.toThrow('ENOENT');
});

test('changes are applied one at a time, in order', async () => {
	const path = place();
	const state = await StateFile.open(path, header);
	await Promise.all(Array.from({ length: 30 }, (_, index) => put(state, `k${index}`)));
	expect(Object.keys((await readState(path))?.entries ?? {})).toEqual(Array.from({ length: 30 }, (_, index) => `k${index}`));
});

test.each([
	['truncated', (text: string) => text.slice(0, -20), /cannot be read: it is not complete JSON/],
	['empty', () => '', /cannot be read: it is not complete JSON/],
	['no JSON', () => 'hello', /cannot be read: it is not complete JSON/],
	['a list', () => '[]', /it is JSON, but not a state/],
	['without resources', () => '{"format":1}', /it is JSON, but not a state/],
	['with a strange entry', () => '{"format":1,"resources":{"a":{"type":1}}}', /it is JSON, but not a state/],
])('a file that is %s is left as it is and named, with what rebuilds it', async (_, damage, message) => {
	const path = place();
	const damaged = damage(await written(path));
	await writeFile(path, damaged);
	const refusal = { code: 'StateUnreadable', message: expect.stringMatching(message) as string, hint: expect.stringContaining('airflow-deploy state recover') as string };
	await expect(StateFile.open(path, header)).rejects.toMatchObject(refusal);
	await expect(readState(path)).rejects.toMatchObject({ ...refusal, message: expect.stringContaining(path) as string });
	expect(await readFile(path, 'utf8')).toBe(damaged);
});

test('a new start keeps the unreadable file beside the new one', async () => {
	const path = place();
	await written(path);
	await writeFile(path, 'broken');
	await put(await StateFile.startOver(path, { ...header, nonce: 'abc' }), 'b');
	const files = await readdir(dirname(path));
	expect(files).toEqual(['main.json', expect.stringMatching(/^main\.json\.\d{8}T\d{6}Z\.bak$/)]);
	expect(await readFile(join(dirname(path), files[1] ?? ''), 'utf8')).toBe('broken');
});

test('a newer format names both versions', async () => {
	const path = place();
	await written(path);
	await writeFile(path, JSON.stringify({ format: 2, tool: '9.9.9', resources: 'of another shape' }));
	await expect(StateFile.open(path, header)).rejects.toMatchObject({
		code: 'StateTooNew',
		message: `the state ${path} has format 2, written by airflow-deploy 9.9.9: 1.2.3 reads up to format 1`,
	});
});

test.each([
	['account', '999999999999', 'aws sts get-caller-identity'],
	['region', 'us-east-1', 'airflow-deploy status --region eu-west-1'],
	['project', 'other', 'AIRFLOW_DEPLOY_PROJECT=airflow airflow-deploy status'],
	['environment', 'feature', 'airflow-deploy status --env main'],
])('a state of another %s is refused', async (name, value, hint) => {
	const path = place();
	const before = await written(path);
	await expect(StateFile.open(path, { ...header, [name]: value })).rejects.toMatchObject({
		code: 'StateMismatch',
		message: `${path} is of another ${name}: it records ${header[name as keyof typeof header]}, this run uses ${value}`,
		hint: expect.stringContaining(hint) as string,
	});
	expect(await readFile(path, 'utf8')).toBe(before);
});

test('a full disk: the old file survives, and the object knows no more than the file', async () => {
	const path = place();
	const before = await written(path);
	const state = await StateFile.open(path, header);
	// What is written to /dev/full fails as on a full disk.
	await symlink('/dev/full', `${path}.tmp`);
	await expect(put(state, 'b')).rejects.toMatchObject({ code: 'StateNotWritten', message: `cannot write ${path}: the disk is full (ENOSPC)`, hint: expect.stringContaining('df -h') as string });
	expect(await readFile(path, 'utf8')).toBe(before);
	expect(Object.keys(state.entries)).toEqual(['a']);
	expect(await readdir(dirname(path))).toEqual(['main.json']);
	await put(state, 'c');
	expect(Object.keys((await readState(path))?.entries ?? {})).toEqual(['a', 'c']);
});

test.each([
	['EACCES', 'permission denied'],
	['EROFS', 'the file system is read-only'],
	['EDQUOT', 'the disk quota is used up'],
])('%s is explained', async (code, reason) => {
	const path = place();
	const state = await StateFile.open(path, header, failing(code));
	await expect(put(state, 'a')).rejects.toMatchObject({ code: 'StateNotWritten', message: `cannot write ${path}: ${reason} (${code})` });
	expect(state.entries).toEqual({});
	await expect((await StateFile.open(path, header, failing(code, 'rename'))).update(() => {})).rejects.toMatchObject({ code: 'StateNotWritten' });
});

test('a directory that is a file, or cannot be written, is explained', async () => {
	const directory = temporaryDirectory();
	await writeFile(join(directory, 'state'), '');
	await expect(StateFile.open(join(directory, 'state', 'main.json'), header)).rejects.toMatchObject({ code: 'StateUnreadable' });
	if (process.getuid?.() === 0) return;
	await mkdir(join(directory, 'closed'));
	await chmod(join(directory, 'closed'), 0o500);
	const state = await StateFile.open(join(directory, 'closed', 'main.json'), header);
	await expect(put(state, 'a')).rejects.toMatchObject({ code: 'StateNotWritten' });
});
