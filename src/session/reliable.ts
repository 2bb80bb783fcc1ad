import { randomUUID } from 'node:crypto';
import { encodeMessage, type Message } from './message.ts';

/** Milliseconds, as long as AWS's client waits at first. */
const firstWait = 200;
const longestWait = 1000;
/** How often what was sent over an earlier connection is repeated: who had it already never confirms it again. */
const repeatsAfterReconnect = 3;

interface Sent {
	readonly sequence: number;
	readonly frame: Buffer;
	sentAt: number;
	wait: number;
	/** Repetitions left; undefined: until it is confirmed. */
	left: number | undefined;
}

/**
 * The sending half of a data channel: numbers messages and repeats the oldest unconfirmed one. That is enough, because
 * the other side keeps and confirms what arrives ahead of order.
 */
export class Outbox {
	readonly #type: 'input_stream_data' | 'output_stream_data';
	readonly #window: number;
	readonly #sent = new Map<number, Sent>();
	#next = 0;

	/** @param window unconfirmed messages after which `isFull` says to wait */
	constructor(type: 'input_stream_data' | 'output_stream_data', window: number) {
		this.#type = type;
		this.#window = window;
	}

	get isFull(): boolean {
		return this.#sent.size >= this.#window;
	}

	get isEmpty(): boolean {
		return this.#sent.size === 0;
	}

	/** @returns the frame to send */
	add(payloadType: number, payload: Buffer, now: number): Buffer {
		const sequence = this.#next++;
		const frame = encodeMessage({ type: this.#type, sequence, flags: sequence === 0 ? 1 : 0, id: randomUUID(), payloadType, payload }, now);
		this.#sent.set(sequence, { sequence, frame, sentAt: now, wait: firstWait, left: undefined });
		return frame;
	}

	acknowledged(sequence: number): void {
		this.#sent.delete(sequence);
	}

	/** What is to be sent again at this time. */
	due(now: number): Buffer[] {
		const [oldest] = this.#sent.values();
		if (oldest === undefined || now - oldest.sentAt < oldest.wait) return [];
		if (oldest.left !== undefined && oldest.left-- <= 0) {
			this.#sent.delete(oldest.sequence);
			return this.due(now);
		}
		oldest.sentAt = now;
		oldest.wait = Math.min(oldest.wait * 2, longestWait);
		return [oldest.frame];
	}

	/** Everything that is not confirmed, for a new connection. */
	unconfirmed(now: number): Buffer[] {
		const all = [...this.#sent.values()];
		for (const sent of all) Object.assign(sent, { sentAt: now, wait: firstWait, left: repeatsAfterReconnect });
		return all.map(({ frame }) => frame);
	}
}

/** Messages that are kept while an earlier one is missing; as many as AWS's client keeps. */
const longestBuffer = 10_000;

/** The receiving half: hands messages on once and in order. */
export class Inbox {
	readonly #ahead = new Map<number, Message>();
	#expected = 0;
	#held: Message[] | undefined;

	/** What comes is kept unconfirmed, until `release`: so the other side has to wait, and what it confirms still gets through. */
	hold(): void {
		this.#held ??= [];
	}

	/** @returns what came meanwhile, to be accepted again */
	release(): readonly Message[] {
		const held = this.#held ?? [];
		this.#held = undefined;
		return held;
	}

	/** How many messages are held. */
	get heldBack(): number {
		return this.#held?.length ?? 0;
	}

	/** @returns what can be worked on now, and whether the message is to be confirmed */
	accept(message: Message): { readonly ready: readonly Message[]; readonly confirm: boolean } {
		if (this.#held !== undefined) {
			this.#held.push(message);
			return { ready: [], confirm: false };
		}
		// A copy is confirmed again: the first confirmation may have been lost with a connection.
		if (message.sequence < this.#expected) return { ready: [], confirm: true };
		if (message.sequence > this.#expected && this.#ahead.size >= longestBuffer) return { ready: [], confirm: false };
		this.#ahead.set(message.sequence, message);
		const ready: Message[] = [];
		for (let next = this.#ahead.get(this.#expected); next !== undefined; next = this.#ahead.get(this.#expected)) {
			this.#ahead.delete(this.#expected++);
			ready.push(next);
		}
		return { ready, confirm: true };
	}
}
