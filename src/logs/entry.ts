/** What a line says; airflow/image/airflow_deploy/json_logs.py writes them. */
export interface LogEntry {
	/** Undefined where the line is not JSON: an interpreter's start-up, a library's print. */
	readonly level: string | undefined;
	readonly logger: string | undefined;
	readonly message: string;
	/** Traceback, then stack, where there is one. */
	readonly details: readonly string[];
	readonly task: TaskOf | undefined;
}

/** The try of a task that wrote a line. */
export interface TaskOf {
	readonly dag: string;
	readonly task: string;
	readonly run: string;
	readonly try: string;
	/** Of a mapped task. */
	readonly mapIndex: string | undefined;
}

/** Reads one line; text that is not one of our JSON objects is a message without a level. */
export function parseEntry(line: string): LogEntry {
	const fields = objectOf(line);
	const text = (name: string): string | undefined => textOf(fields?.[name]);
	const message = text('message');
	if (message === undefined) return { level: undefined, logger: undefined, message: line, details: [], task: undefined };
	return { level: text('level'), logger: text('logger'), message, details: ['exception', 'stack'].flatMap((name) => text(name) || []), task: taskOf(text) };
}

function textOf(value: unknown): string | undefined {
	if (value === undefined || value === null) return undefined;
	return typeof value === 'string' ? value : JSON.stringify(value);
}

function objectOf(line: string): Readonly<Record<string, unknown>> | undefined {
	if (!line.startsWith('{')) return undefined;
	try {
		return JSON.parse(line) as Readonly<Record<string, unknown>>;
	} catch {
		return undefined;
	}
}

function taskOf(text: (name: string) => string | undefined): TaskOf | undefined {
	const [dag, task, run, tryNumber] = ['dag_id', 'task_id', 'run_id', 'try_number'].map((name) => text(name));
	if (dag === undefined || task === undefined || run === undefined || tryNumber === undefined) return undefined;
	return { dag, task, run, try: tryNumber, mapIndex: text('map_index') };
}
