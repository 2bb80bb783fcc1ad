import { setTimeout as delay } from 'node:timers/promises';
import type { Aws } from '../aws/clients.ts';
import { byTime, type ComponentLogs, type LogEvent } from './event.ts';
import { tailLive } from './live-tail.ts';
import { merge } from './merge.ts';
import { isPassing } from './passing.ts';
import type { PageOptions } from './reader.ts';
import { overlap, Seen } from './seen.ts';

export interface FollowOptions {
	readonly aws: Aws;
	/** `LogReader`. */
	readonly reader: { pages(group: ComponentLogs, options: PageOptions): AsyncIterable<LogEvent[]> };
	readonly groups: readonly ComponentLogs[];
	/** Milliseconds since 1970. */
	readonly from: number;
	readonly patternOf: (group: ComponentLogs) => string | undefined;
	/** Shows a batch, ordered by time. Batches come one after another. Never rejects. */
	readonly show: (events: LogEvent[]) => Promise<void>;
	readonly note: (line: string) => void;
	/** Ends the following. */
	readonly signal: AbortSignal;
}

/** Milliseconds between looks: while lines come, when none come, and while a live tail delivers them. */
const pauses = { busy: 500, quiet: 2000, live: 10_000 };
/** How often a look goes far back. */
const thoroughEvery = 30_000;
const mostFailures = 10;

/**
 * Shows what is there and then what comes, each event once, until the signal. A live tail delivers at once where there is one;
 * looks with FilterLogEvents find the rest: it samples, ends after three hours, and knows nothing of what came before it.
 * @throws AbortError at the signal; what the first look throws, and later failures that do not pass
 */
export async function follow(options: FollowOptions): Promise<void> {
	const ended = new AbortController();
	const follower = new Follower({ ...options, signal: AbortSignal.any([options.signal, ended.signal]) });
	await follower.history();
	const tail = follower.tail();
	try {
		await follower.looks();
	} finally {
		ended.abort();
		await tail;
	}
}

class Follower {
	readonly #options: FollowOptions;
	readonly #seen: ReadonlyMap<string, Seen>;
	#shown: Promise<void> = Promise.resolve();
	#live = false;
	/** Until then the live tail may have left something out that looks find only now. */
	#unsureUntil = 0;
	#wake: () => void = () => {};
	#thorough = performance.now();

	constructor(options: FollowOptions) {
		this.#options = options;
		this.#seen = new Map(options.groups.map(({ logGroupName }) => [logGroupName, new Seen()]));
	}

	async history(): Promise<void> {
		const { groups, from } = this.#options;
		for await (const batch of merge(groups.map((group) => this.#pages(group, from)))) await this.#show(batch);
	}

	/** Sessions of a live tail, one after another, while there are any. */
	async tail(): Promise<void> {
		const { aws, groups, signal } = this.#options;
		const listener = {
			onStart: () => {
				this.#live = true;
				this.#mistrust();
			},
			onEvents: (events: LogEvent[]) => void this.#show(events),
			onSampled: () => this.#mistrust(),
		};
		while (!signal.aborted && (await tailLive(aws, groups, listener, signal))) {
			this.#live = false;
			this.#wake();
			await delay(pauses.busy, undefined, { signal }).catch(() => {});
		}
	}

	async looks(): Promise<void> {
		for (let failures = 0, pause = pauses.busy; ; ) {
			await this.#rest(this.#live && performance.now() > this.#unsureUntil ? pauses.live : pause);
			try {
				const found = await this.#lookAtAll();
				pause = found > 0 ? pauses.busy : Math.min(pauses.quiet, pause * 1.5);
				failures = 0;
			} catch (error) {
				failures += 1;
				if (!isPassing(error) || failures > mostFailures) throw error;
				if (failures === 1) this.#options.note(`the connection to CloudWatch Logs is interrupted (${error instanceof Error ? error.name : String(error)}): trying again`);
				pause = Math.min(30_000, 500 * 2 ** failures);
			}
		}
	}

	#mistrust(): void {
		this.#unsureUntil = performance.now() + pauses.live;
		this.#wake();
	}

	/** @returns how many new events there were */
	async #lookAtAll(): Promise<number> {
		const thorough = performance.now() - this.#thorough > thoroughEvery;
		if (thorough) this.#thorough = performance.now();
		const found = await Promise.all(this.#options.groups.map((group) => this.#look(group, thorough ? overlap.long : overlap.short)));
		return this.#show(found.flat());
	}

	/** All pages or none: what was read before a failure is read again, so it must not count as shown. */
	async #look(group: ComponentLogs, back: number): Promise<LogEvent[]> {
		const { from } = this.#options;
		const events: LogEvent[] = [];
		for await (const page of this.#pages(group, Math.max(from, this.#seen.get(group.logGroupName)?.from(back) ?? from))) events.push(...page);
		return events;
	}

	#pages(group: ComponentLogs, from: number): AsyncIterable<LogEvent[]> {
		const { reader, patternOf, signal } = this.#options;
		return reader.pages(group, { from, pattern: patternOf(group), signal });
	}

	/** Shows those that were not shown yet. @returns how many */
	async #show(events: readonly LogEvent[]): Promise<number> {
		const fresh = events.filter((event) => this.#seen.get(event.logGroupName)?.isNew(event)).toSorted(byTime);
		this.#shown = this.#shown.then(() => (fresh.length === 0 ? undefined : this.#options.show(fresh)));
		await this.#shown;
		return fresh.length;
	}

	/** @throws AbortError */
	async #rest(milliseconds: number): Promise<void> {
		const { signal } = this.#options;
		const woken = new AbortController();
		this.#wake = () => woken.abort();
		await delay(milliseconds, undefined, { signal: AbortSignal.any([signal, woken.signal]) }).catch(() => {});
		signal.throwIfAborted();
	}
}
