import { randomUUID } from 'node:crypto';
import { type RawData, WebSocket } from 'ws';
import { type ChannelEvents, ClientChannel, clientVersion } from './client-channel.ts';

/** What ecs:ExecuteCommand and ssm:StartSession answer. */
export interface SessionAddress {
	readonly sessionId: string;
	readonly streamUrl: string;
	readonly tokenValue: string;
}

export interface OpenChannel {
	readonly channel: ClientChannel;
	/** Nothing more is read, until `resume`: then the agent waits as well. */
	pause(): void;
	resume(): void;
	close(): void;
}

/** @param lost the connection has ended without the session having said so */
export function connectChannel({ streamUrl, tokenValue }: SessionAddress, events: Omit<ChannelEvents, 'send'> & { lost(reason: string): void }): OpenChannel {
	const socket = new WebSocket(streamUrl, { perMessageDeflate: false, maxPayload: 16 * 1024 * 1024, handshakeTimeout: 20_000 });
	const channel = new ClientChannel({
		...events,
		send: (frame) => {
			if (socket.readyState === WebSocket.OPEN) socket.send(frame);
		},
	});
	// As often as AWS's client looks whether to repeat something, and says that it is there.
	const ticks = setInterval(() => channel.tick(Date.now()), 100);
	const keepAlive = setInterval(() => socket.ping('keepalive'), 5 * 60_000);
	socket.once('open', () => socket.send(JSON.stringify({ MessageSchemaVersion: '1.0', RequestId: randomUUID(), TokenValue: tokenValue, ClientId: randomUUID(), ClientVersion: clientVersion })));
	socket.on('message', (data, isBinary) => {
		if (isBinary) channel.receive(bytesOf(data), Date.now());
	});
	let reason = '';
	socket.on('error', (error) => (reason = error.message));
	socket.once('close', (code) => {
		clearInterval(ticks);
		clearInterval(keepAlive);
		events.lost(reason || `the connection was closed (${code})`);
	});
	return {
		channel,
		pause: () => socket.pause(),
		resume: () => socket.resume(),
		close: () => socket.close(1000),
	};
}

function bytesOf(data: RawData): Buffer {
	if (Array.isArray(data)) return Buffer.concat(data);
	return data instanceof ArrayBuffer ? Buffer.from(data) : data;
}
