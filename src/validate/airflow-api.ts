import { CheckFailed } from './check.ts';

/** One request to Airflow's web server, with whatever proves who asks. `path` begins with a slash. */
export type Request = (method: Method, path: string, options: { readonly body?: object; readonly accept: string }) => Promise<Answer>;
type Method = 'GET' | 'POST' | 'PATCH';

export interface Answer {
	readonly status: number;
	readonly text: string;
}

interface Dag {
	readonly dag_id: string;
	readonly is_paused: boolean;
	/** Relative to the DAGs folder, or absolute. */
	readonly fileloc: string;
	readonly schedule_interval: object | null;
}

export interface DagRun {
	readonly dag_run_id: string;
	readonly state: 'queued' | 'running' | 'success' | 'failed';
	readonly logical_date: string;
	readonly start_date: string | null;
	readonly end_date: string | null;
}

export interface TaskInstance {
	readonly task_id: string;
	readonly map_index: number;
	/** Null before it was scheduled. */
	readonly state: string | null;
	readonly try_number: number;
	/** Where it runs or ran: the address of the ECS task; empty before that. */
	readonly hostname: string;
	readonly start_date: string | null;
	readonly end_date: string | null;
	readonly duration: number | null;
}

/**
 * What is used of Airflow's REST API.
 * https://airflow.apache.org/docs/apache-airflow/2.5.3/stable-rest-api-ref.html
 */
export interface AirflowApi {
	version(): Promise<string>;
	dags(): Promise<Dag[]>;
	/** Undefined where there is none of that name. */
	dag(dagId: string): Promise<(Dag & { readonly catchup: boolean }) | undefined>;
	importErrors(): Promise<{ filename: string; stack_trace: string }[]>;
	setPaused(dagId: string, paused: boolean): Promise<void>;
	trigger(dagId: string, runId: string): Promise<void>;
	run(dagId: string, runId: string): Promise<DagRun | undefined>;
	/** Runs that are queued or running. */
	unfinishedRuns(dagId: string): Promise<DagRun[]>;
	/** Ends a run: its running tasks are stopped. */
	fail(dagId: string, runId: string): Promise<void>;
	tasks(dagId: string, runId: string): Promise<TaskInstance[]>;
	/** The log of a try as the web page shows it. */
	log(dagId: string, runId: string, task: Pick<TaskInstance, 'task_id' | 'map_index' | 'try_number'>): Promise<string>;
}

const pageSize = 100;

export function airflowApi(request: Request): AirflowApi {
	const ask = async <T>(method: Method, path: string, body?: object): Promise<T> => parse(assertDone(await call(request, method, path, body), method, path)) as T;
	const found = async <T>(path: string): Promise<T | undefined> => {
		const answer = await call(request, 'GET', path);
		return answer.status === 404 ? undefined : (parse(assertDone(answer, 'GET', path)) as T);
	};
	const all = async <T>(path: string, member: string): Promise<T[]> => {
		const items: T[] = [];
		for (;;) {
			const page = await ask<Record<string, unknown>>('GET', `${path}${path.includes('?') ? '&' : '?'}limit=${pageSize}&offset=${items.length}`);
			const more = page[member] as T[];
			items.push(...more);
			if (more.length < pageSize) return items;
		}
	};
	const dagPath = (dagId: string): string => `/dags/${encodeURIComponent(dagId)}`;
	const runPath = (dagId: string, runId: string): string => `${dagPath(dagId)}/dagRuns/${encodeURIComponent(runId)}`;
	return {
		version: async () => (await ask<{ version: string }>('GET', '/version')).version,
		dags: () => all<Dag>('/dags?only_active=true', 'dags'),
		dag: (dagId) => found(`${dagPath(dagId)}/details`),
		importErrors: () => all('/importErrors', 'import_errors'),
		setPaused: async (dagId, is_paused) => void (await ask('PATCH', `${dagPath(dagId)}?update_mask=is_paused`, { is_paused })),
		trigger: async (dagId, dag_run_id) => void (await ask('POST', `${dagPath(dagId)}/dagRuns`, { dag_run_id })),
		run: (dagId, runId) => found(runPath(dagId, runId)),
		unfinishedRuns: async (dagId) => [...(await all<DagRun>(`${dagPath(dagId)}/dagRuns?state=queued`, 'dag_runs')), ...(await all<DagRun>(`${dagPath(dagId)}/dagRuns?state=running`, 'dag_runs'))],
		fail: async (dagId, runId) => void (await ask('PATCH', runPath(dagId, runId), { state: 'failed' })),
		tasks: (dagId, runId) => all(`${runPath(dagId, runId)}/taskInstances`, 'task_instances'),
		async log(dagId, runId, { task_id, map_index, try_number }) {
			const mapped = map_index >= 0 ? `&map_index=${map_index}` : '';
			const path = `${runPath(dagId, runId)}/taskInstances/${encodeURIComponent(task_id)}/logs/${Math.max(1, try_number)}?full_content=true${mapped}`;
			return assertDone(await call(request, 'GET', path, undefined, 'text/plain'), 'GET', path);
		},
	};
}

function call(request: Request, method: Method, path: string, body?: object, accept = 'application/json'): Promise<Answer> {
	return request(method, `/api/v1${path}`, { accept, ...(body ? { body } : {}) });
}

/** The text of an answer that is no refusal. */
function assertDone({ status, text }: Answer, method: Method, path: string): string {
	if (status < 300) return text;
	const { title, detail } = (parse(text) ?? {}) as { title?: string; detail?: string };
	throw new CheckFailed(`Airflow's REST API answered ${status} to ${method} ${path}${title === undefined ? '' : `: ${title}${detail ? `, ${detail}` : ''}`}`);
}

function parse(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}
