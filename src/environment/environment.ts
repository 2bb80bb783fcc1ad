import { existsSync } from 'node:fs';
import type { ComponentLogs } from '../logs/event.ts';
import { breakLock, type Holder } from '../engine/lock.ts';
import type { Entries } from '../engine/state.ts';
import type { Goal } from '../stacks/environment.ts';
import type { SessionAddress } from '../session/connect.ts';
import { sharedScope } from '../stacks/shared.ts';
import { kindOf, listBranches } from './branches.ts';
import { bringUp, planUp } from './bring-up.ts';
import { credentials } from './credentials.ts';
import type { Database, DatabaseConnection } from './database-connection.ts';
import type { BranchesDocument, CredentialsDocument, PlanDocument, ProviderCredentialsDocument, RecordedObject, RecoveredDocument, StatusDocument, TeardownDocument, TimelineDocument, UpDocument } from './documents.ts';
import { type Component, openCommand } from './exec.ts';
import { forget } from './forget.ts';
import type { Options } from './options.ts';
import { logGroups } from './log-groups.ts';
import { type PageRoute, pageRoute } from './page-route.ts';
import { breakLeases } from './one-writer.ts';
import { filesOf } from './places.ts';
import { recover, recoverUnrecorded } from './recover.ts';
import { readStates } from './session.ts';
import { recordOf } from './recorded-objects.ts';
import { status } from './status.ts';
import { allEnvironments, tearDown } from './teardown.ts';
import { lastTimeline } from './timeline.ts';

export type { Database, DatabaseConnection } from './database-connection.ts';
export type { BranchWishes, Options } from './options.ts';
export type { Goal } from '../stacks/environment.ts';

/** One Airflow, as the commands see it. */
export interface Environment {
	readonly name: string;
	up(goal: Goal): Promise<UpDocument>;
	plan(): Promise<PlanDocument>;
	/** @param resources recorded objects of an earlier look, which are then not asked for again */
	status(resources?: readonly RecordedObject[]): Promise<StatusDocument>;
	/** The last `up` that changed something, as bars; undefined where none is recorded here. */
	lastTimeline(): Promise<TimelineDocument | undefined>;
	credentials(): Promise<CredentialsDocument | ProviderCredentialsDocument>;
	/** The way to a web page on this machine that has a name. */
	pageRoute(): Promise<PageRoute | undefined>;
	teardown(): Promise<TeardownDocument>;
	/** Names of all environments of the project that are recorded here or have an anchor, `main` last. */
	all(): Promise<string[]>;
	/** Takes away the record of what is gone with its endpoint; returns how many objects that were. */
	forget(): Promise<number>;
	/** The log groups of all components, or of one. */
	logGroups(component?: string): Promise<ComponentLogs[]>;
	/** A session of a command in a running container; see exec.ts. */
	openCommand(component: Component, command: string): Promise<SessionAddress>;
	/** How to reach a database of a branch; see database-connection.ts. */
	database(database: Database): Promise<DatabaseConnection>;
	/** What is recorded, without asking AWS. */
	records(): Promise<RecordedObject[]>;
	recover(): Promise<RecoveredDocument>;
	/** Records what stands in AWS and is not recorded here; returns what was found. */
	recoverUnrecorded(): Promise<RecordedObject[]>;
	/** Whether anything of it is recorded here. */
	isRecorded(): Promise<boolean>;
	/** What its anchor says that it is. */
	kind(): Promise<'branch' | 'other' | 'absent'>;
	/** All branches of the project. */
	branches(): Promise<BranchesDocument>;
	/** Removes the environment's lock and lease and the shared ones; returns who held them. */
	unlock(): Promise<Holder[]>;
	/** What checks of the account work with: the records, and options whose remarks go to `warn`. Asks AWS nothing. */
	examined(): Promise<{ recorded: { own: Entries; shared: Entries }; options(warn: (line: string) => void): Options }>;
	/** Where the durations of earlier runs are kept. */
	readonly history: string;
}

export function openEnvironment(options: Options): Environment {
	const { config, cwd, aws } = options;
	let isNew = false;
	return {
		name: config.environment,
		history: filesOf(cwd, aws, config.environment).history,
		up: (goal) => bringUp({ ...options, isNew }, goal),
		plan: () => planUp(options),
		status: (resources) => status(options, resources && { resources }),
		lastTimeline: () => lastTimeline(options),
		credentials: () => credentials(options),
		pageRoute: async () => pageRoute(options, (await readStates(options)).get(config.environment)?.entries ?? {}),
		teardown: () => tearDown(options),
		all: () => allEnvironments(options),
		forget: () => forget(options),
		logGroups: (component) => logGroups(options, component),
		openCommand: (component, command) => openCommand(options, component, command),
		database: async (database) => (await import('./database-connection.ts')).databaseConnection(options, database),
		async records() {
			const states = await readStates(options);
			return [...states.values()].flatMap(({ entries }) => Object.entries(entries).map(([key, entry]) => recordOf(key, entry)));
		},
		recover: () => recover(options),
		async recoverUnrecorded() {
			const recovered = await recoverUnrecorded(options);
			isNew = recovered.isNew;
			return recovered.found;
		},
		async isRecorded() {
			// Refuses a record that is not ours to use. One without entries still counts: its lease may be left.
			await readStates(options);
			return existsSync(filesOf(cwd, aws, config.environment).state);
		},
		kind: () => kindOf(options),
		branches: () => listBranches(options),
		async examined() {
			const states = await readStates(options);
			const entries = (scope: string): Entries => states.get(scope)?.entries ?? {};
			return { recorded: { own: entries(config.environment), shared: entries(sharedScope) }, options: (warn) => ({ ...options, warn }) };
		},
		async unlock() {
			const locks = [config.environment, sharedScope].map((scope) => breakLock(filesOf(cwd, aws, scope).lock));
			const here = (await Promise.all(locks)).flatMap((holder) => holder ?? []);
			const elsewhere = (await breakLeases(options)).filter(({ host, pid }) => here.every((holder) => holder.host !== host || holder.pid !== pid));
			return [...here, ...elsewhere];
		},
	};
}
