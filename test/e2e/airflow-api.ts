/** Airflow's stable REST API, with the environment's user and password. https://airflow.apache.org/docs/apache-airflow/2.5.3/stable-rest-api-ref.html */
export interface AirflowApi {
	call<T>(method: string, path: string, body?: object): Promise<T>;
	/** Unpauses the DAG and starts a run. @returns its id */
	trigger(dag: string): Promise<string>;
	/** What the web page shows of a try, the first one if nothing else is said. */
	log(dag: string, run: string, task: string, tryNumber?: number): Promise<string>;
	/** `queued`, `running`, `success` or `failed` */
	stateOf(dag: string, run: string): Promise<string>;
}

export function airflowApi({ url, username, password }: { url: string | null; username: string; password: string }): AirflowApi {
	const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
	const ask = async (method: string, path: string, body?: object, accept = 'application/json'): Promise<Response> => {
		const answer = await fetch(`${url}/api/v1${path}`, { method, headers: { authorization, accept, 'content-type': 'application/json' }, ...(body ? { body: JSON.stringify(body) } : {}) });
		if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
		return answer;
	};
	const call = async <T>(method: string, path: string, body?: object): Promise<T> => (await (await ask(method, path, body)).json()) as T;
	return {
		call,
		async trigger(dag) {
			await call('PATCH', `/dags/${dag}`, { is_paused: false });
			return (await call<{ dag_run_id: string }>('POST', `/dags/${dag}/dagRuns`, {})).dag_run_id;
		},
		log: async (dag, run, task, tryNumber = 1) => (await ask('GET', `/dags/${dag}/dagRuns/${encodeURIComponent(run)}/taskInstances/${task}/logs/${tryNumber}?full_content=true`, undefined, 'text/plain')).text(),
		stateOf: async (dag, run) => (await call<{ state: string }>('GET', `/dags/${dag}/dagRuns/${encodeURIComponent(run)}`)).state,
	};
}
