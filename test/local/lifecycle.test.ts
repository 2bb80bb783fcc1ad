import { readFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { CreateSecretCommand, ListSecretsCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterEach, expect, test } from 'vitest';
import { endpointEnvironment, endpointLog, endpointStatus, ensureEndpoint, resetEndpoint, stopEndpoint } from '../../src/local/control.ts';
import { isAlive, readRecord } from '../../src/local/record.ts';
import { descendantsOf, eventually, isGone, plain, startEndpoint, temporaryDirectory, type TestEndpoint } from './endpoint.ts';

const started: { stop(): Promise<void> }[] = [];
afterEach(async () => {
	for (const each of started.splice(0)) await each.stop();
});

async function start(): Promise<TestEndpoint & { pid: number }> {
	const endpoint = await startEndpoint();
	started.push(endpoint);
	return { ...endpoint, pid: (await readRecord(endpoint.directory))?.pid ?? 0 };
}

async function newDirectory(): Promise<string> {
	const parent = await temporaryDirectory();
	const directory = join(parent, 'endpoint');
	started.push({
		async stop() {
			await stopEndpoint(directory);
			await rm(parent, { recursive: true, force: true });
		},
	});
	return directory;
}

const quiet = () => {};

test('started many times at once it stays one', async () => {
	const directory = await newDirectory();
	const urls = await Promise.all([1, 2, 3].map(async () => (await ensureEndpoint({ directory, onProgress: quiet })).url));
	expect(new Set(urls).size).toBe(1);
	expect(await readFile(endpointLog(directory), 'utf8')).toMatch(/^.*answers at http:\/\/127\.0\.0\.1:\d+\n$/);
	expect(await readdir(directory)).not.toContain('starting.lock');
});

test('status and environment name what runs; stop leaves no process, port or directory', async () => {
	const endpoint = await start();
	const status = await endpointStatus(endpoint.directory);
	expect(status).toMatchObject({ running: true, url: endpoint.url, pid: endpoint.pid, account: '000000000000', runtime: 'process' });
	expect(status.running && status.memoryMegabytes).toBeLessThan(120);
	expect(endpointEnvironment(endpoint.url)).toMatchObject({ AWS_ENDPOINT_URL: endpoint.url, AWS_REGION: 'us-east-1', AWS_PROFILE: '' });
	const record = await readRecord(endpoint.directory);
	const processes = descendantsOf(endpoint.pid);
	expect(processes.some(({ command }) => command.includes('moto_server.py'))).toBe(true);

	expect(await stopEndpoint(endpoint.directory)).toBe(true);
	expect(record && isAlive(record)).toBe(false);
	expect(processes.filter((each) => !isGone(each))).toEqual([]);
	await expect(plain(endpoint.url)).rejects.toThrow('ECONNREFUSED');
	for (const path of [endpoint.directory, ...(record?.temporary ?? [])]) await expect(readdir(path)).rejects.toThrow('ENOENT');
	expect(await endpointStatus(endpoint.directory)).toEqual({ running: false });
	expect(await stopEndpoint(endpoint.directory)).toBe(false);
});

test('two directories have endpoints and accounts of their own', async () => {
	const [one, two] = await Promise.all([start(), start()]);
	await one.client(SecretsManagerClient).send(new CreateSecretCommand({ Name: 'mine', SecretString: 'x' }));
	expect((await two.client(SecretsManagerClient).send(new ListSecretsCommand({}))).SecretList).toEqual([]);
});

test('reset empties the account and keeps the address', async () => {
	const endpoint = await start();
	const secrets = endpoint.client(SecretsManagerClient);
	await secrets.send(new CreateSecretCommand({ Name: 'kept-until-reset', SecretString: 'x' }));
	await resetEndpoint(endpoint.directory);
	expect((await secrets.send(new ListSecretsCommand({}))).SecretList).toEqual([]);
	expect(await endpointStatus(endpoint.directory)).toMatchObject({ running: true, url: endpoint.url, pid: endpoint.pid });
});

test('killed, it leaves no process, and the next start replaces it', async () => {
	const endpoint = await start();
	const processes = descendantsOf(endpoint.pid);
	const temporary = (await readRecord(endpoint.directory))?.temporary ?? [];
	process.kill(endpoint.pid, 'SIGKILL');
	await eventually('moto has ended', () => processes.every(isGone));
	expect(await endpointStatus(endpoint.directory)).toEqual({ running: false });
	const next = await ensureEndpoint({ directory: endpoint.directory, onProgress: quiet });
	expect(await endpointStatus(endpoint.directory)).toMatchObject({ running: true, url: next.url });
	for (const path of temporary) await expect(readdir(path)).rejects.toThrow('ENOENT');
});

test('a record that names a recycled pid is not believed', async () => {
	const directory = await newDirectory();
	await mkdir(directory, { recursive: true });
	const record = { url: 'http://127.0.0.1:9', pid: process.pid, processStart: '1', startedAt: '', version: '', account: '', runtime: '', temporary: [] };
	await writeFile(join(directory, 'endpoint.json'), JSON.stringify(record));
	expect(await endpointStatus(directory)).toEqual({ running: false });
	expect((await ensureEndpoint({ directory, onProgress: quiet })).url).not.toBe(record.url);
});

test('when moto is killed, the whole endpoint ends and says why', async () => {
	const endpoint = await start();
	const moto = descendantsOf(endpoint.pid).filter(({ command }) => command.includes('moto_server.py')).at(-1);
	process.kill(moto?.pid ?? 0, 'SIGKILL');
	const record = await readRecord(endpoint.directory);
	await eventually('the endpoint has ended', () => record !== undefined && !isAlive(record));
	expect(readFileSync(endpointLog(endpoint.directory), 'utf8')).toMatch(/the local endpoint ends: moto, which keeps the books of the emulated AWS, ended with exit code 137/);
	await expect(plain(endpoint.url)).rejects.toThrow('ECONNREFUSED');
});

test('an endpoint whose directory was removed ends by itself', async () => {
	const endpoint = await start();
	const record = await readRecord(endpoint.directory);
	await rm(endpoint.directory, { recursive: true, force: true });
	await eventually('the endpoint has ended', () => record !== undefined && !isAlive(record));
	await expect(plain(endpoint.url)).rejects.toThrow('ECONNREFUSED');
});

test('a start that fails says why, with the last lines of the log', async () => {
	const directory = await newDirectory();
	const server = createServer();
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const { port } = server.address() as AddressInfo;
	const failure = ensureEndpoint({ directory, port, onProgress: quiet });
	await expect(failure).rejects.toMatchObject({ code: 'EndpointFailed', message: expect.stringContaining(`cannot listen on 127.0.0.1:${port}`) });
	server.close();
	expect(await endpointStatus(directory)).toEqual({ running: false });
	const { url } = await ensureEndpoint({ directory, port, onProgress: quiet });
	expect(url).toBe(`http://127.0.0.1:${port}`);
});

test('a lock of a starter that died is taken over', async () => {
	const directory = await newDirectory();
	await mkdir(directory, { recursive: true });
	await writeFile(join(directory, 'starting.lock'), `${process.pid} 1`);
	expect((await ensureEndpoint({ directory, onProgress: quiet })).url).toMatch(/^http:/);
});

test('without an endpoint a reset names the command that starts one', async () => {
	await expect(resetEndpoint(await newDirectory())).rejects.toMatchObject({ code: 'NoEndpoint', hint: 'airflow-deploy local start' });
});
