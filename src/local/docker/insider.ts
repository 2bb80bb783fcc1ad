import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { createContainer, type Engine, EngineError, type InspectedContainer, removeContainer } from './engine.ts';
import { type HostPython } from './host-python.ts';
import { InsideConnection } from './inside-connection.ts';
import { linesOf } from './output.ts';

/** Commands of templates/containers/network.py. */
export type InsiderCommand =
	| readonly ['address', address: string, prefix: number]
	| readonly ['relay', address: string, port: number]
	| readonly ['own', path: string, uid: number, gid: number, mode: string]
	| readonly ['remove', path: string]
	| readonly ['kill', pid: number];

export interface InsiderRequest {
	/** Of its container. */
	readonly name: string;
	readonly labels: Readonly<Record<string, string>>;
	readonly python: HostPython;
	readonly network: string;
	/** Undefined: one that the engine gives. */
	readonly address?: string;
	/** Shared with it, and made for it; short, for it holds Unix sockets. */
	readonly directory: string;
	/** Done before it answers, after each restart of the engine too. */
	readonly commands: readonly InsiderCommand[];
	/** More of the API's `HostConfig`. */
	readonly host?: Readonly<Record<string, unknown>>;
	readonly binds?: readonly string[];
}

const image = 'airflow-deploy/empty:1';
const shared = '/run/airflow-deploy';
const readySeconds = 60;

/** A container of our own program, which acts where this process cannot: in a network of containers, or as root. */
export class Insider {
	readonly id: string;
	/** On its network. */
	readonly address: string;
	readonly #engine: Engine;
	readonly #directory: string;

	private constructor(engine: Engine, id: string, address: string, directory: string) {
		this.#engine = engine;
		this.id = id;
		this.address = address;
		this.#directory = directory;
	}

	/** Resolves when it answers. @throws EngineError; Error with its last lines where it ends at once */
	static async start(engine: Engine, request: InsiderRequest): Promise<Insider> {
		await mkdir(request.directory, { recursive: true, mode: 0o700 });
		const id = await create(engine, request);
		try {
			return new Insider(engine, id, await started(engine, id, request), request.directory);
		} catch (error) {
			await removeContainer(engine, id).catch(() => {});
			throw error;
		}
	}

	/** @throws Error with what Python says */
	async ask(command: InsiderCommand): Promise<void> {
		const socket = connect(join(this.#directory, 'control'));
		socket.end(`${JSON.stringify(command)}\n`);
		const { error } = JSON.parse(await text(socket)) as { error?: string };
		if (error !== undefined) throw new Error(`${command[0]}: ${error}`);
	}

	/** A TCP connection from inside its network. */
	connect(host: string, port: number): Duplex {
		return new InsideConnection(join(this.#directory, 'control'), host, port);
	}

	async remove(): Promise<void> {
		await removeContainer(this.#engine, this.id);
		await rm(this.#directory, { recursive: true, force: true });
	}
}

/** Resolves when it answers, with its address. */
async function started(engine: Engine, id: string, { directory, network }: InsiderRequest): Promise<string> {
	await engine.ask('POST', `/containers/${id}/start`);
	const control = join(directory, 'control');
	const limit = performance.now() + readySeconds * 1000;
	while (!existsSync(control)) {
		const { State } = await inspect(engine, id);
		if (!State.Running || performance.now() > limit) throw new Error(`a container of the local endpoint does not run: ${await lastLines(engine, id)}`);
		await delay(10);
	}
	const { NetworkSettings } = await inspect(engine, id);
	return NetworkSettings.Networks[network]?.IPAddress ?? '';
}

async function create(engine: Engine, request: InsiderRequest): Promise<string> {
	const { name, labels, python, network, address, directory, commands, host, binds = [] } = request;
	const wanted = {
		Image: image,
		Entrypoint: [...python.command, shared, ...commands.map((command) => JSON.stringify(command))],
		Labels: labels,
		HostConfig: { NetworkMode: network, CapAdd: ['NET_ADMIN'], Binds: [...python.binds, ...binds, `${directory}:${shared}`], ...host },
		NetworkingConfig: { EndpointsConfig: { [network]: address === undefined ? {} : { IPAMConfig: { IPv4Address: address } } } },
	};
	return createContainer(engine, name, wanted).catch(async (error: unknown) => {
		if (!(error instanceof EngineError && error.status === 404)) throw error;
		await makeEmptyImage(engine);
		return createContainer(engine, name, wanted);
	});
}

/** Needs no registry: an archive without files. It takes no space, and stays in the engine. */
async function makeEmptyImage(engine: Engine): Promise<void> {
	const [repo = '', tag = ''] = image.split(':');
	await engine.ask('POST', '/images/create', { query: { fromSrc: '-', repo, tag, changes: 'LABEL airflow-deploy.image=empty' }, body: Buffer.alloc(1024) });
}

function inspect(engine: Engine, id: string): Promise<InspectedContainer> {
	return engine.ask<InspectedContainer>('GET', `/containers/${id}/json`);
}

async function lastLines(engine: Engine, id: string): Promise<string> {
	const lines: string[] = [];
	const log = await engine.stream('GET', `/containers/${id}/logs`, { query: { stdout: '1', stderr: '1', tail: '5' } });
	await linesOf(log, (line) => lines.push(line));
	return lines.join('\n');
}
