import type { StepAction } from '../engine/events.ts';

/** The JSON documents that commands print with --json. Stable: members are added, never changed or removed. Times are seconds. */
export interface StatusDocument {
	environment: string;
	target: 'aws' | 'local';
	account: string;
	region: string;
	endpoint: string | null;
	phase: 'absent' | 'partial' | 'up' | 'unhealthy';
	/** When a branch's time is up: ISO 8601; null: never. */
	expiresAt: string | null;
	webserver: { url: string | null; healthy: boolean };
	login: LoginDocument;
	scheduler: { healthy: boolean; heartbeatAgeSeconds: number | null };
	bundle: { uploaded: string | null; parsed: string | null; dags: number; importErrors: ImportError[] };
	services: ServiceStatus[];
	/** With the ECS executor: tasks of DAGs that run as tasks of ECS; null with the local one. */
	workers: WorkersDocument | null;
	/** The newest deaths that are kept of tasks that belong to no service, e.g. of `init`. */
	deaths: Death[];
	resources: RecordedObject[];
}

export interface WorkersDocument {
	/** Those that start, too. */
	running: number;
	oldest: WorkerStatus | null;
}

interface WorkerStatus extends TaskStatus {
	/** The task of a DAG that it was started for; mapIndex is -1 where that is not mapped. */
	runs: { dagId: string; taskId: string; runId: string; mapIndex: number } | null;
}

/** How people log in to the web page. */
export interface LoginDocument {
	/** `db`: with passwords that Airflow keeps. */
	auth: 'db' | 'google' | 'github' | 'oidc';
	/** What is to be registered at the provider; null with `db`, and while the web page has no address. */
	redirectUri: string | null;
}

export interface ImportError {
	/** Path within the bundle, e.g. `dags/broken.py`. */
	file: string;
	line: number | null;
	message: string;
}

export interface ServiceStatus {
	name: string;
	desired: number;
	running: number;
	pending: number;
	/** `family:revision` */
	taskDefinition: string;
	rollout: string;
	/** Names of the containers in each of its tasks. */
	containers: string[];
	/** Those that are not stopped, the newest first. */
	tasks: TaskStatus[];
	/** Of any task since the environment was made. */
	lastDeath: Death | null;
}

export interface TaskStatus {
	/** 32 hexadecimal digits. */
	id: string;
	/** `family:revision` */
	taskDefinition: string;
	/** `RUNNING`, `PENDING` … */
	status: string;
	/** `HEALTHY`, `UNHEALTHY` or `UNKNOWN`. */
	health: string;
	/** ISO 8601; null before it has started. */
	startedAt: string | null;
	/** Since it started, else since it was made. */
	ageSeconds: number | null;
}

export interface Death {
	/** The service, or the family of a task that was run once. */
	service: string;
	/** 32 hexadecimal digits. */
	task: string;
	/** `family:revision` */
	taskDefinition: string;
	/** ISO 8601. */
	at: string;
	ageSeconds: number;
	/** `image-pull`, `out-of-memory` …: resources/task-death.ts. */
	class: string;
	cause: string;
	fix: string;
	/** AWS's words. */
	reason: string | null;
	/** Where the task and the end of its log are kept: a path in the working directory. */
	record: string;
}

export interface RecordedObject {
	key: string;
	type: string;
	id: string | null;
	arn: string | null;
	status: string;
}

export interface Step {
	key: string;
	type: string;
	action: Exclude<StepAction, 'adopt'>;
	/** ISO 8601. */
	startedAt: string | null;
	seconds: number;
	dependsOn: string[];
}

export interface UpDocument extends StatusDocument {
	wallSeconds: number;
	criticalPathSeconds: number;
	steps: Step[];
	/** Plugins, config or webserver_config.py are newer than what the services started with: `deploy` brings them in. */
	restartNeeded: boolean;
}

export interface Change {
	key: string;
	type: string;
	action: 'create' | 'update' | 'replace' | 'delete' | 'run';
	why: string;
}

export interface PlanDocument {
	changes: Change[];
	/** What the changes do to tasks of DAGs that run: what is ended, and what goes on. */
	runningWork: string[];
	cost: Cost;
	login: LoginDocument;
}

export interface Cost {
	perHour: number;
	perMonth: number;
	currency: 'USD';
	lines: { key: string; perHour: number; assumption: string }[];
}

/** What `state recover` found. */
export interface RecoveredDocument {
	resources: RecordedObject[];
	/** What carries our tags and is no part of what is wanted now: `up` and `teardown` do not know it. */
	unrecorded: { type: string; id: string }[];
	/** What looks like ours and is not: it was left alone. */
	notOurs: { type: string; id: string; why: string }[];
}

