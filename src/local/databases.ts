import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Lag } from './lag.ts';
import { releaseAddress, takeAddress } from './runtime/addresses.ts';
import type { PostgresProgram } from './runtime/postgres-program.ts';
import { answersTls, type Postgres, startPostgres } from './runtime/postgres.ts';

export interface DatabaseRequest {
	readonly port: number;
	readonly user: string;
	readonly password: string;
	readonly database: string;
}

/** How RDS shows the instance. */
export interface DatabaseState {
	readonly status: 'creating' | 'backing-up' | 'available' | 'deleting' | 'failed';
	/** Once it answers. */
	readonly address?: string;
	readonly port: number;
}

interface Running {
	state: DatabaseState;
	starting: Promise<Postgres | undefined>;
	readonly directory: string;
	address?: string;
	published?: Published;
	/** What goes with the instance: its network interface. */
	readonly release: () => Promise<void>;
}

export interface DatabaseSettings {
	/** Where data directories are made; see `postgresHome`. */
	readonly home: string;
	/** Starts the server of an instance; resolves when it answers. */
	readonly serve: ServeDatabase;
	/** Shows a server to tasks, where these do not reach loopback addresses of this machine. */
	readonly publish?: ((address: string, port: number) => Promise<Published>) | undefined;
	readonly log: (line: string) => void;
	readonly lag: Pick<Lag, 'milliseconds'>;
}

/** A server where tasks reach it, with the same port. */
export interface Published {
	readonly address: string;
	close(): Promise<void>;
}

export type ServeDatabase = (request: DatabaseRequest & { readonly address: string; readonly directory: string }) => Promise<Postgres>;

/** @param python that supervises servers @param program made ready at the first use */
export function postgresServers({ python, program, log }: { python: string; program: () => Promise<PostgresProgram>; log: (line: string) => void }): ServeDatabase {
	return async ({ directory, ...request }) => {
		const server = await startPostgres({ ...request, program: await program(), python, dataDirectory: directory, tls: true, onLine: (line) => log(`postgres: ${line}`) });
		if (!(await answersTls(request.address, request.port))) throw new Error(`PostgreSQL on ${request.address}:${request.port} does not answer`);
		return server;
	};
}

/** The real PostgreSQL servers behind RDS instances, each on a loopback address of its own. Keys: region and identifier. */
export class Databases {
	readonly #settings: DatabaseSettings;
	readonly #running = new Map<string, Running>();
	#made = 0;

	constructor(settings: DatabaseSettings) {
		this.#settings = settings;
	}

	stateOf(key: string): DatabaseState | undefined {
		return this.#running.get(key)?.state;
	}

	/** Returns at once: the instance is `creating` until its server answers, `failed` if that never happens. */
	create(key: string, request: DatabaseRequest, release: () => Promise<void>): void {
		const directory = join(this.#settings.home, `database-${++this.#made}`);
		const running: Running = { state: { status: 'creating', port: request.port }, directory, release, starting: Promise.resolve(undefined) };
		this.#running.set(key, running);
		running.starting = this.#start(running, request).catch((error: Error) => {
			this.#settings.log(`database ${key}: ${error.message}`);
			running.state = { status: 'failed', port: request.port };
			return undefined;
		});
	}

	/** Resolves when the server is gone and its data are removed. It is `deleting` from the call until `settled` was run, even if the server is gone. */
	async delete(key: string, settled: () => Promise<void>): Promise<void> {
		const running = this.#running.get(key);
		if (!running) return settled();
		running.state = { ...running.state, status: 'deleting' };
		await Promise.all([this.#end(running), delay(this.#settings.lag.milliseconds('databaseRemoval'), undefined, { ref: false })]);
		await running.release();
		await settled();
		this.#running.delete(key);
	}

	/** Ends every server and forgets all instances. */
	async stopAll(): Promise<void> {
		await Promise.all([...this.#running.values()].map((running) => this.#end(running)));
		this.#running.clear();
	}

	async #start(running: Running, request: DatabaseRequest): Promise<Postgres> {
		const { serve, lag } = this.#settings;
		const long = delay(lag.milliseconds('database'), undefined, { ref: false });
		const address = await takeAddress([request.port]);
		if (address === undefined) throw new Error(`port ${request.port} is in use on every loopback address: a server listens on 0.0.0.0:${request.port}`);
		running.address = address;
		const server = await serve({ ...request, address, directory: running.directory });
		if (this.#settings.publish) running.published = await this.#settings.publish(address, request.port);
		const shown = running.published?.address ?? address;
		void long.then(() => this.#settle(running, { address: shown, port: request.port }));
		void server.exited.then(() => {
			if (running.state.status === 'available') running.state = { status: 'failed', port: request.port };
		});
		return server;
	}

	/** After its creation an instance is backed up for the first time. */
	#settle(running: Running, where: { address: string; port: number }): void {
		if (running.state.status !== 'creating') return;
		const available = (): void => {
			if (running.state.status !== 'deleting' && running.state.status !== 'failed') running.state = { status: 'available', ...where };
		};
		const backup = this.#settings.lag.milliseconds('databaseBackup');
		if (backup === 0) return available();
		running.state = { status: 'backing-up', ...where };
		setTimeout(available, backup).unref();
	}

	async #end(running: Running): Promise<void> {
		const server = await running.starting;
		await running.published?.close();
		await server?.stop();
		await rm(running.directory, { recursive: true, force: true });
		if (running.address !== undefined) releaseAddress(running.address);
	}
}
