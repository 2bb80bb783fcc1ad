import { mkdir, rm } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { Exit, UserError } from '../errors.ts';
import { type EndpointRecord, isAlive, readRecord } from './record.ts';
import { type EndpointStart, lock, startEndpoint } from './start.ts';

export type { Latency } from './lag.ts';
export type { RuntimeName } from './record.ts';
export { endpointLog, type EndpointStart } from './start.ts';

export type EndpointStatus = { readonly running: false } | ({ readonly running: true; readonly memoryMegabytes: number } & Omit<EndpointRecord, 'processStart' | 'temporary'>);

const endSeconds = 20;

/**
 * The endpoint of a directory, started as a detached process unless it runs; who comes at the same moment gets the same one.
 * The first start on a machine installs moto.
 * @throws UserError `EndpointFailed` with the last lines of its log; `OtherRuntime` where it runs, and runs tasks otherwise than asked for
 */
export async function ensureEndpoint(start: EndpointStart): Promise<{ url: string }> {
	const running = await runningEndpoint(start.directory);
	if (running) return matching(running, start);
	await mkdir(start.directory, { recursive: true });
	const release = await lock(start);
	try {
		return matching((await runningEndpoint(start.directory)) ?? (await startEndpoint(start)), start);
	} finally {
		await release();
	}
}

function matching({ url, runtime }: Pick<Running, 'url' | 'runtime'>, { runtime: wanted = runtime }: EndpointStart): { url: string } {
	if (wanted === runtime) return { url };
	throw new UserError('OtherRuntime', `the local endpoint runs already, and runs tasks as ${kinds[runtime]}, not as ${kinds[wanted]}: what is up there would have to go`, {
		hint: `airflow-deploy local stop && airflow-deploy up --local --runtime ${wanted}`,
		exit: Exit.usage,
	});
}

const kinds = { process: 'processes', docker: 'Docker containers' } as const;

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
	if (record?.runtime === 'docker') await (await import('./docker/leftovers.ts')).removeEngineLeftovers(directory, record.url);
	// A killed endpoint left what its tasks had in the system's temporary directory.
	await (await import('./runtime/process-runtime.ts')).removeTasks(directory);
	for (const path of [...(record?.temporary ?? []), directory]) await rm(path, { recursive: true, force: true, maxRetries: 5 });
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
		// The AWS CLI puts `stream-` before the host of StartLiveTail otherwise, whatever the host.
		AWS_DISABLE_HOST_PREFIX_INJECTION: 'true',
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
