import { createServer, type IncomingMessage, request as httpRequest, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { crc32 } from 'node:zlib';

/** An endpoint that has StartLiveTail, before one that has none: sessions are told what is put through it. */
export interface LiveEndpoint {
	readonly url: string;
	/** Sessions that were begun. */
	readonly sessions: number;
	/** From now on each third update is left out, with the word that it was sampled. */
	sample(): void;
	/** Breaks the sessions that are open. */
	breakSessions(): void;
	close(): Promise<void>;
}

interface Put {
	logGroupName: string;
	logStreamName: string;
	logEvents: { timestamp: number; message: string }[];
}

export async function liveEndpoint(target: string): Promise<LiveEndpoint> {
	const open = new Set<ServerResponse>();
	let [sessions, updates, sampling] = [0, 0, false];
	const tell = ({ logGroupName, logStreamName, logEvents }: Put): void => {
		updates += 1;
		const sampled = sampling && updates % 3 === 0;
		const sessionResults = sampled ? [] : logEvents.map(({ timestamp, message }) => ({ logGroupIdentifier: `000000000000:${logGroupName}`, logStreamName, timestamp, ingestionTime: Date.now(), message }));
		for (const response of open) response.write(frame('sessionUpdate', { sessionMetadata: { sampled }, sessionResults }));
	};
	const begin = (response: ServerResponse): void => {
		sessions += 1;
		open.add(response);
		response.on('close', () => open.delete(response)).writeHead(200, { 'content-type': 'application/vnd.amazon.eventstream' });
		response.write(Buffer.concat([frame('initial-response', {}), frame('sessionStart', { sessionId: 'one' })]));
	};
	const server = createServer((request, response) => {
		void buffer(request).then(async (body) => {
			const operation = String(request.headers['x-amz-target']).split('.')[1];
			if (operation === 'StartLiveTail') return begin(response);
			await pass(target, request, body, response);
			if (operation === 'PutLogEvents') tell(JSON.parse(body.toString()) as Put);
		});
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const breakSessions = (): void => {
		for (const response of open) response.destroy();
	};
	return {
		url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
		get sessions() {
			return sessions;
		},
		sample: () => void (sampling = true),
		breakSessions,
		async close() {
			breakSessions();
			server.closeAllConnections();
			await new Promise((resolve) => server.close(resolve));
		},
	};
}

async function pass(target: string, { method, url, headers }: IncomingMessage, body: Buffer, response: ServerResponse): Promise<void> {
	await new Promise<void>((resolve, reject) => {
		const passed = httpRequest(`${target}${url}`, { method, headers }, (answer) => {
			buffer(answer).then((content) => {
				response.writeHead(answer.statusCode ?? 500, answer.headers).end(content);
				resolve();
			}, reject);
		});
		passed.on('error', reject).end(body);
	});
}

/** One message of the event stream encoding: lengths, their checksum, headers, payload, checksum. https://smithy.io/2.0/aws/amazon-eventstream.html */
function frame(type: string, payload: object): Buffer {
	const headers = Buffer.concat(Object.entries({ ':message-type': 'event', ':event-type': type, ':content-type': 'application/json' }).map(([name, value]) => header(name, value)));
	const body = Buffer.from(JSON.stringify(payload));
	const prelude = Buffer.alloc(8);
	prelude.writeUInt32BE(headers.length + body.length + 16, 0);
	prelude.writeUInt32BE(headers.length, 4);
	const message = Buffer.concat([prelude, checksum(prelude), headers, body]);
	return Buffer.concat([message, checksum(message)]);
}

/** Type 7: a string. */
function header(name: string, value: string): Buffer {
	const length = Buffer.alloc(2);
	length.writeUInt16BE(Buffer.byteLength(value));
	return Buffer.concat([Buffer.from([name.length]), Buffer.from(name), Buffer.from([7]), length, Buffer.from(value)]);
}

function checksum(data: Buffer): Buffer {
	const sum = Buffer.alloc(4);
	sum.writeUInt32BE(crc32(data));
	return sum;
}
