import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { mkdir, open, readFile, rm, stat } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { UserError } from '../errors.ts';
import { packageRoot } from '../package.ts';
import { type EndpointRecord, isAlive, processStart, readRecord } from './record.ts';

export interface EndpointStart {
	/** `<working directory>/.airflow-deploy/endpoint` */
	readonly directory: string;
	/** 0 or absent: a free one. Only a new endpoint takes it. */
	readonly port?: number;
	/** What is being installed or waited for. */
	readonly onProgress: (line: string) => void;
}

export type EndpointStatus = { readonly running: false } | ({ readonly running: true; readonly memoryMegabytes: number } & Omit<EndpointRecord, 'processStart' | 'temporary'>);

/** Longer than moto has ever taken on two busy cores. */
const startSeconds = 60;
const endSeconds = 20;

/** The endpoint's log: its own lines, moto's failures, PostgreSQL's log. */
export const endpointLog = (directory: string): string => join(directory, 'endpoint.log');

/**
 * The endpoint of a directory, started as a detached process unless it runs; who comes at the same moment gets the same one.
 * The first start on a machine installs moto.
 * @throws UserError `EndpointFailed` with the last lines of its log
 */
export async function ensureEndpoint(start: EndpointStart): Promise<{ url: string }> {
	const running = await runningEndpoint(start.directory);
	if (running) return { url: running.url };
	await mkdir(start.directory, { recursive: true });
	const release = await lock(start);
	try {
		const { url } = (await runningEndpoint(start.directory)) ?? (await startEndpoint(start));
		return { url };
	} finally {
		await release();
	}
}

export async function endpointStatus(directory: string): Promise<EndpointStatus> {
	const running = await runningEndpoint(directory);
	return running ? { running: true, ...running } : { running: false };
}

/**
 * Ends the endpoint with everything that runs behind it and removes its directory.
 * @returns whether there was one
 * @throws UserError where its process does not go away
 */
export async function stopEndpoint(directory: string): Promise<boolean> {
	const record = await readRecord(directory);
	const alive = record !== undefined && isAlive(record);
	if (alive) await endProcess(record);
	for (const path of [...(record?.temporary ?? []), directory]) await rm(path, { recursive: true, force: true });
	return alive;
}

/**
 * Empties the account: tasks and databases end, everything stored is gone; the endpoint goes on at the same address.
 * @throws UserError where none runs
 */
export async function resetEndpoint(directory: string): Promise<void> {
	const running = await runningEndpoint(directory);
	if (!running) throw new UserError('NoEndpoint', 'no local endpoint runs for this directory', { hint: 'airflow-deploy local start' });
	const { status } = await ask(`${running.url}/_endpoint/reset`, 'POST', 60);
	if (status !== 200) throw new UserError('ResetFailed', `the local endpoint could not empty the account: it answered ${status}`, { hint: 'airflow-deploy local stop' });
}

/**
 * What points any AWS client at the endpoint. An empty text means: unset, so that the user's own profile or session
 * cannot come first.
 */
export function endpointEnvironment(url: string, region = 'us-east-1'): Readonly<Record<string, string>> {
	return {
		AWS_ENDPOINT_URL: url,
		AWS_ACCESS_KEY_ID: 'local',
		AWS_SECRET_ACCESS_KEY: 'local',
		AWS_SESSION_TOKEN: '',
		AWS_PROFILE: '',
		AWS_REGION: region,
		AWS_DEFAULT_REGION: region,
	};
}

type Running = Omit<EndpointRecord, 'processStart' | 'temporary'> & { memoryMegabytes: number };

/** undefined where none runs: no record, a process that is gone or another one, no answer. */
async function runningEndpoint(directory: string): Promise<Running | undefined> {
	const record = await readRecord(directory);
	if (!record || !isAlive(record)) return undefined;
	try {
		const { body } = await ask(`${record.url}/_endpoint`, 'GET', 10);
		const about = JSON.parse(body) as Running;
		return about.pid === record.pid ? about : undefined;
	} catch {
		return undefined;
	}
}

