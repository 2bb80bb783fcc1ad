import { once } from 'node:events';
import { connect } from 'node:net';
import { configure, initialise } from './postgres-cluster.ts';
import { binary, type PostgresProgram, runPostgres } from './postgres-program.ts';
import type { Supervised } from './supervisor.ts';

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
	const server = runPostgres(options, [binary(options, 'postgres'), '-D', options.dataDirectory], (line) => log.add(line));
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
