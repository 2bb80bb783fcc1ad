import { randomUUID } from 'node:crypto';
import { acknowledgedSequence, acknowledgementOf, decodeMessage, encodeMessage, jsonOf, longestPayload, type Message, PayloadType, SessionFlag } from '../../session/message.ts';
import { Inbox, Outbox } from '../../session/reliable.ts';
import type { TerminalSize } from '../ecs/runtime.ts';

/** What the agent of Fargate's platform version 1.4.0 calls itself; clients choose their protocol by it. */
const agentVersion = '3.1.1732.0';
/** Unconfirmed messages before output is held back. */
const window = 256;

export interface ChannelEvents {
	/** To the connection, where there is one. */
	send(frame: Buffer): void;
	/** The client is ready: from here on it takes output. */
	ready(): void;
	/** What was typed, or bytes of forwarded connections. */
	typed(bytes: Buffer): void;
	resized(size: TerminalSize): void;
	/** The client asks to end the session. */
	terminated(): void;
	/** `isFull` and `isDelivered` may have changed. */
	confirmed(): void;
}

/** Tells the client how to behave: `InteractiveCommands`, `Port` …, with what belongs to it. */
export interface SessionType {
	readonly SessionType: string;
	readonly Properties: object;
}

/**
 * The agent's end of a data channel (github.com/aws/session-manager-plugin, src/datachannel): handshake, order,
 * confirmation. It knows neither sockets nor clocks.
 */
export class AgentChannel {
	readonly #sessionId: string;
	readonly #sessionType: SessionType;
	readonly #events: ChannelEvents;
	readonly #outbox = new Outbox('output_stream_data', window);
	readonly #inbox = new Inbox();
	#begunAt: number | undefined;

	constructor(sessionId: string, sessionType: SessionType, events: ChannelEvents) {
		this.#sessionId = sessionId;
		this.#sessionType = sessionType;
		this.#events = events;
	}

	/** Output is to wait. */
	get isFull(): boolean {
		return this.#outbox.isFull;
	}

	/** Everything sent has been confirmed. */
	get isDelivered(): boolean {
		return this.#outbox.isEmpty;
	}

	/** A client has connected and shown its token: the first time it is greeted, later it gets what it may have missed. */
	connected(now: number): void {
		if (this.#begunAt !== undefined) return this.#outbox.unconfirmed(now).forEach((frame) => this.#events.send(frame));
		this.#begunAt = now;
		const action = { ActionType: 'SessionType', ActionParameters: this.#sessionType };
		this.#send(PayloadType.handshakeRequest, JSON.stringify({ AgentVersion: agentVersion, RequestedClientActions: [action] }), now);
	}

	/** @throws MalformedMessage */
	receive(frame: Buffer, now: number): void {
		const message = decodeMessage(frame);
		if (message.type === 'acknowledge') {
			this.#outbox.acknowledged(acknowledgedSequence(message));
			this.#events.confirmed();
		}
		if (message.type === 'input_stream_data') this.#accept(message, now);
	}

	/** Takes in nothing more, until `release`: the client has to wait. */
	hold(): void {
		this.#inbox.hold();
	}

	release(now: number): void {
		for (const message of this.#inbox.release()) this.#accept(message, now);
	}

	#accept(message: Message, now: number): void {
		const { ready, confirm } = this.#inbox.accept(message);
		if (confirm) this.#events.send(encodeMessage(acknowledgementOf(message), now));
		for (const each of ready) this.#handle(each, now);
	}

	output(bytes: Buffer, now: number): void {
		for (let start = 0; start < bytes.length; start += longestPayload) this.#send(PayloadType.output, bytes.subarray(start, start + longestPayload), now);
	}

	flag(flag: number, now: number): void {
		const payload = Buffer.alloc(4);
		payload.writeUInt32BE(flag);
		this.#send(PayloadType.flag, payload, now);
	}

	/** Repeats what was not confirmed in time. */
	tick(now: number): void {
		for (const frame of this.#outbox.due(now)) this.#events.send(frame);
		// What was repeated often enough counts as confirmed.
		this.#events.confirmed();
	}

	/** The last message. @param output what the client prints, empty for an ordinary end */
	close(output: string, now: number): void {
		const id = randomUUID();
		const content = { MessageId: id, CreatedDate: new Date(now).toISOString(), DestinationId: '', SessionId: this.#sessionId, MessageType: 'channel_closed', SchemaVersion: 1, Output: output };
		this.#events.send(encodeMessage({ type: 'channel_closed', sequence: 0, flags: 2, id, payloadType: 0, payload: Buffer.from(JSON.stringify(content)) }, now));
	}

	#send(payloadType: number, payload: string | Buffer, now: number): void {
		this.#events.send(this.#outbox.add(payloadType, Buffer.from(payload), now));
	}

	#handle({ payloadType, payload }: Message, now: number): void {
		switch (payloadType) {
			case PayloadType.handshakeResponse:
				this.#send(PayloadType.handshakeComplete, JSON.stringify({ HandshakeTimeToComplete: (now - (this.#begunAt ?? now)) * 1e6, CustomerMessage: '' }), now);
				return this.#events.ready();
			case PayloadType.output:
				return this.#events.typed(payload);
			case PayloadType.size:
				return this.#events.resized(sizeOf(payload));
			case PayloadType.flag:
				if (payload.length === 4 && payload.readUInt32BE() === SessionFlag.terminateSession) this.#events.terminated();
				return;
			default:
			// What a shell has no use for is ignored, as the agent ignores it.
		}
	}
}

/** The sides of a window are 16-bit numbers to the kernel. */
function sizeOf(payload: Buffer): TerminalSize {
	const { cols, rows } = jsonOf(payload);
	const side = (given: unknown, usual: number): number => (typeof given === 'number' && given > 0 ? Math.min(Math.trunc(given), 0xffff) : usual);
	return { columns: side(cols, 80), rows: side(rows, 24) };
}
