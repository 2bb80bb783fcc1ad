import { type IncomingMessage, request as httpRequest, type RequestOptions } from 'node:http';
import type { Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { UserError } from '../../errors.ts';

/** What the engine answered instead of doing it, in its own words. */
export class EngineError extends Error {
	readonly status: number;
	constructor(status: number, message: string) {
		super(message);
		this.status = status;
	}
}

export interface EngineRequest {
	readonly query?: Readonly<Record<string, string>>;
	/** JSON, or bytes as they are. */
	readonly body?: unknown;
	readonly headers?: Readonly<Record<string, string>>;
}

/**
 * The HTTP API of a Docker engine on this machine (https://docs.docker.com/reference/api/engine); without a version in the
 * path it speaks its newest, and what is used here has been the same since 1.41.
 */
export class Engine {
	readonly #socketPath: string;

	constructor(socketPath: string) {
		this.#socketPath = socketPath;
	}

	/** The parsed answer; undefined where it has none. @throws EngineError; UserError `NoDockerEngine` */
	async ask<T = unknown>(method: string, path: string, request: EngineRequest = {}): Promise<T> {
		const response = await this.stream(method, path, request);
		const text = (await buffer(response)).toString();
		return (response.headers['content-type']?.includes('json') && text !== '' ? JSON.parse(text) : undefined) as T;
	}

	/** The answer as it comes; resolves when it begins. */
	async stream(method: string, path: string, request: EngineRequest = {}): Promise<IncomingMessage> {
		const response = await this.#send(method, path, request);
		if ('statusCode' in response) return response;
		throw new Error(`${method} ${path} changed the protocol`);
	}

	/** A connection in both directions, as for a terminal. */
	async hijack(path: string, request: EngineRequest): Promise<Socket> {
		const response = await this.#send('POST', path, request, { Connection: 'Upgrade', Upgrade: 'tcp' });
		if ('statusCode' in response) throw new Error(`POST ${path} kept the protocol`);
		return response as Socket;
	}

	async #send(method: string, path: string, { query = {}, body, headers: given = {} }: EngineRequest, headers: Record<string, string> = {}): Promise<IncomingMessage | Socket> {
		const search = new URLSearchParams(query).toString();
		const content = body === undefined || Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
		const type = content === undefined ? {} : { 'content-type': Buffer.isBuffer(body) ? 'application/x-tar' : 'application/json', 'content-length': content.length };
		const answer = await exchange({ socketPath: this.#socketPath, method, path: search === '' ? path : `${path}?${search}`, headers: { ...given, ...headers, ...type }, agent: false }, content).catch((error: unknown) => {
			throw noEngine(this.#socketPath, error);
		});
		if (!('statusCode' in answer) || (answer.statusCode ?? 500) < 400) return answer;
		const text = (await buffer(answer)).toString();
		throw new EngineError(answer.statusCode ?? 500, messageIn(text) ?? text);
	}
}

function exchange(options: RequestOptions, content: Buffer | undefined): Promise<IncomingMessage | Socket> {
	return new Promise((resolve, reject) => {
		const request = httpRequest(options, resolve);
		request.on('upgrade', (_, socket: Socket, head) => {
			if (head.length > 0) socket.unshift(head);
			resolve(socket);
		});
		request.on('error', reject);
		request.end(content);
	});
}

function messageIn(text: string): string | undefined {
	try {
		return (JSON.parse(text) as { message?: string }).message;
	} catch {
		return undefined;
	}
}

const reasons: Readonly<Record<string, string>> = {
	ENOENT: 'nothing is there',
	ECONNREFUSED: 'it does not run',
	EACCES: 'you may not use it',
};

function noEngine(socketPath: string, cause: unknown): UserError {
	const code = (cause as NodeJS.ErrnoException).code ?? '';
	const hint = code === 'EACCES' ? 'sudo usermod -aG docker $USER, then log in again' : 'start or install Docker (https://docs.docker.com/engine/install); without it: airflow-deploy local stop, then airflow-deploy up --local';
	return new UserError('NoDockerEngine', `no Docker engine answers at ${socketPath}: ${reasons[code] ?? (cause as Error).message}`, { hint, cause });
}

/** `ContainerConfig` and `HostConfig` of the API, as far as they are used here. */
export interface ContainerRequest {
	readonly Image: string;
	readonly Entrypoint?: readonly string[];
	readonly Cmd?: readonly string[];
	readonly Env?: readonly string[];
	readonly WorkingDir?: string;
	readonly User?: string;
	readonly Labels: Readonly<Record<string, string>>;
	readonly HostConfig: Readonly<Record<string, unknown>>;
	readonly NetworkingConfig?: { readonly EndpointsConfig: Readonly<Record<string, unknown>> };
}

export interface InspectedContainer {
	readonly Id: string;
	readonly State: { readonly Running: boolean; readonly ExitCode: number; readonly OOMKilled: boolean; readonly Pid: number };
	readonly NetworkSettings: { readonly Networks: Readonly<Record<string, { readonly IPAddress: string }>> };
}

/** @throws EngineError */
export async function createContainer(engine: Engine, name: string, request: ContainerRequest): Promise<string> {
	const { Id } = await engine.ask<{ Id: string }>('POST', '/containers/create', { query: { name }, body: request });
	return Id;
}

/** Ends and removes a container with its anonymous volumes; resolves also where there is none. */
export async function removeContainer(engine: Engine, id: string): Promise<void> {
	await engine.ask('DELETE', `/containers/${id}`, { query: { force: '1', v: '1' } }).catch(unlessGone);
}

/** 404: it is gone; 409: it is going. */
export function unlessGone(error: unknown): void {
	if (!(error instanceof EngineError && (error.status === 404 || error.status === 409))) throw error;
}
