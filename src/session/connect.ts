import { randomUUID } from 'node:crypto';
import { type RawData, WebSocket } from 'ws';
import { type ChannelEvents, ClientChannel, clientVersion } from './client-channel.ts';
import { MalformedMessage } from './message.ts';

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
	/** Nothing more is delivered, until `release`; what was sent is still confirmed. */
	hold(): void;
	release(): void;
	close(): void;
}

/** How often somebody is asked whether they are still there, in ms; a few times without an answer, and the connection is gone. */
const pingMilliseconds = 10_000;
const mostUnanswered = 6;
/** Messages kept for a slow reader, of 1 KiB at most, before the connection itself is not read any more. */
const mostHeld = 65_536;

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
	const watch = watchConnection(socket);
	socket.once('open', () => socket.send(JSON.stringify({ MessageSchemaVersion: '1.0', RequestId: randomUUID(), TokenValue: tokenValue, ClientId: randomUUID(), ClientVersion: clientVersion })));
	socket.on('message', (data, isBinary) => {
		if (isBinary) guarded(() => channel.receive(bytesOf(data), Date.now()));
		if (channel.heldBack > mostHeld) socket.pause();
	});
	let reason = '';
	const guarded = (work: () => void): void => {
		try {
			work();
		} catch (error) {
			if (!(error instanceof MalformedMessage)) throw error;
			reason = `what came is not what an agent sends: ${error.message}`;
			socket.terminate();
		}
	};
	socket.on('error', (error) => (reason = error.message));
	socket.once('close', (code) => {
		clearInterval(ticks);
		clearInterval(watch);
		events.lost(reason || `the connection was closed (${code})`);
	});
	return {
		channel,
		pause: () => socket.pause(),
		resume: () => socket.resume(),
		hold: () => channel.hold(),
		release: () => {
			guarded(() => channel.release(Date.now()));
			socket.resume();
		},
		close: () => socket.close(1000),
	};
}

/** A connection can end without a word (a laptop that slept, a forgotten address translation). Who never answered pings is not expected to. */
function watchConnection(socket: WebSocket): NodeJS.Timeout {
	let [answers, unanswered] = [false, 0];
	socket.on('pong', () => ([answers, unanswered] = [true, 0]));
	socket.on('message', () => (unanswered = 0));
	return setInterval(() => {
		if (socket.readyState !== WebSocket.OPEN || socket.isPaused) return;
		if (answers && ++unanswered > mostUnanswered) return socket.terminate();
		socket.ping('keepalive');
	}, pingMilliseconds);
}

function bytesOf(data: RawData): Buffer {
	if (Array.isArray(data)) return Buffer.concat(data);
	return data instanceof ArrayBuffer ? Buffer.from(data) : data;
}
