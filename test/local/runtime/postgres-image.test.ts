import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ContainerSpec, TaskSandbox, TaskVolume } from '../../../src/local/ecs/runtime.ts';
import { PostgresClient } from './postgres-client.ts';
import { until } from './support.ts';
import { check, quit, start, type Started, TestRuntime, untilHealthy } from './task-runtime.ts';

const image = 'public.ecr.aws/docker/library/postgres:15';
const password = 'it\'s "quoted" $1 \\n';
const environment = { POSTGRES_USER: 'airflow', POSTGRES_PASSWORD: password, POSTGRES_DB: 'branch', PGDATA: '/var/lib/postgresql/data/pgdata' };
const mounts = [{ volume: 'data', path: '/var/lib/postgresql/data', readOnly: false }];
const isReady = ['CMD-SHELL', 'pg_isready -h localhost -U airflow'];
let tests: TestRuntime;

beforeAll(async () => {
	tests = await TestRuntime.create();
	await tests.runtime.pull(image, () => {});
});
afterAll(() => tests.remove());

const onEfs = (accessPointId: string): TaskVolume[] => [{ name: 'data', efs: { fileSystemId: 'fs-1', accessPointId, rootDirectory: '/' } }];

const postgres = (sandbox: TaskSandbox, changes: Partial<ContainerSpec> = {}): Promise<Started> =>
	start(sandbox, { name: 'postgres', image, environment, user: '999:999', ...changes }, quit);

const healthy = (container: Started): Promise<void> => untilHealthy(container, isReady);

const login = ({ address }: TaskSandbox, changes: object = {}): Parameters<typeof PostgresClient.open>[0] => ({ address, port: 5432, user: 'airflow', password, database: 'branch', tls: false, ...changes });

const query = async (sandbox: TaskSandbox, sql: string, changes: object = {}): Promise<string[]> => (await PostgresClient.open(login(sandbox, changes))).query(sql);

test('data live on the access point: a task in the place of the last one finds them', async () => {
	const volumes = onEfs('fsap-kept');
	const first = await tests.createTask(volumes);
	const container = await postgres(first, { mounts });
	await healthy(container);
	expect(container.lines).toContain('PostgreSQL init process complete; ready for start up.');
	expect(await query(first, 'SELECT current_user, current_database(), rolsuper FROM pg_roles WHERE rolname = current_user')).toEqual(['airflow', 'branch', 't']);
	await query(first, 'CREATE TABLE kept (i int); INSERT INTO kept VALUES (7)');
	container.signal('SIGTERM');
	expect(await container.exited).toEqual({ exitCode: 0, outOfMemory: false });
	await first.dispose();

	const second = await tests.createTask(volumes);
	const again = await postgres(second, { mounts });
	await healthy(again);
	expect(again.lines).toContain('PostgreSQL Database directory appears to contain a database; Skipping initialization');
	expect(await query(second, 'SELECT i FROM kept')).toEqual(['7']);
});

test('what was committed survives a server that was killed', async () => {
	const volumes = onEfs('fsap-killed');
	const first = await tests.createTask(volumes);
	const container = await postgres(first, { mounts });
	await healthy(container);
	await query(first, 'CREATE TABLE kept (i int); INSERT INTO kept VALUES (8)');
	container.kill();
	expect(await container.exited).toMatchObject({ exitCode: 137 });
	const second = await tests.createTask(volumes);
	await healthy(await postgres(second, { mounts }));
	expect(await query(second, 'SELECT i FROM kept')).toEqual(['8']);
});

test('a second server on one data directory ends at once and says why, and harms nothing', async () => {
	const volumes = onEfs('fsap-locked');
	const [first, second] = [await tests.createTask(volumes), await tests.createTask(volumes)];
	const container = await postgres(first, { mounts });
	await healthy(container);
	const other = await postgres(second, { mounts });
	expect(await other.exited).toMatchObject({ exitCode: 1 });
	expect(other.lines.join('\n')).toMatch(/^FATAL: the data directory .*pgdata is locked: another server uses it/);
	expect(await query(first, 'SELECT 1')).toEqual(['1']);
});

test('an interrupted initialisation is begun anew', async () => {
	const volumes = onEfs('fsap-interrupted');
	const container = await postgres(await tests.createTask(volumes), { mounts });
	await until(() => container.lines.some((line) => line.startsWith('The files belonging to this database system')));
	container.kill();
	await container.exited;
	const sandbox = await tests.createTask(volumes);
	const again = await postgres(sandbox, { mounts });
	await healthy(again);
	expect(again.lines[0]).toMatch(/initialisation was interrupted and is begun anew/);
	expect(await query(sandbox, 'SELECT current_database()')).toEqual(['branch']);
});

test('without a volume data are in the task\'s own storage; names default to the image\'s', async () => {
	const sandbox = await tests.createTask();
	const container = await postgres(sandbox, { environment: { POSTGRES_PASSWORD: password } });
	await healthy(container);
	expect(await query(sandbox, 'SELECT current_user, current_database()', { user: 'postgres', database: 'postgres' })).toEqual(['postgres', 'postgres']);
});

