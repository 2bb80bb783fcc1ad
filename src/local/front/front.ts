import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { UserError } from '../../errors.ts';
import type { Answer as EcsAnswer, Ecs } from '../ecs/dependencies.ts';
import { type Call, operationOf, protocolOf } from './call.ts';
import { isLocal, missingSignature, scopeOf } from './caller.ts';
import { type Answer, AwsError, failureAnswer, jsonAnswer, type Protocol } from './failure.ts';
import type { Services } from './services.ts';

/** Larger than any call that is no object: an ECR layer part (20 MiB) in base64. */
const largestCall = 32 * 1024 * 1024;
const largestObject = 5 * 1024 * 1024 * 1024;
/** Paths that moto answers by themselves, whatever the signature says. */
const paths = /^\/+(?:moto-api(?:\/|$)|latest\/(?:meta-data|api)\/|favicon\.ico$)/;
const streamed = new Set(['ObjectOperation', 'PutObject', 'BucketOperation', 'ListBuckets', 'HeadBucket']);

export interface Backends {
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
	readonly log: (line: string) => void;
	/** Resolves when requests can be answered; those that come before wait. */
	readonly ready: Promise<unknown>;
	readonly backends: () => Promise<Backends>;
}

/** @throws UserError where the port is taken */
export function listen(port: number, control: Control): Promise<{ server: Server; url: string }> {
	const server = createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 }, (request, response) => {
		void respond(request, response, control).catch((error: unknown) => fail(request, response, control, error));
	});
	return new Promise((resolve, reject) => {
		server.once('error', (error: NodeJS.ErrnoException) => reject(error.code === 'EADDRINUSE' ? portTaken(port) : error));
		server.listen(port, '127.0.0.1', () => resolve({ server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }));
	});
}

function portTaken(port: number): UserError {
	return new UserError('PortTaken', `the local endpoint cannot listen on 127.0.0.1:${port}: another program does`, { hint: 'airflow-deploy local start   (without a port: takes a free one)' });
}

async function respond(request: IncomingMessage, response: ServerResponse, control: Control): Promise<void> {
	if (!isLocal(request)) return send(response, jsonAnswer(403, { __type: 'AccessDeniedException', message: 'the local endpoint answers to loopback names only: 127.0.0.1, localhost, [::1]' }));
	const url = urlOf(request);
	if (!url || paths.test(decoded(url.pathname))) return send(response, failureAnswer('rest-xml', new AwsError('InvalidURI', "Couldn't parse the specified URI.")));
	if (url.pathname.startsWith('/_endpoint')) return send(response, await controlAnswer(request, url, control));
	await control.ready;
	const { services, ecs, firstUse } = await control.backends();
	if (request.method === 'GET' && /^\/v4\/[^/]/.test(url.pathname) && request.headers.authorization === undefined) return sendEcs(response, ecs.metadata(url.pathname));
	if (request.method === 'GET' && url.pathname.startsWith('/v2/credentials/')) return sendEcs(response, await ecs.credentials(url.pathname));
	const call = await callOf(request, url);
	if (call instanceof Refusal) return send(response, failureAnswer(call.protocol, call.error), request);
	if (call.service === 'ecs') {
		await firstUse(call.operation);
		return sendEcs(response, await ecs.handle(call.operation, parsed(call.body), { region: call.region }));
	}
	if (call.body === undefined) return services.stream(call, request, response, { 'x-amzn-requestid': randomUUID() });
	send(response, await services.answer(call), request);
}

class Refusal {
	readonly protocol: Protocol;
	readonly error: AwsError;
	constructor(protocol: Protocol, error: AwsError) {
		this.protocol = protocol;
		this.error = error;
	}
}

async function callOf(request: IncomingMessage, url: URL): Promise<Call | Refusal> {
	const headers = plain(request);
	try {
		const scope = scopeOf(request, url);
		if (!scope) {
			const { protocol, error } = missingSignature(request);
			return new Refusal(protocol, error);
		}
		const named = { ...scope, protocol: protocolOf(scope.service, headers), method: request.method ?? 'GET', target: request.url ?? '/', url, headers };
		const restOperation = scope.service === 's3' ? operationOf({ ...named, body: undefined }) : '';
		if (streamed.has(restOperation)) {
			if (Number(headers['content-length'] ?? 0) > largestObject) return new Refusal('rest-xml', new AwsError('EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size'));
			return { ...named, operation: restOperation, body: undefined };
		}
		const body = await readBody(request);
		return { ...named, body, operation: operationOf({ ...named, body }) };
	} catch (error) {
		if (error instanceof AwsError) return new Refusal(protocolOf('', headers), error);
		throw error;
	}
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
	const parts: Buffer[] = [];
	let size = 0;
	for await (const part of request as AsyncIterable<Buffer>) {
		size += part.length;
		if (size > largestCall) throw new AwsError('RequestEntityTooLarge', `the request is larger than ${largestCall} bytes`, { status: 413 });
		parts.push(part);
	}
	return Buffer.concat(parts);
}

async function controlAnswer(request: IncomingMessage, url: URL, { about, reset }: Control): Promise<Answer> {
	if (request.method === 'GET' && url.pathname === '/_endpoint') return jsonAnswer(200, about());
	if (request.method !== 'POST' || url.pathname !== '/_endpoint/reset') return jsonAnswer(404, { message: 'no such page' });
	await reset();
	return jsonAnswer(200, {});
}

function fail(request: IncomingMessage, response: ServerResponse, { log }: Control, error: unknown): void {
	if (error instanceof AwsError && !response.headersSent) return send(response, failureAnswer(protocolOf(scopeName(request), plain(request)), error), request);
	log(`${request.method} ${request.url}: ${error instanceof Error ? error.stack : String(error)}`);
	if (response.headersSent) return void response.destroy();
	send(response, failureAnswer(protocolOf(scopeName(request), plain(request)), new AwsError('InternalFailure', 'the local endpoint failed; its log says why: airflow-deploy local logs', { status: 500 })), request);
}

function scopeName(request: IncomingMessage): string {
	const url = urlOf(request);
	return (url && scopeOf(request, url)?.service) ?? '';
}

function send(response: ServerResponse, { status, headers, body }: Answer, request?: IncomingMessage): void {
	const { 'content-length': _, ...kept } = headers;
	const identified = { 'x-amzn-requestid': randomUUID(), ...kept };
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

function urlOf({ url }: IncomingMessage): URL | undefined {
	// A path may begin with two slashes, which alone would be read as a host.
	return URL.canParse(`http://endpoint${url ?? '/'}`) && url?.startsWith('/') ? new URL(`http://endpoint${url}`) : undefined;
}

function decoded(path: string): string {
	try {
		return decodeURIComponent(path);
	} catch {
		return '/moto-api/';
	}
}

function plain({ headers }: IncomingMessage): Record<string, string> {
	return Object.fromEntries(Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]])));
}
