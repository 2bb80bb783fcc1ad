import type { Container, ContainerDefinition, Task, TaskDefinition } from '@aws-sdk/client-ecs';
import { UserError } from '../errors.ts';

/** A task as it runs, and one of its containers. */
export interface Inspected {
	readonly task: Task;
	readonly container: Container;
	readonly definition: TaskDefinition;
}

interface Check {
	readonly code: string;
	readonly holds: (inspected: Inspected & { readonly defined: ContainerDefinition | undefined }) => boolean;
	/** What is the matter, where it does not hold. */
	readonly finding: (inspected: Inspected) => string;
	/** A command to run. */
	readonly fix: string;
}

const anew = 'airflow-deploy deploy   # starts new tasks';

/**
 * What amazon-ecs-exec-checker (github.com/aws-containers/amazon-ecs-exec-checker) looks for and a task itself tells, in the
 * order in which one thing rests on the other. The agent's own state comes last: the others explain it.
 */
const checks: readonly Check[] = [
	{
		code: 'TaskNotRunning',
		holds: ({ task }) => task.lastStatus === 'RUNNING',
		finding: ({ task }) => `the task is ${task.lastStatus}`,
		fix: 'airflow-deploy status',
	},
	{
		code: 'ExecNotEnabled',
		holds: ({ task }) => task.enableExecuteCommand === true,
		finding: () => 'the task was started without ECS Exec',
		fix: anew,
	},
	{
		code: 'PlatformTooOld',
		holds: ({ task }) => task.launchType !== 'FARGATE' || isAtLeast(task.platformVersion ?? '', [1, 4, 0]),
		finding: ({ task }) => `the task runs on platform version ${task.platformVersion}, and ECS Exec needs 1.4.0`,
		fix: anew,
	},
	{
		code: 'ReadOnlyRoot',
		holds: ({ defined }) => defined?.readonlyRootFilesystem !== true,
		finding: ({ container }) => `container ${container.name} has a read-only root file system, and the agent has to write to it`,
		fix: anew,
	},
	{
		code: 'SharedProcesses',
		holds: ({ definition }) => definition.pidMode !== 'task',
		finding: () => 'the containers of the task share their process ids (pidMode task): ECS Exec reaches only one of them',
		fix: anew,
	},
	{
		code: 'NoTaskRole',
		holds: ({ task, definition }) => (task.overrides?.taskRoleArn ?? definition.taskRoleArn) !== undefined,
		finding: () => 'the task has no task role, with which the agent would reach Session Manager',
		fix: anew,
	},
];

/** @throws UserError that names the first check that does not hold, and its fix */
export function checkTask(inspected: Inspected): void {
	const defined = inspected.definition.containerDefinitions?.find(({ name }) => name === inspected.container.name);
	const failed = checks.find(({ holds }) => !holds({ ...inspected, defined }));
	if (failed !== undefined) throw new UserError(failed.code, `cannot run commands in ${inspected.container.name}: ${failed.finding(inspected)}`, { hint: failed.fix });
}

/** The state of the agent that runs commands: PENDING, RUNNING or STOPPED. */
export function agentOf({ managedAgents = [] }: Container): { readonly status: string; readonly reason: string | undefined } {
	const agent = managedAgents.find(({ name }) => name === 'ExecuteCommandAgent');
	return { status: agent?.lastStatus ?? 'PENDING', reason: agent?.reason };
}

function isAtLeast(version: string, least: readonly number[]): boolean {
	const numbers = version.split('.').map(Number);
	const first = least.findIndex((number, index) => number !== numbers[index]);
	return first < 0 || (numbers[first] ?? 0) > (least[first] ?? 0);
}
