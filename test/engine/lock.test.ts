import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { expect, onTestFinished, test, vi } from 'vitest';
import { acquireLock, breakLock, type Holder, readLock } from '../../src/engine/lock.ts';
import { temporaryDirectory } from './runs.ts';

const up = { command: 'up', wait: false };
const waiting = { command: 'up', wait: true, poll: 2 };
const place = () => join(temporaryDirectory(), 'state', 'main.lock');
const aged = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString();
const holder = (change: Partial<Holder> = {}): Holder => ({ id: 'other', pid: 1, host: 'elsewhere', user: 'ann', command: 'up', since: aged(12), ...change });

async function held(change: Partial<Holder>): Promise<string> {
	const path = join(temporaryDirectory(), 'main.lock');
	await writeFile(path, JSON.stringify(holder(change)));
	return path;
}

/** A process that runs until the test ends. */
function living(): number {
	const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'ignore', 'ignore'] });
	onTestFinished(async () => {
		child.stdin.end();
		await once(child, 'exit');
	});
	return child.pid ?? 0;
}

async function dead(): Promise<number> {
	const child = spawn(process.execPath, ['-e', '0']);
	await once(child, 'exit');
	return child.pid ?? 0;
}

test('says who holds it, and goes with its release', async () => {
	const path = place();
	const lock = await acquireLock(path, up);
	expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ pid: process.pid, host: hostname(), user: userInfo().username, command: 'up' });
	expect((await stat(path)).mode & 0o777).toBe(0o600);
	await expect(acquireLock(path, up)).rejects.toMatchObject({
		code: 'EnvironmentLocked',
		exit: 4,
		message: `main is locked: up by ${userInfo().username} on ${hostname()} since 0 s`,
		hint: expect.stringContaining('airflow-deploy state unlock') as string,
	});
	await lock.check();
	await lock.release();
	expect(await readdir(join(path, '..'))).toEqual([]);
	await (await acquireLock(path, up)).release();
});

test('one of another machine is never taken over', async () => {
	const path = await held({ pid: await dead() });
	await expect(acquireLock(path, up)).rejects.toThrow('main is locked: up by ann on elsewhere since 12 s');
	expect(await readLock(path)).toMatchObject({ user: 'ann' });
});

test.each([
	[100, '100 s'],
	[600, '10 min'],
	[10_000, '3 h'],
	[259_200, '3 days'],
])('%i s are shown as %s', async (seconds, text) => {
	await expect(acquireLock(await held({ since: aged(seconds) }), up)).rejects.toThrow(`since ${text}`);
});

test('a file that cannot be understood counts as held', async () => {
	const path = join(temporaryDirectory(), 'main.lock');
	await writeFile(path, '');
	await expect(acquireLock(path, up)).rejects.toMatchObject({ code: 'EnvironmentLocked', message: `main is locked: someone unknown: ${path} cannot be understood` });
});

test('one of a dead process is taken over at once', async () => {
	const path = await held({ host: hostname(), pid: await dead() });
	expect(await readLock(path)).toBeUndefined();
	await (await acquireLock(path, up)).check();
	expect(await readdir(join(path, '..'))).toEqual(['main.lock']);
});

test('one whose process id is another process by now is taken over at once', async () => {
	const pid = living();
	const here = { host: hostname(), pid };
	await (await acquireLock(await held({ ...here, started: 'of another boot:1' }), up)).release();
	await (await acquireLock(await held({ ...here, since: aged(3600) }), up)).release();
	await expect(acquireLock(await held({ ...here, since: aged(-1) }), up)).rejects.toMatchObject({ code: 'EnvironmentLocked' });
});