async function startEndpoint({ directory, port = 0, onProgress }: EndpointStart): Promise<EndpointRecord> {
	const python = await motoPython(onProgress);
	const log = openSync(endpointLog(directory), 'a');
	const began = (await stat(endpointLog(directory))).size;
	const child = spawn(process.execPath, [join(packageRoot, 'dist', 'endpoint.js'), '--dir', directory, '--python', python, '--port', String(port)], { cwd: '/', detached: true, stdio: ['ignore', log, log] });
	closeSync(log);
	let ended: string | undefined;
	child.once('error', (error) => (ended = error.message));
	child.once('exit', (code, signal) => (ended = `it ended with ${signal ?? `exit code ${code}`}`));
	const record = await answering(directory, child.pid, () => ended, onProgress);
	// The endpoint outlives this process.
	child.removeAllListeners();
	child.unref();
	if (record) return record;
	if (child.pid !== undefined && ended === undefined) process.kill(child.pid, 'SIGKILL');
	throw await startFailure(directory, began, ended ?? `no answer within ${startSeconds} s`);
}

async function motoPython(onProgress: (line: string) => void): Promise<string> {
	const [{ motoEnvironment }, { installer }] = await Promise.all([import('./runtime/environments.ts'), import('./runtime/installer.ts')]);
	return (await motoEnvironment(installer(onProgress))).python;
}

/** The record of the new process; undefined where it ended first, or gave no sign in time. */
async function answering(directory: string, pid: number | undefined, ended: () => string | undefined, onProgress: (line: string) => void): Promise<EndpointRecord | undefined> {
	const began = performance.now();
	for (let noted = false; performance.now() - began < startSeconds * 1000; await delay(25)) {
		const record = await readRecord(directory);
		if (record && record.pid === pid) return record;
		if (ended() !== undefined) return undefined;
		if (!noted && performance.now() - began > 3000) {
			onProgress('waiting for the local endpoint to answer');
			noted = true;
		}
	}
	return undefined;
}

async function startFailure(directory: string, from: number, why: string): Promise<UserError> {
	const written = (await readFile(endpointLog(directory))).subarray(from).toString().trimEnd();
	const lines = written.split('\n').slice(-15).join('\n');
	return new UserError('EndpointFailed', `the local endpoint did not start: ${why}${lines === '' ? '' : `\n${lines}`}`, { hint: existsSync(join(packageRoot, 'dist', 'endpoint.js')) ? 'airflow-deploy local logs' : 'npm run build' });
}

async function endProcess(record: EndpointRecord): Promise<void> {
	for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
		process.kill(record.pid, signal);
		const began = performance.now();
		while (performance.now() - began < endSeconds * 1000) {
			if (!isAlive(record)) return;
			await delay(25);
		}
	}
	throw new UserError('EndpointStays', `the local endpoint (process ${record.pid}) does not end`, { hint: `ps -o pid,stat,wchan -p ${record.pid}` });
}

/** One starter at a time. The lock of one that died is taken over. */
async function lock({ directory, onProgress }: EndpointStart): Promise<() => Promise<void>> {
	const path = join(directory, 'starting.lock');
	for (let noted = false; ; await delay(50)) {
		const file = await open(path, 'wx').catch((error: NodeJS.ErrnoException) => {
			if (error.code !== 'EEXIST') throw error;
		});
		if (file) {
			await file.writeFile(`${process.pid} ${processStart(process.pid)}`);
			await file.close();
			return () => rm(path, { force: true });
		}
		await breakStaleLock(path);
		if (!noted) onProgress('another run starts the local endpoint: waiting for it');
		noted = true;
	}
}

/** A lock that is still empty is just being written, unless it stays so. */
async function breakStaleLock(path: string): Promise<void> {
	const [pid, start] = (await readFile(path, 'utf8').catch(() => '')).split(' ');
	const age = Date.now() - (await stat(path).then(({ mtimeMs }) => mtimeMs, () => Date.now()));
	const stale = start === undefined ? age > 5000 : processStart(Number(pid)) !== start;
	if (stale) await rm(path, { force: true });
}

function ask(url: string, method: string, seconds: number): Promise<{ status: number; body: string }> {
	return new Promise((resolve, reject) => {
		const request = httpRequest(url, { method, agent: false, timeout: seconds * 1000 }, (response) => {
			text(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
		});
		request.on('timeout', () => request.destroy(new Error('no answer')));
		request.on('error', reject);
		request.end();
	});
}
