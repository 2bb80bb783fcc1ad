import type { LogEvent } from './event.ts';
import { type LogEntry, parseEntry } from './entry.ts';

/** Which lines are wanted; what is undefined does not matter. */
export interface Selection {
	readonly dag?: string | undefined;
	readonly task?: string | undefined;
	readonly run?: string | undefined;
	readonly try?: string | undefined;
	/** Looked for in the line as it is stored and as it is shown. */
	readonly grep?: RegExp | undefined;
}

export interface Line {
	readonly event: LogEvent;
	readonly entry: LogEntry;
}

const ids = ['dag', 'task', 'run', 'try'] as const;

/** The event with what it says, or undefined where it is not wanted. */
export function select(event: LogEvent, selection: Selection): Line | undefined {
	const entry = parseEntry(event.message);
	return isOfTask(entry, selection) && matches(event, entry, selection.grep) ? { event, entry } : undefined;
}

/** A line that names its task is judged by that; the other components' lines by whether they mention what is asked for. */
function isOfTask(entry: LogEntry, selection: Selection): boolean {
	const { task } = entry;
	if (task !== undefined) return ids.every((id) => selection[id] === undefined || selection[id] === task[id]);
	// A bare number is no mention of a try.
	return selection.try === undefined && ids.every((id) => selection[id] === undefined || mentions(entry.message, selection[id]));
}

/** `tutorial` is mentioned in `<TaskInstance: tutorial.sleep …>`, not in `tutorial_taskflow_api`. */
function mentions(text: string, id: string): boolean {
	const isPart = (character: string | undefined): boolean => character !== undefined && /[\w-]/.test(character);
	for (let at = text.indexOf(id); at !== -1; at = text.indexOf(id, at + 1)) {
		if (!isPart(text[at - 1]) && !isPart(text[at + id.length])) return true;
	}
	return false;
}

function matches({ message }: LogEvent, entry: LogEntry, grep: RegExp | undefined): boolean {
	return grep === undefined || [message, [entry.level, entry.message].join(' '), ...entry.details].some((text) => grep.test(text));
}

const fields: readonly (readonly [keyof Selection, string])[] = [['dag', 'dag_id'], ['task', 'task_id'], ['run', 'run_id']];

/**
 * The part of a selection that CloudWatch Logs can tell by itself, for the tasks' own log group; undefined: everything.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
 */
export function filterPattern(selection: Selection): string | undefined {
	const terms = fields.flatMap(([id, field]) => {
		const value = selection[id];
		// An asterisk is a wildcard there, and quotes cannot be escaped: such a value is left to `select`.
		return typeof value === 'string' && /^[^"*\\]+$/.test(value) ? [`($.${field} = "${value}")`] : [];
	});
	return terms.length === 0 ? undefined : `{ ${terms.join(' && ')} }`;
}
