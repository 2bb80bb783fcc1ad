import { acknowledgedSequence, acknowledgementOf, decodeMessage, encodeMessage, jsonOf, longestPayload, type Message, PayloadType, SessionFlag } from './message.ts';
import { Inbox, Outbox } from './reliable.ts';

/** Agents compare it with versions of AWS's client, which have four numbers. */
export const clientVersion = '1.2.0.0';
/** Unconfirmed messages before what is typed is held back. */
const window = 64;

/** What the agent says of itself in its greeting. */
export interface Greeting {
	/** Four numbers. */
	readonly agentVersion: string;
	/** `InteractiveCommands`, `Port` … */
	readonly sessionType: string;
}

export interface ChannelEvents {
	send(frame: Buffer): void;
	/** The command can be typed to, or the port be used. */
	ready(greeting: Greeting): void;
	/** The command's output, or bytes of forwarded connections. */
	shown(bytes: Buffer): void;
	/** One of `SessionFlag`. */
	flagged?(flag: number): void;
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
	#greeting: Greeting = { agentVersion: '', sessionType: '' };

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

	/** Delivers nothing more, until `release`: the agent has to wait. */
	hold(): void {
		this.#inbox.hold();
	}

	/** @throws MalformedMessage */
	release(now: number): void {
		for (const message of this.#inbox.release()) this.#accept(message, now);
	}

	/** Messages that came while nothing was delivered. */
	get heldBack(): number {
		return this.#inbox.heldBack;
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

	#greet(payload: Buffer, now: number): void {
		const { greeting, answer } = handshake(payload);
		this.#greeting = greeting;
		this.#send(PayloadType.handshakeResponse, Buffer.from(JSON.stringify(answer)), now);
	}

	#handle({ payloadType, payload }: Message, now: number): void {
		if (payloadType === PayloadType.handshakeRequest) return this.#greet(payload, now);
		if (payloadType === PayloadType.handshakeComplete) return this.#events.ready(this.#greeting);
		if (payloadType === PayloadType.flag && payload.length === 4) return this.#events.flagged?.(payload.readUInt32BE());
		// 11 and 12, a standard error and an exit code, are in AWS's client, but no agent of ECS sends them.
		if (payloadType === PayloadType.output || payloadType === PayloadType.error) this.#events.shown(payload);
	}
}

function closingWords({ payload }: Message): string {
	const { Output: output } = jsonOf(payload);
	return typeof output === 'string' ? output : '';
}

const ActionStatus = { success: 1, failed: 2, unsupported: 3 } as const;

interface RequestedAction {
	readonly ActionType?: unknown;
	readonly ActionParameters?: { readonly SessionType?: unknown };
}

/** Agrees to a session of any type; refuses what would be needed for a channel that a KMS key encrypts. */
function handshake(payload: Buffer): { greeting: Greeting; answer: object } {
	const { AgentVersion: version, RequestedClientActions: requested } = jsonOf(payload);
	const actions = (Array.isArray(requested) ? requested : []) as readonly RequestedAction[];
	const processed = actions.map(({ ActionType }) => {
		const [type, known] = [String(ActionType), ActionType === 'SessionType'];
		return { ActionType: type, ActionStatus: known ? ActionStatus.success : ActionStatus.unsupported, ActionResult: null, Error: known ? '' : `Unsupported action ${type}` };
	});
	const sessionType = actions.find(({ ActionType }) => ActionType === 'SessionType')?.ActionParameters?.SessionType;
	return {
		greeting: { agentVersion: typeof version === 'string' ? version : '', sessionType: typeof sessionType === 'string' ? sessionType : '' },
		answer: { ClientVersion: clientVersion, ProcessedClientActions: processed, Errors: processed.flatMap(({ Error: error }) => (error === '' ? [] : [error])) },
	};
}
