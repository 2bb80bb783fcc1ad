import type { Task } from '@aws-sdk/client-ecs';

/** The task of a DAG that a worker was started for. */
export interface DagTask {
	readonly dagId: string;
	readonly taskId: string;
	readonly runId: string;
	/** -1 where it is not mapped, as Airflow has it. */
	readonly mapIndex: number;
}

/**
 * What a worker runs, from the command that it was started with: `… airflow tasks run DAG TASK RUN … --map-index N`
 * (Airflow 2.5.3, TaskInstance.generate_command). Undefined for a task that is no worker.
 */
export function dagTaskOf({ overrides }: Pick<Task, 'overrides'>): DagTask | undefined {
	const command = overrides?.containerOverrides?.map(({ command = [] }) => command).find((words) => words.includes('tasks')) ?? [];
	const at = command.findIndex((word, index) => word === 'tasks' && command[index + 1] === 'run');
	const [dagId, taskId, runId] = command.slice(at + 2, at + 5);
	if (at < 0 || dagId === undefined || taskId === undefined || runId === undefined) return undefined;
	const mapped = command.indexOf('--map-index');
	return { dagId, taskId, runId, mapIndex: mapped < 0 ? -1 : Number(command[mapped + 1]) };
}

/** `tutorial.print_date of manual__2026…`, for people. */
export function dagTaskText({ dagId, taskId, runId, mapIndex }: DagTask): string {
	return `${dagId}.${taskId}${mapIndex < 0 ? '' : `[${mapIndex}]`} of ${runId}`;
}
