import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { databaseClient, type DatabaseClient, type Login } from '../../src/commands/database-client.ts';

const login: Login = { host: '127.0.0.1', port: 40_001, username: 'airflow', password: 'a:b\\"c', database: 'airflow' };

async function clientOf(database: 'postgres' | 'mysql'): Promise<{ client: DatabaseClient; file: string }> {
	const client = await databaseClient(database, login);
	onTestFinished(() => client.dispose());
	return { client, file: /=(\/\S+)/.exec(client.command)?.[1] ?? '' };
}

test('a password stands in a file of its owner alone, which goes; never among the words of a command', async () => {
	for (const database of ['postgres', 'mysql'] as const) {
		const { client, file } = await clientOf(database);
		expect([(await stat(file)).mode & 0o777, (await stat(dirname(file))).mode & 0o777]).toEqual([0o600, 0o700]);
		expect(client.command).not.toContain(login.password);
		await client.dispose();
		expect(existsSync(dirname(file))).toBe(false);
	}
});

test('PostgreSQL: variables, password file, URL', async () => {
	const { client, file } = await clientOf('postgres');
	expect(client.variables).toEqual({ PGHOST: '127.0.0.1', PGPORT: '40001', PGUSER: 'airflow', PGPASSWORD: login.password, PGDATABASE: 'airflow', PGSERVICE: undefined, PGHOSTADDR: undefined, DATABASE_URL: 'postgresql://airflow:a%3Ab%5C%22c@127.0.0.1:40001/airflow' });
	expect(await readFile(file, 'utf8')).toBe(String.raw`*:*:*:*:a\:b\\"c` + '\n');
	expect(client.command).toBe(`PGPASSFILE=${file} psql --host=127.0.0.1 --port=40001 --username=airflow airflow`);
	expect([client.url({ password: false }), client.url({ password: true })]).toEqual(['postgresql://airflow@127.0.0.1:40001/airflow', 'postgresql://airflow:a%3Ab%5C%22c@127.0.0.1:40001/airflow']);
	expect(client.withFile(['psql', '-c', 'select 1'])).toEqual(['psql', '-c', 'select 1']);
});

test('MySQL: its own clients read the option file, nothing else does', async () => {
	const { client, file } = await clientOf('mysql');
	expect(await readFile(file, 'utf8')).toContain(String.raw`password="a:b\\\"c"`);
	expect(client.variables).toMatchObject({ MYSQL_HOST: '127.0.0.1', MYSQL_TCP_PORT: '40001', MYSQL_USER: 'airflow', MYSQL_PWD: login.password, MYSQL_DATABASE: 'airflow', DATABASE_URL: 'mysql://airflow:a%3Ab%5C%22c@127.0.0.1:40001/airflow' });
	expect(client.withFile(['mysql', '-e', 'select 1'])).toEqual(['mysql', `--defaults-file=${file}`, '-e', 'select 1']);
	expect(client.withFile(['/usr/bin/mariadb-dump', 'airflow'])).toEqual(['/usr/bin/mariadb-dump', `--defaults-file=${file}`, 'airflow']);
	for (const words of [['mysqlsh'], ['mysql', '--defaults-file=mine'], ['mysql', '--no-defaults'], ['sh', '-c', 'mysql']]) expect(client.withFile(words)).toEqual(words);
});
