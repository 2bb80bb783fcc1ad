import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import type { Connection } from './session.ts';
import type { Sessions } from './sessions.ts';

/** Frames are short: 1 KiB of what is typed, or a client's answer to the greeting. */
const server = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: 1024 * 1024 });
/** What AWS's service would wait for a client's first message is not known; nobody needs longer than this. */
const tokenMilliseconds = 10_000;

/** The session's id in `/v1/data-channel/<id>`, or undefined for another path. */
export function sessionIdIn(path: string): string | undefined {
	return /^\/v1\/data-channel\/([\w.-]+)$/.exec(path)?.[1];
}

/** Takes a WebSocket over for its session; the client's first message has to show the session's token. */
export function openDataChannel(sessions: Sessions, id: string, request: IncomingMessage, socket: Duplex, head: Buffer): void {
	server.handleUpgrade(request, socket, head, (connected) => serve(sessions, id, connected));
}

function serve(sessions: Sessions, id: string, socket: WebSocket): void {
	const connection: Connection = { send: (frame) => socket.send(frame), close: () => socket.close(1000) };
	const impatience = setTimeout(() => socket.close(1008), tokenMilliseconds).unref();
	socket.on('error', () => socket.terminate());
	socket.once('message', (data) => {
		clearTimeout(impatience);
		const session = sessions.admitted(id, tokenIn(data));
		if (session === undefined) return socket.close(1008);
		socket.on('message', (frame, isBinary) => {
			// Clients say `keepalive` in a ping or, some, in a text.
			if (isBinary) session.receive(bytesOf(frame));
		});
		socket.once('close', () => session.disconnected(connection));
		session.connect(connection);
	});
}

function tokenIn(data: RawData): string {
	try {
		const { TokenValue } = JSON.parse(bytesOf(data).toString()) as { TokenValue?: unknown };
		return typeof TokenValue === 'string' ? TokenValue : '';
	} catch {
		return '';
	}
}

function bytesOf(data: RawData): Buffer {
	if (Array.isArray(data)) return Buffer.concat(data);
	return data instanceof ArrayBuffer ? Buffer.from(data) : data;
}
