import { z } from 'zod';
import { mostSessions } from '../../session/sessions.ts';
import { TerminalWork } from '../../session/terminal-work.ts';
import { type Context, operation, type Operation } from '../context.ts';
import { clientError, invalidParameter } from '../errors.ts';
import { clusterNamed, taskNamed } from '../lookups.ts';
import type { RunningContainer } from '../runtime.ts';
import type { Task, TaskContainer } from '../task.ts';
import type { Json } from '../wire.ts';

const ExecuteCommand = z.object({
	cluster: z.string().optional(),
	container: z.string().optional(),
	command: z.string(),
	interactive: z.boolean(),
	task: z.string(),
});

function executeCommand(context: Context, { command, interactive, ...input }: z.infer<typeof ExecuteCommand>): Json {
	const cluster = clusterNamed(context, input.cluster);
	// boto/boto3#2822.
	if (!interactive) throw invalidParameter('Interactive is the only mode supported currently.');
	const task = taskNamed(context, cluster, input.task);
	if (task === undefined) throw invalidParameter('The referenced task was not found.');
	const container = containerNamed(task, input.container);
	const running = reachable(task, container);
	const session = context.sessions.open({ name: 'ecs-execute-command', container: running, work: new TerminalWork(running, command) });
	if (session === undefined) throw clientError(`Unable to start new execute sessions because the maximum session limit of ${mostSessions} has been reached.`);
	return { clusterArn: cluster.arn, taskArn: task.arn, containerArn: container.arn, containerName: container.definition.name, interactive, session };
}

function containerNamed({ containers }: Task, name: string | undefined): TaskContainer {
	const [only, ...others] = containers;
	const found = name === undefined && others.length === 0 ? only : containers.find(({ definition }) => definition.name === name);
	if (found === undefined) throw invalidParameter(name === undefined ? 'Container name must be specified for a task with more than one container.' : `The referenced container ${name} was not found.`);
	return found;
}

/** @throws EcsError where the agent does not run, for whatever reason */
function reachable({ request, lastStatus }: Task, { running }: TaskContainer): RunningContainer {
	if (request.enableExecuteCommand && lastStatus === 'RUNNING' && running !== undefined) return running;
	throw invalidParameter(
		'The execute command failed because execute command was not enabled when the task was run or the execute command agent isn’t running. Wait and try again or run a new task with execute command enabled and try again.',
	);
}

export const executeCommandOperations: Readonly<Record<string, Operation>> = {
	ExecuteCommand: operation(ExecuteCommand, executeCommand),
};
