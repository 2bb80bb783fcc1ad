import { randomBytes } from 'node:crypto';
import { type IncomingHttpHeaders, type IncomingMessage, request as httpRequest, type OutgoingHttpHeaders, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream';
import { ownAnswer } from './own-answers.ts';
import type { TargetGroup } from './target-group.ts';

export interface Front {
	readonly protocol: 'HTTP' | 'HTTPS';
	/** The listener's, not that of the machine's socket. */
	readonly port: number;
	readonly idleSeconds: number;
}

/** Headers that are about one connection (RFC 9110, 7.6.1). */
const ofConnection = ['connection', 'keep-alive', 'proxy-connection', 'te', 'transfer-encoding', 'upgrade'];

/** Passes a request on to a healthy target and its answer back; 502, 503 or 504 where that cannot be. */
export function forward(incoming: IncomingMessage, response: ServerResponse, group: TargetGroup | undefined, front: Front): void {
	const ending = new AbortController();
	const chosen = group?.next(() => ending.abort());
	if (!chosen) return ownAnswer(response, 503);
	const { place, done } = chosen;
	response.once('close', () => {
		done();
		ending.abort();
	});
	let late = false;
	const outgoing = httpRequest({ ...place, method: incoming.method, path: incoming.url, headers: requestHeaders(incoming, front), agent: false, signal: ending.signal, timeout: front.idleSeconds * 1000 });
	outgoing.on('timeout', () => {
		late = true;
		outgoing.destroy();
	});
	outgoing.on('error', () => ownAnswer(response, late ? 504 : 502));
	outgoing.on('response', (answer) => {
		response.writeHead(answer.statusCode ?? 502, answer.statusMessage, without(answer.headers, answer));
		pipeline(answer, response, () => {});
	});
	pipeline(incoming, outgoing, () => {});
}

/** X-Forwarded-For is appended to; what a client says of protocol and port is replaced (Elastic Load Balancing, "X-Forwarded headers"). */
function requestHeaders(incoming: IncomingMessage, { protocol, port }: Front): OutgoingHttpHeaders {
	const client = incoming.socket.remoteAddress?.replace(/^::ffff:/, '') ?? '';
	const before = incoming.headers['x-forwarded-for'];
	return {
		...without(incoming.headers, incoming),
		...(incoming.headers['transfer-encoding'] === undefined ? {} : { 'transfer-encoding': 'chunked' }),
		'x-forwarded-for': before === undefined ? client : `${String(before)}, ${client}`,
		'x-forwarded-proto': protocol.toLowerCase(),
		'x-forwarded-port': String(port),
		'x-amzn-trace-id': incoming.headers['x-amzn-trace-id'] ?? `Root=1-${Math.floor(Date.now() / 1000).toString(16)}-${randomBytes(12).toString('hex')}`,
	};
}

/** Without what is about the connection that they came on. Set-Cookie stays a list. */
function without(headers: IncomingHttpHeaders, { headers: { connection = '' } }: IncomingMessage): OutgoingHttpHeaders {
	const dropped = new Set([...ofConnection, ...connection.toLowerCase().split(',').map((name) => name.trim())]);
	return Object.fromEntries(Object.entries(headers).filter(([name]) => !dropped.has(name)));
}
