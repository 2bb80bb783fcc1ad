import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ValidateDocument } from '../../src/environment/documents.ts';
import { packageRoot } from '../../src/package.ts';
import { run } from '../cli/run.ts';

/** The sample code base as a user has it, and its compose file on a free port. */
let directory: string;
let url: string;
const project = `airflow-deploy-test-${process.pid}`;
const compose = (...args: readonly string[]) => execa('docker', ['compose', '--project-name', project, ...args], { cwd: join(directory, 'airflow'), stdin: 'ignore', all: true, reject: false });

beforeAll(async () => {
	directory = await mkdtemp(join(tmpdir(), 'airflow-deploy-compose-'));
	await cp(join(packageRoot, 'airflow'), join(directory, 'airflow'), { recursive: true });
	const port = await freePort();
	url = `http://localhost:${port}`;
	const file = join(directory, 'airflow', 'docker-compose.yaml');
	await writeFile(file, (await readFile(file, 'utf8')).replace('127.0.0.1:8080:8080', `127.0.0.1:${port}:8080`));
});
afterAll(async () => {
	await compose('down', '--volumes', '--timeout', '20');
	await execa('docker', ['image', 'rm', `airflow-deploy/${project}`], { reject: false });
	await rm(directory, { recursive: true });
});

async function freePort(): Promise<number> {
	const server = createServer();
	await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
	const { port } = server.address() as AddressInfo;
	await new Promise((resolve) => server.close(resolve));
	return port;
}

test('docker compose up gives Airflow with the local executor, and validate --url proves it in the browser', async () => {
	const up = await compose('up', '--build', '--detach', '--wait', '--wait-timeout', '400');
	if (up.failed) throw new Error(`${up.all}\n${(await compose('logs', '--tail', '30')).all}`);
	expect((await services()).toSorted()).toEqual(['database healthy', 'init exited 0', 'scheduler healthy', 'webserver healthy']);

	const { exit, stdout } = await run(['validate', '--url', url, '--json'], { cwd: directory, env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '' } });
	const { ok, mode, checks } = JSON.parse(stdout) as ValidateDocument;
	expect(checks.filter(({ verdict }) => verdict !== 'passed')).toEqual([]);
	expect({ exit, ok, mode }).toEqual({ exit: 0, ok: true, mode: 'browser' });
	expect(checks.map(({ name }) => name)).toEqual(expect.arrayContaining(['login', 'dag-list', 'plugin', 'run:tutorial', 'task-log:tutorial_taskflow_api']));
});

async function services(): Promise<string[]> {
	const { stdout } = await compose('ps', '--all', '--format', 'json');
	const rows = stdout.split('\n').map((line) => JSON.parse(line) as { Service: string; State: string; Health: string; ExitCode: number });
	return rows.map(({ Service, State, Health, ExitCode }) => `${Service} ${Health === '' ? `${State} ${ExitCode}` : Health}`);
}

test('a DAG is taken from the working tree', async () => {
	await writeFile(join(directory, 'airflow', 'dags', 'fresh.py'), 'from airflow import DAG\nimport pendulum\n\ndag = DAG("fresh", start_date=pendulum.datetime(2024, 1, 1), schedule=None)\n');
	await expect.poll(async () => (await compose('exec', '--no-TTY', 'scheduler', 'airflow', 'dags', 'list', '--output', 'plain')).stdout, { timeout: 90_000, interval: 2000 }).toContain('fresh');
});

test('a wrong password is said to be one', async () => {
	const { exit, stdout } = await run(['validate', '--url', url, '--no-browser', '--json'], { cwd: directory, env: { AIRFLOW_PASSWORD: 'another' } });
	expect(exit).toBe(3);
	const { checks } = JSON.parse(stdout) as ValidateDocument;
	expect(checks.find(({ name }) => name === 'login')).toMatchObject({ verdict: 'failed', detail: expect.stringContaining('refuses user airflow'), hint: expect.stringContaining('AIRFLOW_PASSWORD') });
});
