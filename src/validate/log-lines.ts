import { UserError } from '../errors.ts';
import type { LogEvent } from '../logs/event.ts';
import { LogReader } from '../logs/reader.ts';
import { required } from '../resources/support.ts';
import { naming } from '../stacks/inputs.ts';
import { CheckFailed } from './check.ts';
import type { Deployed } from './session.ts';

export type Component = 'webserver' | 'scheduler' | 'dag-sync' | 'task' | 'init';

/** One event of CloudWatch Logs. */
export interface LogLine {
	/** Epoch milliseconds. */
	readonly time: number;
	readonly stream: string;
	readonly text: string;
	/** Undefined where it is not one JSON object. */
	readonly json: Readonly<Record<string, unknown>> | undefined;
}

/** At Ctrl-C a check is left as it is. */
const uninterrupted = new AbortController().signal;

export interface Wanted {
	/** Epoch milliseconds. */
	readonly since: number;
	readonly streamPrefix?: string;
	/** Only lines with this text in them. */
	readonly containing?: string;
}

/**
 * Lines of a component's log group, oldest first; none of a page alone.
 * @throws CheckFailed where the group does not exist
 */
export async function readLines(deployed: Deployed, component: Component, { since, streamPrefix, containing }: Wanted): Promise<LogLine[]> {
	const { aws, pace, flags } = deployed;
	if (aws === undefined) return [];
	const name = logGroup(deployed, component);
	const group = { component, logGroupName: name, arn: '' };
	const reader = new LogReader(aws, [group], pace);
	const events: LogEvent[] = [];
	// Quoted, a pattern is plain text ("Filter pattern syntax", CloudWatch Logs user guide).
	const pattern = containing === undefined ? undefined : `"${containing.replaceAll(/["\\]/g, '')}"`;
	try {
		for await (const page of reader.pages(group, { from: Math.floor(since), pattern, streamPrefix, signal: uninterrupted })) events.push(...page);
	} catch (error) {
		if (error instanceof UserError && error.code === 'LogGroupsGone') throw new CheckFailed(`the log group ${name} does not exist`, { hint: `airflow-deploy up${flags}   # makes it again` });
		throw error;
	}
	const lines = events.map(({ timestamp, logStreamName, message }) => ({ time: timestamp, stream: logStreamName, text: message.trimEnd(), json: parse(message) }));
	return lines.filter(({ text, stream }) => (containing === undefined || text.includes(containing)) && (streamPrefix === undefined || stream.startsWith(streamPrefix))).toSorted((a, b) => a.time - b.time);
}

export function logGroup({ config, aws }: Deployed, component: Component): string {
	return naming({ config, place: required(aws) }).in(config.environment).logGroup(component);
}

/** The stream of a task's try, or the beginning of the names of all of a run's: Airflow's log_filename_template, with `:` replaced (CloudWatch takes none). */
export function streamOf(dagId: string, runId: string, task?: { task_id: string; map_index: number; try_number: number }): string {
	const of = task === undefined ? '' : `task_id=${task.task_id}/${task.map_index >= 0 ? `map_index=${task.map_index}/` : ''}attempt=${Math.max(1, task.try_number)}.log`;
	return `dag_id=${dagId}/run_id=${runId}/${of}`.replaceAll(':', '_');
}

/** As people read them: time, level, message, and the lines of an exception below. */
export function readable(lines: readonly LogLine[]): string[] {
	return lines.flatMap(({ text, json }) => {
		if (json === undefined) return text.split('\n');
		const { time, level, message, exception, stack } = json;
		const clock = typeof time === 'string' ? time.slice(11, 19) : '';
		const body = [message, exception, stack].filter((part) => typeof part === 'string' && part.trim() !== '').join('\n');
		return `${clock} ${typeof level === 'string' ? level : ''} ${body}`.trim().split('\n');
	});
}

export function messageOf({ json }: LogLine): string {
	const message = json?.['message'];
	return typeof message === 'string' ? message : '';
}

function parse(text: string): Record<string, unknown> | undefined {
	try {
		const value: unknown = JSON.parse(text);
		return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
	} catch {
		return undefined;
	}
}
