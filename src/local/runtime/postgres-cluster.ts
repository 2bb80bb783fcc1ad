import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { selfSigned } from './certificate.ts';
import type { PostgresOptions } from './postgres.ts';
import { binary, runPostgres } from './postgres-program.ts';

/** initdb, then the user and the database, without a server; an interrupted one is begun anew. */
export async function initialise(options: PostgresOptions): Promise<void> {
	const { dataDirectory } = options;
	const done = join(dataDirectory, 'airflow-deploy-initialised');
	if (existsSync(done)) {
		return;
	}
	await rm(dataDirectory, { recursive: true, force: true });
	await mkdir(dirname(dataDirectory), { recursive: true });
	await chmod(dirname(dataDirectory), 0o755);
	await mkdir(dataDirectory, { mode: 0o700 });
	await own(options, dataDirectory);
	// `trust` is what initdb writes into a pg_hba.conf that configure() replaces.
	const cluster = ['-D', dataDirectory, '-U', administrator, '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync'];
	await finish(options, 'initdb', [binary(options, 'initdb'), ...cluster, '--no-instructions']);
	const statements = await file(options, 'airflow-deploy-initialise.sql', creation(options));
	// Single-user mode: the package has no psql, and the superuser of initdb has no password.
	const single = 'exec "$0" --single -j -c dynamic_shared_memory_type=mmap -D "$1" postgres < "$2"';
	await finish(options, 'creating the database', ['/bin/sh', '-ec', single, binary(options, 'postgres'), dataDirectory, statements]);
	await rm(statements);
	await writeFile(done, '');
}

/** The superuser is the provider's own, as on RDS, where the master user is none. */
const administrator = 'rdsadmin';

/** With -j a statement ends at a semicolon followed by an empty line. */
function creation({ user, password, database }: PostgresOptions): string {
	return [
		`CREATE ROLE ${quoted(user)} LOGIN CREATEDB CREATEROLE PASSWORD '${password.replaceAll("'", "''")}';`,
		`GRANT pg_monitor, pg_signal_backend, pg_checkpoint TO ${quoted(user)};`,
		...(database === 'postgres' ? [] : [`CREATE DATABASE ${quoted(database)} OWNER ${quoted(user)};`]),
		'',
	].join('\n\n');
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Writes the settings anew: address and port may be others than at the last start. */
export async function configure(options: PostgresOptions): Promise<void> {
	const { address, port, tls } = options;
	const { certificate, key } = selfSigned('airflow-deploy.localhost');
	await file(options, 'server.crt', certificate);
	await file(options, 'server.key', key);
	await file(options, 'pg_hba.conf', `${tls ? 'hostssl' : 'host'} all all 0.0.0.0/0 scram-sha-256\n`);
	const settings = { ...constantSettings, listen_addresses: `'${address}'`, port, ssl: tls ? 'on' : 'off' };
	await file(options, 'postgresql.conf', Object.entries(settings).map(([name, value]) => `${name} = ${value}\n`).join(''));
}

const constantSettings = {
	unix_socket_directories: "''", // their paths are limited to 107 bytes
	dynamic_shared_memory_type: 'mmap', // files in the data directory, not in /dev/shm, where a kill would leave them
	max_connections: 100,
	shared_buffers: '16MB',
	max_wal_size: '256MB',
	min_wal_size: '32MB',
	wal_level: 'minimal',
	max_wal_senders: 0,
	fsync: 'off',
	full_page_writes: 'off',
	jit: 'off',
	timezone: "'UTC'",
	log_timezone: "'UTC'",
	lc_messages: "'C'",
};

/** Writes a file into the data directory, readable by PostgreSQL's account only (it insists for the key). */
async function file(options: PostgresOptions, name: string, content: string): Promise<string> {
	const path = join(options.dataDirectory, name);
	await rm(path, { force: true });
	await writeFile(path, content, { mode: 0o600 });
	await own(options, path);
	return path;
}

async function own({ program: { account } }: PostgresOptions, path: string): Promise<void> {
	if (account) {
		await chown(path, account.uid, account.gid);
	}
}

async function finish(options: PostgresOptions, what: string, command: readonly string[]): Promise<void> {
	const lines: string[] = [];
	const code = await runPostgres(options, command, (line) => lines.push(line)).exited;
	// Single-user mode ends with 0 whatever became of its statements.
	if (code !== 0 || lines.some((line) => /\b(ERROR|FATAL|PANIC):/.test(line))) {
		throw new Error(`PostgreSQL: ${what} ended with ${code}: ${lines.slice(-10).join('\n')}`);
	}
}
