import { setTimeout as delay } from 'node:timers/promises';
import { DescribeTaskDefinitionCommand, ECSClient, ExecuteCommandCommand, type Task, type TaskDefinition } from '@aws-sdk/client-ecs';
import type { Aws } from '../aws/clients.ts';
import type { Entries } from '../engine/state.ts';
import { UserError } from '../errors.ts';
import { findTasks } from '../resources/ecs.ts';
import type { SessionAddress } from '../session/connect.ts';
import { agentOf, checkTask, type Inspected } from './exec-checks.ts';
import { serviceWith } from './components.ts';
import type { Options } from './options.ts';
import { assertRecorded } from './recorded.ts';
import { readStates } from './session.ts';

/** Containers that commands can be run in. */
export type Component = 'webserver' | 'scheduler' | 'dag-sync';

/** The agent is up some seconds after its container. */
const agentSeconds = 30;

/**
 * Opens a session in a container that runs now.
 * @param command words in quotes, as ecs:ExecuteCommand takes them
 * @throws UserError that names what keeps the container from being reached, and its fix
 */
export async function openCommand(options: Options, component: Component, command: string): Promise<SessionAddress> {
	const { environment } = options.config;
	const entries = (await readStates(options)).get(environment)?.entries ?? {};
	const inspected = await reachable(options, placeOf(options, entries, component));
	const { task, container } = inspected;
	try {
		const { session } = await options.aws.client(ECSClient).send(new ExecuteCommandCommand({ cluster: task.clusterArn, task: task.taskArn, container: container.name, command, interactive: true }));
		return { sessionId: session?.sessionId ?? '', streamUrl: session?.streamUrl ?? '', tokenValue: session?.tokenValue ?? '' };
	} catch (error) {
		throw await explained(options, inspected, error);
	}
}

/** Where a container is looked for. */
export interface ContainerPlace {
	readonly cluster: string;
	readonly service: string;
	readonly container: string;
}

/**
 * The container in the newest task of the service, once its agent runs.
 * @throws UserError that names what keeps it from being reached, and its fix
 */
export async function reachable(options: Options, place: ContainerPlace): Promise<Inspected> {
	const began = performance.now();
	for (;;) {
		const inspected = await inspect(options, place);
		checkTask(inspected);
		const { status, reason } = agentOf(inspected.container);
		if (status === 'RUNNING') return inspected;
		if (status === 'STOPPED' || performance.now() - began > agentSeconds * 1000) throw await agentDown(options.aws, inspected, `the agent is ${status}${reason === undefined ? '' : `: ${reason}`}`);
		await delay(1000, undefined, { signal: options.signal });
	}
}

async function inspect(options: Options, { cluster, service, container: wanted }: ContainerPlace): Promise<Inspected> {
	const [task] = (await findTasks(options.aws, { cluster, serviceName: service })).toSorted(runningThenNewest);
	const container = task?.containers?.find(({ name }) => name === wanted);
	if (task === undefined || container === undefined) throw new UserError('NoTask', `no task of ${service} runs`, { hint: 'airflow-deploy status' });
	return { task, container, definition: await definitionOf(options, task) };
}

function placeOf(options: Options, entries: Entries, component: Component): ContainerPlace {
	const entry = serviceWith(entries, component);
	assertRecorded(options, entry);
	const { cluster, name } = entry.outputs ?? {};
	if (typeof cluster !== 'string' || typeof name !== 'string') throw new UserError('NoTask', `the service of ${component} is not complete yet`, { hint: 'airflow-deploy up' });
	return { cluster, service: name, container: component };
}

async function definitionOf({ aws }: Options, { taskDefinitionArn }: Task): Promise<TaskDefinition> {
	const { taskDefinition = {} } = await aws.client(ECSClient).send(new DescribeTaskDefinitionCommand({ taskDefinition: taskDefinitionArn }));
	return taskDefinition;
}

function runningThenNewest(a: Task, b: Task): number {
	const rank = ({ lastStatus, healthStatus, startedAt, createdAt }: Task): number =>
		(lastStatus === 'RUNNING' ? 4e15 : 0) + (healthStatus === 'HEALTHY' ? 2e15 : 0) + (startedAt ?? createdAt ?? new Date(0)).getTime();
	return rank(b) - rank(a);
}

/** What kept a session from being opened. AWS says the same for many causes: `failed due to an internal error`. */
export async function explained(options: Options, inspected: Inspected, error: unknown): Promise<unknown> {
	if (!(error instanceof Error)) return error;
	if (error.name.startsWith('TargetNotConnected') || error.message.includes('execute command agent')) return agentDown(options.aws, inspected, error.message);
	if (error.message.includes('maximum session limit')) return new UserError('TooManySessions', `two commands run in ${inspected.container.name} already: more than that ECS does not allow`, { hint: 'end one of them; one whose client has gone ends by itself after 20 minutes' });
	return error;
}

async function agentDown(aws: Aws, inspected: Inspected, said: string): Promise<UserError> {
	const { diagnose } = await import('./exec-diagnosis.ts');
	const found = await diagnose(aws, inspected);
	const { container, task } = inspected;
	return found ?? new UserError('AgentNotRunning', `cannot run commands in ${container.name}: ${said}`, { hint: `aws ecs stop-task --cluster ${task.clusterArn} --task ${task.taskArn}   # its service starts a new one` });
}
