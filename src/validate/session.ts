import type { Aws } from '../aws/clients.ts';
import type { Config } from '../config/config.ts';
import type { CredentialsDocument, StatusDocument } from '../environment/documents.ts';
import type { Pace } from '../logs/pace.ts';
import type { Manifest } from '../resources/upload-bundle.ts';
import type { Executor } from '../stacks/inputs.ts';
import type { LoginOptions } from '../stacks/login.ts';
import type { HttpRequest } from './http-request.ts';
import type { WebPage } from './web-page.ts';

/** What the user asked for. */
export interface Wishes {
	/** DAGs to run; empty: the sample ones, where they are deployed. */
	readonly dags: readonly string[];
	/** Every DAG that is deployed. */
	readonly all: boolean;
	/** How long the runs may take, seconds. */
	readonly timeout: number;
	readonly browser: boolean;
	readonly headed: boolean;
}

/** What is validated, as AWS shows it, or a page alone. */
export interface Deployed {
	/** Undefined: only the web page is known, and AWS has no part in it. */
	readonly aws: Aws | undefined;
	readonly config: Config;
	readonly status: StatusDocument;
	/** Undefined where the secret cannot be read, and why. */
	readonly credentials: CredentialsDocument | undefined;
	readonly credentialsError: string | undefined;
	/** As recorded. */
	readonly login: LoginOptions;
	/** The bundle that was uploaded. */
	readonly manifest: Manifest | undefined;
	/** As recorded. */
	readonly executor: Executor;
	/** Requests of the web page without a browser. */
	readonly request: HttpRequest;
	/** Who may reach the web page, as recorded. */
	readonly allowedCidrs: readonly string[];
	/** ` --local`, ` --env x`: what makes another command be about the same environment. */
	readonly flags: string;
	/** Of all calls that read logs. */
	readonly pace: Pace;
}

/** A run that this validation started. */
export interface OwnRun {
	readonly dagId: string;
	readonly runId: string;
	/** Whether the DAG was paused before. */
	readonly wasPaused: boolean;
	/** Epoch milliseconds. */
	readonly since: number;
	triggered: boolean;
	/** When it was seen to have ended, epoch milliseconds. */
	ended?: number;
}

/** What checks work with, and what they hand to later ones. */
export interface Session {
	readonly deployed: Deployed;
	readonly wishes: Wishes;
	/** The web page through a browser, or through HTTP alone; absent where it cannot be reached. */
	page?: WebPage;
	/** DAGs that Airflow has; set by the check that lists them. */
	dags: readonly string[];
	/** When the validation began, epoch milliseconds. */
	readonly began: number;
	/** Aborted by Ctrl-C. */
	readonly signal: AbortSignal;
	readonly runs: OwnRun[];
	/** The text of log pages that were read, by DAG, and whose try it was. */
	readonly logPages: Map<string, { readonly task: string; readonly text: string }>;
	/** The cookie of a session of the web page that is made in its container, once: for where nobody has a password. */
	readonly containerSession: () => Promise<string>;
	/** Says what is going on within a check. */
	readonly busy: (text: string) => void;
}
