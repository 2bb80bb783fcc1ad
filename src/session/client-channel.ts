import { acknowledgedSequence, acknowledgementOf, decodeMessage, encodeMessage, jsonOf, longestPayload, type Message, PayloadType, SessionFlag } from './message.ts';
import { Inbox, Outbox } from './reliable.ts';

/** Agents compare it with versions of AWS's client, which have four numbers. */
export const clientVersion = '1.2.0.0';
/** Unconfirmed messages before what is typed is held back. */
const window = 64;

export interface ChannelEvents {
	send(frame: Buffer): void;
	/** The command can be typed to. */
	ready(): void;
	shown(bytes: Buffer): void;
	/** The session is over. @param output what the agent says about it, mostly nothing */
	closed(output: string): void;
	/** `isFull` may have changed. */
	confirmed(): void;
}

/**
 * The client's end of a data channel (github.com/aws/session-manager-plugin, src/datachannel/streaming.go): handshake,
 * order, confirmation. It knows neither sockets nor clocks; times are milliseconds since the epoch.
 */
export class ClientChannel {
	readonly #events: ChannelEvents;
	readonly #outbox = new Outbox('input_stream_data', window);
	readonly #inbox = new Inbox();

	constructor(events: ChannelEvents) {
		this.#events = events;
	}

	/** What is typed is to wait. */
	get isFull(): boolean {
		return this.#outbox.isFull;
	}

	/** @throws MalformedMessage */
	receive(frame: Buffer, now: number): void {
		const message = decodeMessage(frame);
		if (message.type === 'output_stream_data') this.#accept(message, now);
		if (message.type === 'channel_closed') this.#events.closed(closingWords(message));
		if (message.type !== 'acknowledge') return;
		this.#outbox.acknowledged(acknowledgedSequence(message));
		this.#events.confirmed();
	}

	type(bytes: Buffer, now: number): void {
		for (let start = 0; start < bytes.length; start += longestPayload) this.#send(PayloadType.output, bytes.subarray(start, start + longestPayload), now);
	}

	resize({ columns, rows }: { readonly columns: number; readonly rows: number }, now: number): void {
		this.#send(PayloadType.size, Buffer.from(JSON.stringify({ cols: columns, rows })), now);
	}

	/** Asks the agent to end the session. */
	terminate(now: number): void {
		const flag = Buffer.alloc(4);
		flag.writeUInt32BE(SessionFlag.terminateSession);
		this.#send(PayloadType.flag, flag, now);
	}

	/** Repeats what was not confirmed in time. */
	tick(now: number): void {
		for (const frame of this.#outbox.due(now)) this.#events.send(frame);
	}

	#send(payloadType: number, payload: Buffer, now: number): void {
		this.#events.send(this.#outbox.add(payloadType, payload, now));
	}

	#accept(message: Message, now: number): void {
		const { ready, confirm } = this.#inbox.accept(message);
		if (confirm) this.#events.send(encodeMessage(acknowledgementOf(message), now));
		for (const each of ready) this.#handle(each, now);
	}

	#handle({ payloadType, payload }: Message, now: number): void {
		if (payloadType === PayloadType.handshakeRequest) return this.#send(PayloadType.handshakeResponse, Buffer.from(JSON.stringify(handshakeAnswer(payload))), now);
		if (payloadType === PayloadType.handshakeComplete) return this.#events.ready();
		// 11 and 12, a standard error and an exit code, are in AWS's client, but no agent of ECS sends them.
		if (payloadType === PayloadType.output || payloadType === PayloadType.error) this.#events.shown(payload);
	}
}

function closingWords({ payload }: Message): string {
	const { Output: output } = jsonOf(payload);
	return typeof output === 'string' ? output : '';
}

const ActionStatus = { success: 1, failed: 2, unsupported: 3 } as const;

/** Agrees to a shell; refuses what would be needed for a channel that a KMS key encrypts. */
function handshakeAnswer(payload: Buffer): object {
	const { RequestedClientActions: requested } = jsonOf(payload);
	const actions = (Array.isArray(requested) ? requested : []).map((action: { ActionType?: unknown }) => String(action.ActionType));
	const processed = actions.map((type) => {
		const known = type === 'SessionType';
		return { ActionType: type, ActionStatus: known ? ActionStatus.success : ActionStatus.unsupported, ActionResult: null, Error: known ? '' : `Unsupported action ${type}` };
	});
	return { ClientVersion: clientVersion, ProcessedClientActions: processed, Errors: processed.flatMap(({ Error: error }) => (error === '' ? [] : [error])) };
}