describe('passwords', () => {
	test('a wrong one is refused, at the task\'s own address too', async () => {
		const sandbox = await tests.createTask();
		await healthy(await postgres(sandbox));
		await expect(query(sandbox, 'SELECT 1', { password: 'wrong' })).rejects.toThrow(/password authentication failed for user "airflow"/);
	});

	test('none is an error before anything is made', async () => {
		const volumes = onEfs('fsap-without');
		const container = await postgres(await tests.createTask(volumes), { mounts, environment: { PGDATA: environment.PGDATA } });
		expect(await container.exited).toMatchObject({ exitCode: 1 });
		expect(container.lines.join('\n')).toMatch(/^Error: Database is uninitialized and superuser password is not specified/);
		const sandbox = await tests.createTask(volumes);
		await healthy(await postgres(sandbox, { mounts }));
	});
});

describe('pg_isready', () => {
	test('has the real one\'s words and exit codes', async () => {
		const sandbox = await tests.createTask();
		const container = await postgres(sandbox);
		await healthy(container);
		const expected: [command: string[], exitCode: number, output: string][] = [
			[['CMD', 'pg_isready'], 0, '/var/run/postgresql:5432 - accepting connections\n'],
			[['CMD', 'pg_isready', '-h', 'localhost', '-U', 'airflow', '-d', 'branch'], 0, `${sandbox.address}:5432 - accepting connections\n`],
			[['CMD-SHELL', 'pg_isready -h localhost -U unknown || exit 1'], 0, 'localhost:5432 - accepting connections\n'],
			[['CMD-SHELL', 'pg_isready --port=5433 --quiet'], 2, ''],
			[['CMD-SHELL', 'pg_isready --no-such-option'], 3, 'pg_isready: error: option --no-such-option not recognized\n'],
		];
		for (const [command, exitCode, output] of expected) expect(await check(container, command)).toEqual({ exitCode, output });
	});

	test('tells a server that is not there yet', async () => {
		const sandbox = await tests.createTask();
		const container = await postgres(sandbox, { command: ['sleep', '300'] });
		expect(await check(container, isReady)).toEqual({ exitCode: 2, output: 'localhost:5432 - no response\n' });
	});
});

test('a container of the same task reaches it as localhost', async () => {
	const sandbox = await tests.createTask();
	await healthy(await postgres(sandbox));
	const client = await start(sandbox, { name: 'client', image, command: ['sh', '-c', 'pg_isready -h "$DATABASE_HOST"'], environment: { DATABASE_HOST: 'localhost' } });
	expect(await client.exited).toMatchObject({ exitCode: 0 });
	expect(client.lines).toEqual([`${sandbox.address}:5432 - accepting connections`]);
});

test('a stop ends open connections and comes in time', async () => {
	const sandbox = await tests.createTask();
	const container = await postgres(sandbox);
	await healthy(container);
	const client = await PostgresClient.open(login(sandbox));
	const broken = client.query('SELECT pg_sleep(60)');
	broken.catch(() => {});
	const began = Date.now();
	container.signal('SIGTERM');
	expect(await container.exited).toMatchObject({ exitCode: 0 });
	expect(Date.now() - began).toBeLessThan(5000);
	await expect(broken).rejects.toThrow(/terminating connection due to administrator command/);
	expect(container.lines).toContainEqual(expect.stringContaining('received fast shutdown request'));
});

test.each(['/database', '/var/lib/postgresql/deep/down/pgdata'])('PGDATA %s is in the container too, not in the machine\'s root', async (path) => {
	const sandbox = await tests.createTask();
	const container = await postgres(sandbox, { environment: { ...environment, PGDATA: path } });
	await healthy(container);
	const [data] = await query(sandbox, 'SHOW data_directory');
	expect(data).toMatch(new RegExp(`/tasks/.*/containers/postgres${path}$`));
	expect(existsSync(path)).toBe(false);
});

test('options of the command are the server\'s, the address is the task\'s', async () => {
	const sandbox = await tests.createTask();
	const container = await postgres(sandbox, { command: ['postgres', '-c', 'max_connections=17', '-c', 'listen_addresses=*'] });
	await healthy(container);
	const names = ['max_connections', 'listen_addresses', 'unix_socket_directories'].map((name) => `current_setting('${name}')`);
	expect(await query(sandbox, `SELECT ${names.join(', ')}`)).toEqual(['17', sandbox.address, '']);
	await expect(new Promise((_, reject) => connect(5432, '127.0.0.1').once('error', reject))).rejects.toThrow('ECONNREFUSED');
});

test('a command that is not the server runs in its place, and may become it', async () => {
	const sandbox = await tests.createTask();
	const version = await postgres(sandbox, { command: ['postgres', '--version'] });
	await version.exited;
	expect(version.lines).toEqual([expect.stringMatching(/^postgres \(PostgreSQL\) 15\./)]);
	const container = await postgres(sandbox, { entryPoint: ['sh', '-c'], command: ['echo first; exec docker-entrypoint.sh postgres'] });
	await healthy(container);
	expect(container.lines[0]).toBe('first');
});

test('a directory with something else in it is not touched', async () => {
	const volumes = onEfs('fsap-foreign');
	const sandbox = await tests.createTask(volumes);
	const writer = await postgres(sandbox, { name: 'writer', mounts, command: ['sh', '-c', 'mkdir -p "$PGDATA" && echo mine > "$PGDATA/file"'] });
	expect(await writer.exited).toMatchObject({ exitCode: 0 });
	const container = await postgres(sandbox, { mounts });
	expect((await container.exited).exitCode).not.toBe(0);
	expect(container.lines.join('\n')).toMatch(/exists but is not empty/);
	const reader = await postgres(sandbox, { name: 'reader', mounts, command: ['sh', '-c', 'cat "$PGDATA/file"'] });
	await reader.exited;
	expect(reader.lines).toEqual(['mine']);
});
