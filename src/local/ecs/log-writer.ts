import type { Clock, LogEvent, LogSink, LogTarget } from './dependencies.ts';

const flushAfterMilliseconds = 250;
/** Of one PutLogEvents call: 10,000 events, 1 MiB with 26 bytes for each event, 256 KiB for an event. */
const limits = { events: 10_000, bytes: 1_048_576, perEvent: 26, eventBytes: 262_144 - 26 };
/** What may wait while Logs does not answer; older lines are dropped beyond, as awslogs does in non-blocking mode. */
const waitingBytes = 8 * 1_048_576;

/** The awslogs driver of one container: keeps lines in order, sends them a quarter of a second after the first. */
export class LogWriter {
	readonly #target: LogTarget;
	readonly #sink: LogSink;
	readonly #clock: Clock;
	readonly #warn: (line: string) => void;
	#waiting: LogEvent[] = [];
	#bytes = 0;
	#cancelTimer: (() => void) | undefined;
	#sending: Promise<void> = Promise.resolve();

	constructor(target: LogTarget, sink: LogSink, clock: Clock, warn: (line: string) => void) {
		this.#target = target;
		this.#sink = sink;
		this.#clock = clock;
		this.#warn = warn;
	}

	/** A line without its newline; empty ones are dropped, as awslogs does. */
	write(line: string): void {
		const timestamp = this.#clock.now();
		for (const message of pieces(line)) this.#keep({ timestamp, message });
		if (this.#waiting.length > 0) this.#cancelTimer ??= this.#clock.setTimer(flushAfterMilliseconds, () => void this.flush());
	}

	/** Resolves when everything written so far was sent or refused. Never rejects. */
	flush(): Promise<void> {
		this.#cancelTimer?.();
		this.#cancelTimer = undefined;
		this.#sending = this.#sending.then(() => this.#send());
		return this.#sending;
	}

	#keep(event: LogEvent): void {
		this.#waiting.push(event);
		this.#bytes += sizeOf(event);
		if (this.#bytes <= waitingBytes) return;
		const dropped = this.#waiting.splice(0, Math.ceil(this.#waiting.length / 2));
		this.#bytes -= dropped.reduce((sum, each) => sum + sizeOf(each), 0);
		this.#warn(`dropped ${dropped.length} lines of ${this.#target.stream}: log group ${this.#target.group} does not keep up`);
	}

	async #send(): Promise<void> {
		const events = this.#waiting;
		this.#waiting = [];
		this.#bytes = 0;
		for (const batch of batches(events)) {
			try {
				await this.#sink.put(this.#target, batch);
			} catch (error) {
				// The group may have been deleted under a running task: AWS loses these lines too.
				this.#warn(`lost ${batch.length} lines of ${this.#target.stream}: ${error instanceof Error ? error.message : String(error)}`);
			}
		}
	}
}

const sizeOf = ({ message }: LogEvent) => Buffer.byteLength(message) + limits.perEvent;

function pieces(line: string): string[] {
	if (line.length === 0) return [];
	if (Buffer.byteLength(line) <= limits.eventBytes) return [line];
	// A character has at most 3 bytes per UTF-16 unit.
	const length = Math.floor(limits.eventBytes / 3);
	return Array.from({ length: Math.ceil(line.length / length) }, (_, index) => line.slice(index * length, (index + 1) * length));
}

function batches(events: readonly LogEvent[]): LogEvent[][] {
	const result: LogEvent[][] = [];
	let bytes = 0;
	for (const event of events) {
		const last = result.at(-1);
		bytes += sizeOf(event);
		if (last === undefined || last.length >= limits.events || bytes > limits.bytes) {
			result.push([event]);
			bytes = sizeOf(event);
		} else last.push(event);
	}
	return result;
}
