import type { ComponentLogs } from '../logs/event.ts';
import { breakLock, type Holder } from '../engine/lock.ts';
import type { Goal } from '../stacks/main.ts';
import { sharedScope } from '../stacks/shared.ts';
import { bringUp, planUp } from './bring-up.ts';
import { credentials } from './credentials.ts';
import type { CredentialsDocument, PlanDocument, RecordedObject, StatusDocument, TeardownDocument, UpDocument } from './documents.ts';
import type { Options } from './options.ts';
import { logGroups } from './log-groups.ts';
import { filesOf } from './places.ts';
import { recover } from './recover.ts';
import { readStates } from './session.ts';
import { recordOf, status } from './status.ts';
import { tearDown } from './teardown.ts';

export type { Options } from './options.ts';
export type { Goal } from '../stacks/main.ts';

/** One Airflow, as the commands see it. */
export interface Environment {
	readonly name: string;
	up(goal: Goal): Promise<UpDocument>;
	plan(): Promise<PlanDocument>;
	status(): Promise<StatusDocument>;
	credentials(): Promise<CredentialsDocument>;
	teardown(): Promise<TeardownDocument>;
	/** The log groups of all components, or of one. */
	logGroups(component?: string): Promise<ComponentLogs[]>;
	/** What is recorded, without asking AWS. */
	records(): Promise<RecordedObject[]>;
	recover(): Promise<RecordedObject[]>;
	/** Removes the environment's lock and the shared one; returns who held them. */
	unlock(): Promise<Holder[]>;
	/** Where the durations of earlier runs are kept. */
	readonly history: string;
}

export function openEnvironment(options: Options): Environment {
	const { config, cwd, aws } = options;
	return {
		name: config.environment,
		history: filesOf(cwd, aws, config.environment).history,
		up: (goal) => bringUp(options, goal),
		plan: () => planUp(options),
		status: () => status(options),
		credentials: () => credentials(options),
		teardown: () => tearDown(options),
		logGroups: (component) => logGroups(options, component),
		async records() {
			const states = await readStates(options);
			return [...states.values()].flatMap(({ entries }) => Object.entries(entries).map(([key, entry]) => recordOf(key, entry)));
		},
		recover: () => recover(options),
		async unlock() {
			const locks = [config.environment, sharedScope].map((scope) => breakLock(filesOf(cwd, aws, scope).lock));
			return (await Promise.all(locks)).flatMap((holder) => holder ?? []);
		},
	};
}
