import type { LogEvent } from '../../src/logs/event.ts';

let made = 0;

/** An event of a log group; what is not given is of no interest. */
export function event(given: Partial<LogEvent> = {}): LogEvent {
	made += 1;
	const timestamp = given.timestamp ?? Date.parse('2026-11-24T13:00:00Z');
	return { component: 'webserver', logGroupName: '/a/webserver', logStreamName: 's', timestamp, ingestionTime: timestamp, eventId: `id-${made}`, message: `line ${made}`, ...given };
}

/** A line as airflow_deploy.json_logs writes it. */
export function json(fields: Record<string, unknown>): string {
	return JSON.stringify({ time: '2026-11-24T13:00:00.000+00:00', level: 'INFO', logger: 'test', message: 'hello', ...fields });
}

/** The lines of one task's try. */
export const taskLine = (message: string, fields: Record<string, unknown> = {}): string =>
	json({ message, dag_id: 'tutorial', task_id: 'print_date', run_id: 'manual__2026-11-24T12:59:00+00:00', try_number: 1, ...fields });
