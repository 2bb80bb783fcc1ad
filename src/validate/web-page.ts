import type { LoginDocument } from '../environment/documents.ts';
import type { AirflowApi, DagRun, TaskInstance } from './airflow-api.ts';

/** Somebody at the provider's page, which is open. */
export interface Person {
	/** Types the address into whatever forms there are: an issuer for tests believes it. @throws CheckFailed where that does not log in */
	isBelieved(email: string): Promise<void>;
	/** Waits for the person who sees the browser. @param seconds at most @throws CheckFailed where nobody has logged in by then */
	logsIn(seconds: number): Promise<void>;
}

/** Airflow's web page as a person uses it: through a browser, or through HTTP where there is none. */
export interface WebPage {
	readonly kind: 'browser' | 'http';
	/** What looks at it, for the report: `Chromium 147.0 (/usr/bin/chromium)`. */
	readonly agent: string;
	readonly api: AirflowApi;
	/** @throws CheckFailed where the form refuses them */
	login(username: string, password: string): Promise<void>;
	/**
	 * Follows the button that logs in through a provider, as far as the provider's own page.
	 * @throws CheckFailed where the web page or the provider refuses it, with what they say
	 */
	toProvider(login: LoginDocument): Promise<{ readonly url: string }>;
	/** Logs in at the provider's page, where there is a browser. */
	readonly person?: Person;
	/** Goes on in a session that was made elsewhere. @param cookie `name=value` */
	useSession(cookie: string): Promise<void>;
	/** The list of DAGs: those shown, and the import errors above them. */
	dagList(): Promise<{ readonly dags: readonly string[]; readonly importErrors: readonly string[] }>;
	unpause(dagId: string): Promise<void>;
	trigger(dagId: string, runId: string): Promise<void>;
	/** Opens the page of a run, so that it can be watched. */
	openRun(dagId: string, runId: string): Promise<void>;
	/** Waits until the opened page shows the run in a state. @throws CheckFailed where it shows another */
	showsRun(dagId: string, runId: string, state: DagRun['state']): Promise<void>;
	/** The text of a task's log page. */
	taskLog(dagId: string, run: DagRun, task: TaskInstance): Promise<string>;
	/** Any page below the address. */
	visit(path: string): Promise<{ readonly status: number; readonly text: string }>;
	/** Undefined where there is nothing to see. */
	screenshot(): Promise<Buffer | undefined>;
	close(): Promise<void>;
}