export interface TeardownDocument {
	deleted: { key: string; type: string; id: string }[];
	left: { key: string; type: string; id: string; heldBy: string | null; since: string | null }[];
	kept: { type: string; id: string; why: string }[];
	/** What looks like the environment's and is not: it was left alone. */
	notOurs: { type: string; id: string; why: string }[];
	/** Recorded ids that AWS was asked for after the removal, and kinds of objects that were looked for by tags and names. */
	asked: { ids: number; kinds: number };
	/** What is left, kept or shared costs from now on. */
	cost: Cost;
	/** The shared stack where it stays: for whom, and what it costs by itself in USD. Null where it went, or was not there. */
	shared: { environments: string[]; perMonth: number } | null;
	wallSeconds: number;
}

/** Several environments that were removed by one command: the sum, and each by itself. */
export interface RemovalsDocument extends TeardownDocument {
	environments: RemovalDocument[];
}

export interface RemovalDocument extends TeardownDocument {
	environment: string;
	/** Why it could not be removed; null where it could be tried. */
	error: { code: string; message: string; hint: string | null } | null;
}

export interface BranchesDocument {
	branches: BranchDocument[];
	/** What costs are reckoned with: list prices of a region as they stood on a day. Absent where there was nothing to ask. */
	prices?: { date: string; region: string; sources: readonly string[] };
}

export interface BranchDocument {
	name: string;
	/** The git branch that it was made for. */
	gitBranch: string | null;
	/** ISO 8601. */
	createdAt: string;
	/** ISO 8601; null: it stays until it is deleted. */
	expiresAt: string | null;
	/** Its time is up. */
	expired: boolean;
	phase: StatusDocument['phase'];
	url: string | null;
	databases: string[];
	/** Its databases begin anew with each task. */
	ephemeral: boolean;
	/** USD, list prices of us-east-1. */
	perHour: number;
	/** USD since it was created, as if it had run all the time until it was stopped. */
	costSoFar: number;
	/** What `perHour` is made of. */
	costLines: Cost['lines'];
}

/** An open tunnel to a database of a branch. */
export interface ConnectionDocument {
	environment: string;
	database: 'postgres' | 'mysql';
	/** Of this machine. */
	host: string;
	port: number;
	username: string;
	databaseName: string;
	/** Null unless it was asked for. */
	password: string | null;
	/** Holds the password if that was asked for. */
	url: string;
	/** Logs in, as long as the tunnel is open. */
	command: string;
}

export interface CredentialsDocument {
	url: string | null;
	username: string;
	password: string;
}

/** In place of it where people log in through a provider: there is no password to tell. */
export interface ProviderCredentialsDocument {
	url: string | null;
	username: null;
	password: null;
	login: LoginDocument;
}

/** The last `up` as bars; additional member `timeline` of `status --timeline --json`. */
export interface TimelineDocument {
	/** As it was given: `up`, `up --local` … */
	command: string;
	/** ISO 8601. */
	startedAt: string;
	wallSeconds: number;
	criticalPathSeconds: number;
	/** Keys of steps that failed or were not reached; empty where the run was complete. */
	unfinished: string[];
	/** In order of their start. */
	steps: TimelineStep[];
}

export interface TimelineStep extends Omit<Step, 'startedAt'> {
	/** Since the run's start. */
	startSeconds: number;
	/** Whether it is on the longest chain of steps that waited for each other. */
	critical: boolean;
}

export interface ValidateDocument {
	/** Everything that was asked for is proved. */
	ok: boolean;
	checks: CheckDocument[];
	/** Path of the report, an HTML file. */
	report: string;
	environment: string;
	/** How it was looked at: `logs` where the web page could not be reached. */
	mode: 'browser' | 'http' | 'logs';
	versions: Record<string, string>;
	wallSeconds: number;
}

export interface CheckDocument {
	/** `login`, `run:tutorial` … */
	name: string;
	/** Also where there was nothing to check; not where it could not be checked. */
	ok: boolean;
	seconds: number;
	/** What was seen, or what is wrong and why. */
	detail: string;
	/** Path relative to the report's folder. */
	screenshot: string | null;
	verdict: 'passed' | 'failed' | 'not-checked' | 'left-out';
	proves: string;
	/** What to do about a failure. */
	hint: string | null;
	/** Log lines that show it; of a failed task its last ones. */
	lines: string[];
	/** Since the validation began. */
	startSeconds: number;
}

export interface DoctorDocument {
	/** No check failed. */
	ok: boolean;
	checks: {
		name: string;
		/** `not-checked` is no failure. */
		verdict: 'ok' | 'failed' | 'not-checked';
		detail: string;
		/** What to do about a failure, and who can; null otherwise. */
		fix: string | null;
		who: string | null;
	}[];
}
