import type { Task } from '@aws-sdk/client-ecs';
import type { Aws } from '../aws/clients.ts';
import type { Context } from '../engine/resource.ts';
import { lastPart } from './ecs.ts';
import type { Verdict } from './task-death.ts';
import { describeDeath, ownerOf, type TaskDeath } from './task-failure.ts';

/** What is kept of a dead task: AWS forgets it within the hour. No values of environment variables. */
export interface DeathRecord {
	format: 1;
	environment: string;
	/** The service, or the family of a task that was run once. */
	service: string;
	verdict: Verdict;
	/** The container that ended it, and the end of its log. */
	culprit: string | null;
	log: TaskDeath['log'];
	/** As DescribeTasks showed it. */
	task: Task;
}

/** Describes a task that has ended, and keeps its record beside the state. Says nothing where that cannot be written. */
export async function keepDeath({ aws, scope, keep }: Pick<Context<Aws>, 'aws' | 'scope' | 'keep'>, task: Task): Promise<TaskDeath> {
	const death = await describeDeath(aws, task);
	const { verdict, culprit, log } = death;
	const record: DeathRecord = { format: 1, environment: scope, service: ownerOf(task), verdict, culprit, log, task: redacted(task) };
	return { ...death, record: (await keep?.(recordName(task), record).catch(() => undefined)) ?? null };
}

/** The same task has the same name, so that it is kept once. */
function recordName(task: Task): string {
	const time = (task.executionStoppedAt ?? task.stoppedAt ?? task.stoppingAt ?? new Date()).toISOString().replaceAll(/[-:]|\.\d+/g, '');
	return `deaths/${time}-${ownerOf(task)}-${lastPart(task.taskArn)}.json`;
}

function redacted(task: Task): Task {
	const containerOverrides = task.overrides?.containerOverrides?.map(({ environment, ...rest }) => ({ ...rest, ...(environment ? { environment: environment.map(({ name }) => ({ name, value: '***' })) } : {}) }));
	return { ...task, ...(task.overrides ? { overrides: { ...task.overrides, ...(containerOverrides ? { containerOverrides } : {}) } } : {}) };
}
