import type { Event, StepAction } from '../engine/events.ts';
import { cut, duration } from './format.ts';
import { type PastStep, secondsLeft, usualSeconds } from './history.ts';

interface Running {
	readonly since: number;
	readonly action: StepAction;
	note: string | undefined;
}

/** What is known of a run so far. Times are milliseconds of any one clock. */
export interface Progress {
	readonly keys: readonly string[];
	readonly needs: Readonly<Record<string, readonly string[]>>;
	readonly running: Map<string, Running>;
	readonly ended: Set<string>;
	/** Steps that did something. */
	changes: number;
}

export function newProgress(): Progress {
	return { keys: [], needs: {}, running: new Map(), ended: new Set(), changes: 0 };
}

/** The progress after an event. */
export function advance(progress: Progress, event: Event, now: number): Progress {
	if (event.type === 'begin') return { ...newProgress(), keys: event.keys, needs: event.needs ?? {} };
	if (event.type === 'start') progress.running.set(event.key, { since: now, action: event.action, note: undefined });
	if (event.type === 'note' && !event.stays) {
		const step = progress.running.get(event.key);
		if (step) step.note = event.message;
	}
	if (event.type === 'done' || event.type === 'failed') {
		progress.running.delete(event.key);
		progress.ended.add(event.key);
	}
	if (event.type === 'done' && event.action !== 'none') progress.changes += 1;
	return progress;
}

/** Seconds left by earlier runs; undefined where those say nothing, or while nothing was found to change. */
export function timeLeft(progress: Progress, history: readonly PastStep[], now: number): number | undefined {
	const actions = [...progress.running.values()].map(({ action }) => action);
	if (progress.changes === 0 && actions.every((action) => action === 'none')) return undefined;
	const usual = usualSeconds(history, actions.includes('delete') ? 'delete' : 'make');
	const elapsed = new Map([...progress.running].map(([key, { since }]) => [key, (now - since) / 1000]));
	return secondsLeft({ keys: progress.keys.filter((key) => !progress.ended.has(key)), needs: progress.needs, elapsed }, usual);
}

/** What runs and since when, longest first, cut to `width`: `12/47 database 1:12 waiting for it to start, files 40 s · about 2:10 left`. */
export function progressLine(progress: Progress, { now, left, width }: { now: number; left: number | undefined; width: number }): string {
	const head = `${progress.ended.size}/${progress.keys.length} `;
	const tail = left === undefined ? '' : ` · ${left < 8 ? 'a few seconds left' : `about ${duration(Math.max(10, Math.round(left / 5) * 5))} left`}`;
	const steps = [...progress.running].sort(([, a], [, b]) => a.since - b.since).map(([key, { since }]) => `${key} ${duration(Math.round((now - since) / 100) / 10)}`);
	const [first] = [...progress.running.values()].sort((a, b) => a.since - b.since);
	const [oldest = 'starting', ...others] = steps;
	const room = width - head.length - tail.length;
	const notes = first?.note === undefined ? '' : ` ${first.note}`;
	const more = others.length === 0 ? '' : fit(others, Math.max(8, Math.floor(room / 2)));
	return cut(`${head}${cut(oldest + notes, Math.max(10, room - more.length))}${more}`, width - tail.length) + tail;
}

/** `, files 40 s, cluster 2 s, +3`: as many as there is room for. */
function fit(steps: readonly string[], room: number): string {
	let text = '';
	for (const [index, step] of steps.entries()) {
		const rest = steps.length - index - 1;
		if (text.length + step.length + 2 + (rest > 0 ? 4 : 0) > room) return `${text}, +${rest + 1}`;
		text += `, ${step}`;
	}
	return text;
}

const verbs: Record<StepAction, string> = {
	create: 'created',
	adopt: 'found',
	update: 'updated',
	replace: 'replaced',
	run: 'done',
	none: 'unchanged',
	delete: 'deleted',
};

/** `database created in 3:24`. */
export function endedLine({ key, action, seconds }: Extract<Event, { type: 'done' }>): string {
	return `${key} ${verbs[action]} in ${duration(seconds)}`;
}
