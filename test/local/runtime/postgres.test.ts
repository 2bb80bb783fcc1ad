import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { releaseAddress, takeAddress } from '../../../src/local/runtime/addresses.ts';
import { installer } from '../../../src/local/runtime/installer.ts';
import { answersTls, type Postgres, type PostgresOptions, startPostgres } from '../../../src/local/runtime/postgres.ts';
import { postgresHome, postgresProgram } from '../../../src/local/runtime/postgres-program.ts';
import { PostgresClient as Client } from './postgres-client.ts';
import { python } from './support.ts';

let base: string;
let home: string;
let options: PostgresOptions;

beforeAll(async () => {
	base = await mkdtemp(join(tmpdir(), 'airflow-deploy-test-'));
	home = await postgresHome(base);
	const program = await postgresProgram(installer(() => {}, { ...process.env, XDG_CACHE_HOME: join(base, 'cache') }), home);
	const address = (await takeAddress([5432])) ?? '';
	options = { program, python, dataDirectory: join(home, 'data', 'main'), address, port: 5432, user: 'airflow', password: 'it\'s "quoted" $1 \\n', database: 'airflow', tls: true };
});

afterAll(async () => {
	releaseAddress(options.address);
	await rm(base, { recursive: true, force: true });
	await rm(home, { recursive: true, force: true });
});

async function started(changes: Partial<PostgresOptions> = {}): Promise<Postgres> {
	const postgres = await startPostgres({ ...options, ...changes });
	onTestFinished(() => postgres.stop());
	return postgres;
}

test('the master user logs in over TLS, owns the database and is no superuser', async () => {
	await started();
	expect(await answersTls(options.address, 5432)).toBe(true);
	const client = await Client.open(options);
	expect(await client.query('SELECT current_user, current_database(), rolsuper FROM pg_roles WHERE rolname = current_user')).toEqual(['airflow', 'airflow', 'f']);
	await client.query('CREATE TABLE kept (i int); INSERT INTO kept VALUES (7)');
	client.end();
});

test('data survive a stop and a start', async () => {
	const first = await started();
	await first.stop();
	expect(await first.exited).toBe(0);
	expect(await answersTls(options.address, 5432)).toBe(false);
	await started();
	const client = await Client.open(options);
	expect(await client.query('SELECT i FROM kept')).toEqual(['7']);
	client.end();
});

test('connections without TLS are refused, with the words of RDS', async () => {
	await started();
	await expect(Client.open({ ...options, tls: false })).rejects.toThrow(/no pg_hba.conf entry for host .*, user "airflow", database "airflow", no encryption/);
});

test('a wrong password is refused', async () => {
	await started();
	await expect(Client.open({ ...options, password: 'wrong' })).rejects.toThrow(/password authentication failed/);
});

test('without TLS it takes plain connections', async () => {
	await started({ tls: false, dataDirectory: join(home, 'data', 'plain'), database: 'postgres' });
	expect(await answersTls(options.address, 5432)).toBe(false);
	const client = await Client.open({ ...options, tls: false, database: 'postgres' });
	expect(await client.query('SHOW max_connections')).toEqual(['100']);
	client.end();
});

test('an initialisation that was interrupted is begun anew', async () => {
	const dataDirectory = join(home, 'data', 'interrupted');
	await mkdir(dataDirectory, { recursive: true });
	await writeFile(join(dataDirectory, 'PG_VERSION'), '15\n');
	await started({ dataDirectory });
	expect(await answersTls(options.address, 5432)).toBe(true);
});

test('a taken port is an error with what PostgreSQL says', async () => {
	const server = createServer().listen(5432, options.address);
	onTestFinished(() => void server.close());
	await once(server, 'listening');
	await expect(startPostgres(options)).rejects.toThrow(/Address already in use/);
});

test('it leaves nothing outside its directory: no socket, no files in /dev/shm', async () => {
	await started();
	const client = await Client.open(options);
	const settings = ['unix_socket_directories', 'dynamic_shared_memory_type'].map((name) => `current_setting('${name}')`);
	expect(await client.query(`SELECT ${settings.join(', ')}`)).toEqual(['', 'mmap']);
	client.end();
});
