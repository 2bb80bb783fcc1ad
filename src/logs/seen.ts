import type { LogEvent } from './event.ts';

/** How far back each look goes, and, less often, a thorough one: milliseconds before the newest event. */
export const overlap = { short: 20_000, long: 180_000 };

/**
 * What of one log group was shown already. CloudWatch Logs shows events out of order: a writer that sends late, a stream that
 * is indexed late. So every look overlaps the one before, and an event is known by its id. A live tail gives no ids: what it
 * delivered is known by stream, time and text, and balanced against what looks find.
 */
export class Seen {
	readonly #ids = new Map<string, number>();
	/** Shown by the live tail minus shown by looks, where that is not zero. */
	readonly #balance = new Map<string, { count: number; timestamp: number }>();
	#newest: number | undefined;
	#most = 10_000;

	/** Whether it was not shown yet; from now on it counts as shown. */
	isNew(event: LogEvent): boolean {
		return event.eventId === null ? this.#add(event, 1) : this.#isNewFromLook(event, event.eventId);
	}

	/** Where a look begins: `length` before the newest event, by the writer's clock or the service's, whichever is earlier. */
	from(length: number): number | undefined {
		return this.#newest === undefined ? undefined : this.#newest - length;
	}

	#isNewFromLook(event: LogEvent, id: string): boolean {
		if (this.#ids.has(id)) return false;
		this.#ids.set(id, event.timestamp);
		// Not by a live tail: what was lost between must still be looked for.
		this.#newest = Math.max(this.#newest ?? 0, Math.min(event.timestamp, event.ingestionTime));
		if (this.#ids.size > this.#most) this.#forget();
		return this.#add(event, -1);
	}

	/** What no look reaches any more. */
	#forget(): void {
		const horizon = this.from(overlap.long) ?? 0;
		for (const [id, timestamp] of this.#ids) if (timestamp < horizon) this.#ids.delete(id);
		for (const [key, { timestamp }] of this.#balance) if (timestamp < horizon) this.#balance.delete(key);
		this.#most = 2 * this.#ids.size + 10_000;
	}

	/** Whether the other source has not shown it. */
	#add(event: LogEvent, by: 1 | -1): boolean {
		const key = `${event.logStreamName}\0${event.timestamp}\0${event.message}`;
		const count = this.#balance.get(key)?.count ?? 0;
		if (count + by === 0) this.#balance.delete(key);
		else this.#balance.set(key, { count: count + by, timestamp: event.timestamp });
		return count * by >= 0;
	}
}