test('one of a process that ended and that nobody waits for is taken over at once', async () => {
	const parent = spawn('sh', ['-c', 'cat <&3 & echo $!; exec tail -f /dev/null'], { stdio: ['ignore', 'pipe', 'ignore', 'pipe'] });
	onTestFinished(async () => {
		parent.kill();
		await once(parent, 'exit');
	});
	const [output] = (await once(parent.stdout as Readable, 'data')) as [Buffer];
	const pid = Number(output.toString());
	await expect.poll(() => readFile(`/proc/${parent.pid}/comm`, 'utf8')).toBe('tail\n');
	(parent.stdio[3] as Writable).end();
	await expect.poll(() => readFile(`/proc/${pid}/stat`, 'utf8')).toContain(') Z ');
	await (await acquireLock(await held({ host: hostname(), pid, since: aged(0) }), up)).check();
});

test('of many that find a dead holder exactly one wins', async () => {
	const pid = await dead();
	for (let round = 0; round < 15; round += 1) {
		const path = await held({ host: hostname(), pid });
		const locks = await Promise.allSettled(Array.from({ length: 12 }, () => acquireLock(path, up)));
		const won = locks.flatMap((lock) => (lock.status === 'fulfilled' ? [lock.value] : []));
		expect(won).toHaveLength(1);
		expect(locks.flatMap((lock) => (lock.status === 'rejected' && (lock.reason as { code?: string }).code !== 'EnvironmentLocked' ? [lock.reason as unknown] : []))).toEqual([]);
		await won[0]?.release();
		expect(await readdir(join(path, '..'))).toEqual([]);
	}
});

test('one that died while it took over holds up nobody', async () => {
	const [pid, rival] = [await dead(), await dead()];
	const path = await held({ host: hostname(), pid });
	await writeFile(`${path}.other`, JSON.stringify(holder({ id: 'rival', host: hostname(), pid: rival })));
	const locks = await Promise.allSettled(Array.from({ length: 8 }, () => acquireLock(path, up)));
	expect(locks.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
	expect(await readdir(join(path, '..'))).toEqual(['main.lock']);
});

test('waits for a holder, whom it reports once', async () => {
	const path = place();
	const first = await acquireLock(path, { command: 'deploy', wait: false });
	const seen: unknown[] = [];
	const second = acquireLock(path, { ...waiting, onWait: (holder) => seen.push(holder?.command) });
	await vi.waitUntil(() => seen.length > 0);
	await first.release();
	await (await second).release();
	expect(seen).toEqual(['deploy']);
});

test('many that wait hold it one after the other', async () => {
	const path = place();
	let [holding, most] = [0, 0];
	await Promise.all(
		Array.from({ length: 8 }, async () => {
			const lock = await acquireLock(path, waiting);
			most = Math.max(most, (holding += 1));
			await new Promise(setImmediate);
			holding -= 1;
			await lock.release();
		}),
	);
	expect(most).toBe(1);
});

test('waiting ends with Ctrl-C', async () => {
	const path = await held({});
	const abort = new AbortController();
	await expect(acquireLock(path, { ...waiting, signal: abort.signal, onWait: () => abort.abort() })).rejects.toThrow('aborted');
});

test('is renewed while it is held', async () => {
	const path = place();
	const lock = await acquireLock(path, { ...up, renewal: 2 });
	await utimes(path, 1, 1);
	await expect.poll(async () => (await stat(path)).mtimeMs).toBeGreaterThan(Date.now() - 60_000);
	await lock.release();
});

test('one that was unlocked and taken by another is lost, and left alone', async () => {
	const path = place();
	const lock = await acquireLock(path, { ...up, renewal: 2 });
	expect(await breakLock(path)).toMatchObject({ command: 'up' });
	const other = await acquireLock(path, up);
	await vi.waitUntil(() => lock.lost.aborted);
	await expect(lock.check()).rejects.toMatchObject({ code: 'LockLost', exit: 4, message: 'this run lost its lock on main: it was unlocked, or its file removed' });
	await lock.release();
	await other.check();
	await other.release();
});

test('a place that cannot be written is explained', async () => {
	const directory = temporaryDirectory();
	await writeFile(join(directory, 'state'), '');
	await expect(acquireLock(join(directory, 'state', 'main.lock'), up)).rejects.toMatchObject({ code: 'StateNotWritten' });
});
