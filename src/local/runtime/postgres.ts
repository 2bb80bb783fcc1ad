import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { once } from 'node:events';
import { selfSigned } from './certificate.ts';
import type { PostgresProgram } from './postgres-program.ts';
import { supervise, type Supervised } from './supervisor.ts';

export interface PostgresOptions {
	readonly program: PostgresProgram;
	/** The Python that runs the supervisor. */
	readonly python: string;
	/** Initialised when empty; keeps its data over a stop and a start. The account of `program` must reach it. */
	readonly dataDirectory: string;
	readonly address: string;
	readonly port: number;
	readonly user: string;
	readonly password: string;
	readonly database: string;
	/** Only TLS connections are let in, as with rds.force_ssl on RDS; without, none is offered. */
	readonly tls: boolean;
	/** PostgreSQL's log. */
	readonly onLine?: (line: string) => void;
}

export interface Postgres {
	/** Ends connections, writes everything, and resolves when the server is gone. */
	stop(): Promise<void>;
	readonly exited: Promise<number>;
}

/**
 * Starts a PostgreSQL server and resolves when it accepts connections.
 * Written data reach the disk when the kernel likes: they survive a killed server, not a power failure.
 * @throws Error with the server's last lines if it ends before
 */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
	await initialise(options);
	await configure(options);
	const log = new Log(options.onLine);
	const server = run(options, [binary(options, 'postgres'), '-D', options.dataDirectory], (line) => log.add(line));
	const failed = server.exited.then((code) => {
		throw new Error(`PostgreSQL ended with ${code}: ${log.tail()}`);
	});
	await Promise.race([log.until(/database system is ready to accept connections/), failed]);
	failed.catch(() => {});
	return { stop: () => stop(server), exited: server.exited };
}

/** Whether a PostgreSQL server that offers TLS answers there: it says `S` to an SSLRequest. */
export async function answersTls(address: string, port: number): Promise<boolean> {
	const socket = connect({ host: address, port, timeout: 2000 });
	try {
		await once(socket, 'connect');
		socket.write(Buffer.from('0000000804d2162f', 'hex'));
		const [answer] = (await once(socket, 'data')) as [Buffer];
		return answer[0] === 0x53;
	} catch {
		return false;
	} finally {
		socket.destroy();
	}
}

async function stop(server: Supervised): Promise<void> {
	server.signal('SIGINT'); // "fast": ends the connections
	const impatient = setTimeout(() => server.kill(), 10_000);
	await server.exited;
	clearTimeout(impatient);
}

/** The last lines of the server's log, and a wait for one. */
class Log {
	readonly #lines: string[] = [];
	readonly #onLine: ((line: string) => void) | undefined;
	#waiting: ((line: string) => void) | undefined;

	constructor(onLine: ((line: string) => void) | undefined) {
		this.#onLine = onLine;
	}

	add(line: string): void {
		this.#lines.push(line);
		this.#lines.splice(0, this.#lines.length - 20);
		this.#waiting?.(line);
		this.#onLine?.(line);
	}

	until(pattern: RegExp): Promise<void> {
		return new Promise((resolve) => {
			this.#waiting = (line) => pattern.test(line) && resolve();
		});
	}

	tail(): string {
		return this.#lines.join('\n');
	}
}

/** initdb, then the user and the database, without a server; an interrupted one is begun anew. */
async function initialise(options: PostgresOptions): Promise<void> {
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

async function configure(options: PostgresOptions): Promise<void> {
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
	synchronous_commit: 'off',
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

const binary = ({ program }: PostgresOptions, name: string): string => join(program.directory, 'bin', name);

async function finish(options: PostgresOptions, what: string, command: readonly string[]): Promise<void> {
	const lines: string[] = [];
	const code = await run(options, command, (line) => lines.push(line)).exited;
	// Single-user mode ends with 0 whatever became of its statements.
	if (code !== 0 || lines.some((line) => /\b(ERROR|FATAL|PANIC):/.test(line))) {
		throw new Error(`PostgreSQL: ${what} ended with ${code}: ${lines.slice(-10).join('\n')}`);
	}
}

function run({ program, python, dataDirectory }: PostgresOptions, command: readonly string[], onLine: (line: string) => void): Supervised {
	return supervise({
		python,
		command,
		environment: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC', LD_LIBRARY_PATH: join(program.directory, 'lib') },
		directory: dataDirectory,
		user: program.account?.name,
		// "Immediate": also gives its System V shared memory back, which SIGKILL would leave behind.
		end: { signal: 'SIGQUIT', seconds: 5 },
		onLine,
	});
}
