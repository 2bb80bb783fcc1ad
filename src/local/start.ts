import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { open, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { UserError } from '../errors.ts';
import { packageRoot } from '../package.ts';
import type { Latency } from './lag.ts';
import { type EndpointRecord, processStart, readRecord, type RuntimeName } from './record.ts';

export interface EndpointStart {
	/** `<working directory>/.airflow-deploy/endpoint` */
	readonly directory: string;
	/** 0 or absent: a free one. Only a new endpoint takes it. */
	readonly port?: number;
	/** How much of AWS's time a new endpoint takes. */
	readonly latency?: Latency;
	/** Whether a new endpoint allows callers what their policies do, and nothing else. */
	readonly iam?: boolean;
	/** What runs the tasks of a new endpoint; default: processes. */
	readonly runtime?: RuntimeName;
	/** What is being installed or waited for. */
	readonly onProgress: (line: string) => void;
}

/** Longer than moto has ever taken on two busy cores. */
const startSeconds = 60;

/** The endpoint's log: its own lines, moto's failures, PostgreSQL's log. */
export const endpointLog = (directory: string): string => join(directory, 'endpoint.log');

/**
 * Starts the detached process and waits until it answers.
 * @throws UserError `EndpointFailed` with the last lines of its log
 */
export async function startEndpoint({ directory, port = 0, latency = 'none', iam = false, runtime = 'process', onProgress }: EndpointStart): Promise<EndpointRecord> {
	if (runtime === 'docker') await (await import('./docker/engine-socket.ts')).findEngine(process.env);
	const python = await motoPython(onProgress);
	const log = openSync(endpointLog(directory), 'a');
	const began = (await stat(endpointLog(directory))).size;
	const child = spawn(process.execPath, [join(packageRoot, 'dist', 'endpoint.js'), '--dir', directory, '--python', python, '--port', String(port), '--latency', latency, '--runtime', runtime, ...(iam ? ['--iam'] : [])], { cwd: '/', detached: true, stdio: ['ignore', log, log], env: environment(process.env) });
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

/** One starter at a time. The lock of one that died is taken over. */
export async function lock({ directory, onProgress }: EndpointStart): Promise<() => Promise<void>> {
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

/** Settings of a deployment and somebody's credentials are none of its business: it would hand them on to what it starts. */
function environment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
	return Object.fromEntries(Object.entries(env).filter(([name]) => !/^AIRFLOW_DEPLOY_|^AWS_(ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN)$/.test(name)));
}
