import { createServer, type IncomingMessage, request as httpRequest, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** Something between a client and an endpoint that counts, breaks or refuses the sessions of StartLiveTail. */
export interface Between {
	readonly url: string;
	/** Sessions that were begun. */
	readonly sessions: number;
	/** Breaks the connections of the sessions that are open. */
	breakSessions(): void;
	close(): Promise<void>;
}

/** @param liveTail false: refused, as by an endpoint that has none */
export async function between(target: string, { liveTail = true }: { liveTail?: boolean } = {}): Promise<Between> {
	const open = new Set<ServerResponse>();
	let sessions = 0;
	const server = createServer((request, response) => {
		void buffer(request).then((body) => {
			const isTail = String(request.headers['x-amz-target']).endsWith('.StartLiveTail');
			if (isTail && !liveTail) {
				response.writeHead(400, { 'content-type': 'application/x-amz-json-1.1' }).end('{"__type":"UnknownOperationException"}');
				return;
			}
			if (isTail) {
				sessions += 1;
				open.add(response);
				response.on('close', () => open.delete(response));
			}
			pass(target, request, body, response);
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
		breakSessions,
		async close() {
			breakSessions();
			server.closeAllConnections();
			await new Promise((resolve) => server.close(resolve));
		},
	};
}

function pass(target: string, { method, url, headers }: IncomingMessage, body: Buffer, response: ServerResponse): void {
	const passed = httpRequest(`${target}${url}`, { method, headers, agent: false }, (answer) => {
		response.writeHead(answer.statusCode ?? 500, answer.headers);
		answer.pipe(response);
	});
	response.on('close', () => passed.destroy());
	passed.on('error', () => response.destroy());
	passed.end(body);
}
