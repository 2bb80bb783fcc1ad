import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { criticalPath, type Outcome, stepsOf } from '../engine/engine.ts';
import type { Step, TimelineDocument } from './documents.ts';
import { keepDocument } from './kept.ts';
import type { Options } from './options.ts';
import { filesOf } from './places.ts';

/** What is kept of the last `up` that did something; it outlives a teardown. */
interface RecordedRun {
	readonly format: 1;
	readonly command: string;
	/** ISO 8601. */
	readonly startedAt: string;
	readonly wallSeconds: number;
	/** Keys of the steps that failed or were not reached. */
	readonly unfinished: readonly string[];
	readonly steps: readonly Step[];
}

type Where = Pick<Options, 'cwd' | 'aws' | 'config'>;

/** Keeps a run for `lastTimeline`, unless it found nothing to do. What cannot be written is not worth a failure. */
export async function recordRun(options: Where & Pick<Options, 'command'>, outcome: Outcome, { startedAt, wallSeconds }: { startedAt: Date; wallSeconds: number }): Promise<void> {
	if (outcome.done.every(({ action }) => action === 'none') && outcome.failed.size === 0) return;
	const run: RecordedRun = {
		format: 1,
		command: options.command,
		startedAt: startedAt.toISOString(),
		wallSeconds,
		unfinished: [...outcome.failed.keys(), ...outcome.skipped],
		steps: stepsOf(outcome),
	};
	await keepDocument(options, nameOf(options), run).catch(() => undefined);
}

/**
 * The last `up` of the environment that changed something, as bars: offsets and durations in seconds, and the steps that
 * made it as long as it was.
 * @returns undefined where no such run is recorded in this working directory
 */
export async function lastTimeline(options: Where): Promise<TimelineDocument | undefined> {
	const path = join(filesOf(options.cwd, options.aws, options.config.environment).directory, nameOf(options));
	const text = await readFile(path, 'utf8').catch(() => undefined);
	const run = text === undefined ? undefined : parse(text);
	return run && timelineOf(run);
}

export function timelineOf({ command, startedAt, wallSeconds, unfinished, steps }: Omit<RecordedRun, 'format'>): TimelineDocument {
	const critical = new Set(criticalKeys(steps));
	const began = Date.parse(startedAt);
	const bars = steps.map(({ startedAt: at, ...step }) => ({ ...step, startSeconds: at === null ? 0 : Math.max(0, (Date.parse(at) - began) / 1000), critical: critical.has(step.key) }));
	return { command, startedAt, wallSeconds, criticalPathSeconds: criticalPath(steps), unfinished: [...unfinished], steps: bars.toSorted((a, b) => a.startSeconds - b.startSeconds || b.seconds - a.seconds) };
}

/** The longest chain of steps that waited for each other; removals come after all else and have a chain of their own. */
function criticalKeys(steps: readonly Step[]): string[] {
	const removals = steps.filter(({ action }) => action === 'delete');
	return [...longestChain(steps.filter(({ action }) => action !== 'delete')), ...longestChain(removals)];
}

function longestChain(steps: readonly Step[]): string[] {
	const byKey = new Map(steps.map((step) => [step.key, step]));
	const known = new Map<string, { seconds: number; keys: string[] }>();
	const chainTo = (step: Step): { seconds: number; keys: string[] } => {
		const found = known.get(step.key);
		if (found) return found;
		const before = step.dependsOn.flatMap((key) => byKey.get(key) ?? []).map(chainTo);
		const longest = before.reduce((a, b) => (b.seconds > a.seconds ? b : a), { seconds: 0, keys: [] });
		const chain = { seconds: longest.seconds + step.seconds, keys: [...longest.keys, step.key] };
		known.set(step.key, chain);
		return chain;
	};
	return steps.map(chainTo).reduce((a, b) => (b.seconds > a.seconds ? b : a), { seconds: 0, keys: [] }).keys;
}

/** Undefined for what another version wrote or a crash cut short. */
function parse(text: string): RecordedRun | undefined {
	try {
		const run = JSON.parse(text) as RecordedRun;
		return run.format === 1 ? run : undefined;
	} catch {
		return undefined;
	}
}

function nameOf({ config }: Where): string {
	return `runs/${config.environment}.json`;
}
