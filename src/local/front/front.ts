import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { UserError } from '../../errors.ts';
import type { Answer as EcsAnswer, Caller, Ecs } from '../ecs/dependencies.ts';
import { openDataChannel, sessionIdIn } from '../session/data-channel.ts';
import type { Registry } from '../registry/registry.ts';
import type { Call } from './call.ts';
import { isLocal } from './caller.ts';
import { type Answer, AwsError, failureAnswer, jsonAnswer } from './failure.ts';
import type { Gate } from './gate.ts';
import { callOf, decoded, protocolFor, Refusal, urlOf } from './receive.ts';
import type { Services } from './services.ts';

/** Paths that moto answers by themselves, whatever the signature says. */
const paths = /^\/+(?:moto-api(?:\/|$)|latest\/(?:meta-data|api)\/|favicon\.ico$)/;

interface Backends {
	readonly services: Services;
	readonly ecs: Ecs;
	/** Service-linked roles appear at a service's first use. */
	readonly firstUse: (operation: string) => Promise<void>;
}

export interface Control {
	/** `GET /_endpoint`: who this endpoint is. */
	readonly about: () => object;
	/** `POST /_endpoint/reset` */
	readonly reset: () => Promise<void>;
	/** `POST /_endpoint/faults`: what the tests want to go wrong from now on, instead of what they asked for before. */
	readonly ask: (faults: unknown) => void;
	/** How a call is refused where that was asked for. */
	readonly refusal: (call: Pick<Call, 'service' | 'operation'>) => AwsError | undefined;
	readonly log: (line: string) => void;
	/** Resolves when requests can be answered; those that come before wait. */
	readonly ready: Promise<unknown>;
	/** What every call passes first. */
	readonly gate: () => Gate;
	readonly backends: () => Promise<Backends>;
	/** ECR's, where there is one. */
	readonly registry: () => Pick<Registry, 'answer'> | undefined;
}

/** @throws UserError where the port is taken */
export function listen(port: number, control: Control): Promise<{ server: Server; url: string }> {
	const server = serverOf(control, isLocal);
	return new Promise((resolve, reject) => {
		server.once('error', (error: NodeJS.ErrnoException) => reject(error.code === 'EADDRINUSE' ? portTaken(port) : error));
		server.listen(port, '127.0.0.1', () => resolve({ server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }));
	});
}

/** The same for containers, who come through a Unix socket that nobody else has. */
export async function listenInside(path: string, control: Control): Promise<Server> {
	const server = serverOf(control, () => true);
	server.listen(path);
	await once(server, 'listening');
	return server;
}

type Allows = (request: IncomingMessage) => boolean;

function serverOf(control: Control, allows: Allows): Server {
	const server = createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 }, (request, response) => {
		void respond(request, response, control, allows).catch((error: unknown) => fail(request, response, control, error));
	});
	server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
		void upgrade(request, socket, head, control, allows).catch(() => socket.destroy());
	});
	return server;
}

function portTaken(port: number): UserError {
	return new UserError('PortTaken', `the local endpoint cannot listen on 127.0.0.1:${port}: another program does`, { hint: 'airflow-deploy local start   (without a port: takes a free one)' });
}

