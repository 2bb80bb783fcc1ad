import { readFileSync } from 'node:fs';
import type { StepAction } from '../engine/events.ts';

/** One line of history.jsonl: how long a step took. */
export interface PastStep {
	readonly key: string;
	readonly type: string;
	readonly action: StepAction;
	readonly seconds: number;
	/** ISO 8601. */
	readonly at: string;
}

/** Runs that an estimate looks back on, per step. */
const lookBack = 5;

/** Steps of earlier runs, oldest first; none where there is no such file. Lines cut short by a crash are passed over. */
export function readHistory(path: string): PastStep[] {
	let text: string;
	try {
		text = readFileSync(path, 'utf8');
	} catch {
		return [];
	}
	return text.split('\n').flatMap((line) => {
		try {
			return [JSON.parse(line) as PastStep];
		} catch {
			return [];
		}
	});
}

/** Seconds that each key usually takes: the median of its last runs in this direction. Steps that changed nothing do not count. */
export function usualSeconds(history: readonly PastStep[], direction: 'make' | 'delete'): Map<string, number> {
	const byKey = new Map<string, number[]>();
	for (const { key, action, seconds } of history) {
		if (action === 'none' || (action === 'delete') !== (direction === 'delete')) continue;
		byKey.set(key, [...(byKey.get(key) ?? []), seconds].slice(-lookBack));
	}
	return new Map([...byKey].map(([key, seconds]) => [key, median(seconds)]));
}

function median(values: readonly number[]): number {
	return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

export interface Remaining {
	/** Keys that have not ended. */
	readonly keys: readonly string[];
	readonly needs: Readonly<Record<string, readonly string[]>>;
	/** Seconds that running keys have been running. */
	readonly elapsed: ReadonlyMap<string, number>;
}

/**
 * Seconds until the longest chain of remaining steps has ended.
 * Undefined where fewer than half of these steps have been seen before: no estimate is better than a wild one.
 */
export function secondsLeft({ keys, needs, elapsed }: Remaining, usual: ReadonlyMap<string, number>): number | undefined {
	if (keys.filter((key) => usual.has(key)).length * 2 < keys.length) return undefined;
	const left = new Set(keys);
	const ends = new Map<string, number>();
	const endOf = (key: string): number => {
		if (!left.has(key)) return 0;
		const known = ends.get(key);
		if (known !== undefined) return known;
		const begin = Math.max(0, ...(needs[key] ?? []).map(endOf));
		const end = begin + Math.max(0, (usual.get(key) ?? 0) - (elapsed.get(key) ?? 0));
		ends.set(key, end);
		return end;
	};
	return Math.max(0, ...keys.map(endOf));
}
