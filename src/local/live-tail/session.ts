import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { eventFrame, exceptionFrame } from './event-stream.ts';

/** Of StartLiveTail (CloudWatch Logs API reference). */
export const tailLimits = { sessionMilliseconds: 3 * 3_600_000, eventsPerUpdate: 500, waitingUpdates: 10 };

/** Of a session; which lines it gets. */
export interface TailRequest {
	readonly logGroupIdentifiers: readonly string[];
	readonly logStreamNames?: readonly string[];
	readonly logStreamNamePrefixes?: readonly string[];
	readonly logEventFilterPattern?: string;
}

/** As `sessionResults` holds it. */
export interface TailEvent {
	/** `account:name` */
	readonly logGroupIdentifier: string;
	readonly logStreamName: string;
	readonly timestamp: number;
	readonly ingestionTime: number;
	readonly message: string;
}

/** The answer to one StartLiveTail: its start, then each second what came in that second, until the client goes or its time is over. */
export class TailSession extends Readable {
	readonly #second: NodeJS.Timeout;
	readonly #time: NodeJS.Timeout;
	#arrived: TailEvent[] = [];
	#waiting: Buffer[] = [];
	#flows = false;

	/** @param milliseconds how long it lasts */
	constructor(request: TailRequest, milliseconds: number) {
		super();
		this.push(eventFrame('initial-response', {}));
		this.push(eventFrame('sessionStart', { requestId: randomUUID(), sessionId: randomUUID(), logStreamNames: [], logStreamNamePrefixes: [], logEventFilterPattern: '', ...request }));
		this.#second = setInterval(() => this.#update(), 1000);
		this.#time = setTimeout(() => this.#expire(), milliseconds);
	}

	add(events: readonly TailEvent[]): void {
		this.#arrived.push(...events);
	}

	override _read(): void {
		this.#flows = true;
		this.#send();
	}

	override _destroy(error: Error | null, done: (error: Error | null) => void): void {
		this.#stop();
		done(error);
	}

	#update(): void {
		const arrived = this.#arrived;
		this.#arrived = [];
		const sampled = arrived.length > tailLimits.eventsPerUpdate;
		// A client that does not keep up loses the oldest.
		this.#waiting = [...this.#waiting, eventFrame('sessionUpdate', { sessionMetadata: { sampled }, sessionResults: sample(arrived) })].slice(-tailLimits.waitingUpdates);
		this.#send();
	}

	#expire(): void {
		this.#update();
		this.#stop();
		for (const update of this.#waiting) this.push(update);
		this.push(exceptionFrame('SessionTimeoutException', 'Session has timed out.'));
		this.push(null);
	}

	#send(): void {
		for (let next = this.#flows ? this.#waiting.shift() : undefined; next !== undefined; next = this.#flows ? this.#waiting.shift() : undefined) this.#flows = this.push(next);
	}

	#stop(): void {
		clearInterval(this.#second);
		clearTimeout(this.#time);
	}
}

function sample(events: readonly TailEvent[]): readonly TailEvent[] {
	const most = tailLimits.eventsPerUpdate;
	return events.length <= most ? events : Array.from({ length: most }, (_, index) => events[Math.floor((index * events.length) / most)] as TailEvent);
}