async function respond(request: IncomingMessage, response: ServerResponse, control: Control, allows: Allows): Promise<void> {
	if (!allows(request)) return send(response, jsonAnswer(403, { __type: 'AccessDeniedException', message: 'the local endpoint answers to loopback names only: 127.0.0.1, localhost, [::1]' }));
	const url = urlOf(request);
	if (!url || paths.test(decoded(url.pathname))) return send(response, failureAnswer(protocolFor(request), new AwsError('InvalidURI', "Couldn't parse the specified URI.")));
	if (url.pathname.startsWith('/_endpoint')) return send(response, await controlAnswer(request, url, control));
	await control.ready;
	const { services, ecs, firstUse } = await control.backends();
	if (request.method === 'GET' && /^\/v4\/[^/]/.test(url.pathname) && request.headers.authorization === undefined) return sendEcs(response, ecs.metadata(url.pathname));
	if (request.method === 'GET' && url.pathname.startsWith('/v2/credentials/')) return sendEcs(response, await ecs.credentials(url.pathname));
	const registry = url.pathname.startsWith('/v2/') ? control.registry() : undefined;
	if (registry) return registry.answer(request, response, url);
	const received = await callOf(request, url);
	if (received instanceof Refusal) return send(response, failureAnswer(received.protocol, received.error), request);
	const refused = control.refusal(received);
	if (refused) return send(response, failureAnswer(received.protocol, refused), request);
	const caller = await control.gate().pass(received).catch((error: unknown) => {
		if (!(error instanceof AwsError)) throw error;
		// An object may still be on its way here.
		request.resume();
		return error;
	});
	if (caller instanceof AwsError) return send(response, failureAnswer(received.protocol, caller), request);
	const call = { ...received, caller };
	if (isSession(call)) return sendEcs(response, await ecs.ssm(call.operation, parsed(call.body), callerOf(call)));
	if (call.service === 'ecs') {
		await firstUse(call.operation);
		return sendEcs(response, await ecs.handle(call.operation, parsed(call.body), callerOf(call)));
	}
	if (call.body === undefined) return services.stream(call, request, response, { 'x-amzn-requestid': randomUUID() });
	send(response, await services.answer(call), request);
}

function callerOf({ region, caller }: Call): Caller {
	return { region, ...(caller === undefined ? {} : { arn: caller }) };
}

/** AWS's client of data channels sends what it has for Systems Manager to the endpoint of ECS. */
function isSession({ service, operation, headers }: Call): boolean {
	return (service === 'ssm' || service === 'ecs') && headers['x-amz-target'] === `AmazonSSM.${operation}` && /^(Start|Resume|Terminate)Session$/.test(operation);
}

/** Data channels are the only WebSockets. */
async function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, control: Control, allows: Allows): Promise<void> {
	socket.on('error', () => socket.destroy());
	if (!allows(request)) return void socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n');
	await control.ready;
	const { sessions } = (await control.backends()).ecs;
	const id = sessionIdIn(urlOf(request)?.pathname ?? '');
	if (id === undefined || !sessions.has(id)) return void socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n');
	openDataChannel(sessions, id, request, socket, head);
}

async function controlAnswer(request: IncomingMessage, url: URL, { about, reset, ask }: Control): Promise<Answer> {
	switch (`${request.method} ${url.pathname}`) {
		case 'GET /_endpoint':
			return jsonAnswer(200, about());
		case 'POST /_endpoint/reset':
			await reset();
			return jsonAnswer(200, {});
		case 'POST /_endpoint/faults':
			ask(parsed(Buffer.from(await text(request))));
			return jsonAnswer(200, {});
		default:
			return jsonAnswer(404, { message: 'no such page' });
	}
}

function fail(request: IncomingMessage, response: ServerResponse, { log }: Control, error: unknown): void {
	if (error instanceof AwsError && !response.headersSent) return send(response, failureAnswer(protocolFor(request), error), request);
	log(`${request.method} ${request.url}: ${error instanceof Error ? error.stack : String(error)}`);
	if (response.headersSent) return void response.destroy();
	send(response, failureAnswer(protocolFor(request), new AwsError('InternalFailure', 'the local endpoint failed; its log says why: airflow-deploy local logs', { status: 500 })), request);
}

function send(response: ServerResponse, { status, headers, body, stream }: Answer, request?: IncomingMessage): void {
	const { 'content-length': _, ...kept } = headers;
	const identified = { 'x-amzn-requestid': randomUUID(), ...kept };
	if (stream) {
		response.writeHead(status, identified);
		// A client that goes ends it; that is no failure.
		return void pipeline(stream, response).catch(() => {});
	}
	response.writeHead(status, status === 204 || request?.method === 'HEAD' ? identified : { ...identified, 'content-length': body.length });
	response.end(request?.method === 'HEAD' ? undefined : body);
}

function sendEcs(response: ServerResponse, { status, body }: EcsAnswer): void {
	send(response, jsonAnswer(status, body));
}

function parsed(body: Buffer | undefined): unknown {
	try {
		return JSON.parse(body?.toString() || '{}');
	} catch {
		return undefined;
	}
}
