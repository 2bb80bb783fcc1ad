export interface GraphOutcome {
	/** In the order in which they ended. */
	readonly done: readonly string[];
	readonly failed: ReadonlyMap<string, unknown>;
	/** Not started: something failed, or the run was interrupted. */
	readonly skipped: readonly string[];
}

/** For each key those that must be done before it. Keys that are not in the graph themselves count as done. */
export type Edges = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * Works on every key as soon as all keys before it are done, at most `limit` at a time, in the map's order among the ready.
 * A failure or an aborted signal stops new starts but cancels nothing: a call under way must be allowed to report its id.
 * @param stops whether a failure stops all that is not started, and not only what comes after it
 */
export async function runGraph(before: Edges, limit: number, signal: AbortSignal, work: (key: string) => Promise<void>, stops: (error: unknown) => boolean = () => true): Promise<GraphOutcome> {
	const done = new Set<string>();
	const failed = new Map<string, unknown>();
	const waiting = new Set(before.keys());
	const running = new Map<string, Promise<void>>();
	let stopped = false;
	const isReady = (key: string) => [...(before.get(key) ?? [])].every((other) => done.has(other) || !before.has(other));
	const start = async (key: string) => {
		try {
			await work(key);
			done.add(key);
		} catch (error) {
			failed.set(key, error);
			stopped ||= stops(error);
		}
		running.delete(key);
	};
	for (;;) {
		for (const key of waiting) {
			if (running.size >= limit || signal.aborted || stopped) break;
			if (!isReady(key)) continue;
			waiting.delete(key);
			running.set(key, start(key));
		}
		if (running.size === 0) break;
		await Promise.race(running.values());
	}
	if (waiting.size > 0 && failed.size === 0 && !signal.aborted) throw new Error(`these wait for each other: ${[...waiting].join(', ')}`);
	return { done: [...done], failed, skipped: [...waiting] };
}

/** Turns "A comes after B" into "B comes after A": what is made last is removed first. */
export function reverse(before: Edges): Map<string, Set<string>> {
	const reversed = new Map([...before.keys()].map((key) => [key, new Set<string>()]));
	for (const [key, others] of before) for (const other of others) reversed.get(other)?.add(key);
	return reversed;
}
