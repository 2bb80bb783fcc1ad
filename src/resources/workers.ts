import { ECSClient, ListTasksCommand, StopTaskCommand, type Task } from '@aws-sdk/client-ecs';
import type { Aws } from '../aws/clients.ts';
import { type Context, defineAction } from '../engine/resource.ts';
import { describeService, describeTasks, lastPart, type Network } from './ecs.ts';
import { untilInterfacesGone } from './network-interfaces.ts';
import { ignoring, required, until } from './support.ts';
import { dagTaskOf, dagTaskText } from './worker-task.ts';

/** Where workers are started, and who starts them. */
export type WorkersPlace = Network & {
	/** Name of the cluster. */
	cluster: string;
	/** Of the workers' task definition. */
	family: string;
	/** ARN of its revision. */
	taskDefinition: string;
	/** Name of the service whose scheduler starts them. */
	scheduler: string;
};

/** Seconds that workers have to end by themselves where a scheduler goes on: as long as Fargate lets a scheduler end its own tasks. */
export const workersPatience = 120;

const tasks = ['arn:{partition}:ecs:{region}:{account}:task/{project}-*/*'];

/**
 * The tasks of ECS that the scheduler starts, one for each task of a DAG. Nothing makes them but the scheduler; what they use
 * must not go before they have ended.
 */
export const Workers = defineAction<Aws, WorkersPlace, WorkersPlace>({
	type: 'AirflowDeploy::Workers',
	permissions: [
		{ actions: ['ecs:DescribeTasks', 'ecs:StopTask'], on: tasks },
		{ actions: ['ecs:DescribeServices'], on: ['arn:{partition}:ecs:{region}:{account}:service/{project}-*/{project}-*'] },
		{ actions: ['ecs:ListTasks', 'ec2:DescribeNetworkInterfaces'], on: ['*'] },
	],

	find: async (_ctx, props) => props,
	run: async (_ctx, props) => props,

	async remove(ctx, { cluster, family, scheduler }) {
		// Interfaces of workers that have just ended hold groups and subnets too.
		const ending = await runningWorkers(ctx.aws, cluster, family, 'STOPPED');
		const goesOn = (await describeService(ctx.aws, cluster, scheduler))?.status === 'ACTIVE';
		if (goesOn) await letEnd(ctx, cluster, family);
		const running = await runningWorkers(ctx.aws, cluster, family);
		const reason = goesOn ? `${ourReason}the executor was changed, and it ran on for ${workersPatience} s` : `${ourReason}its environment is being removed`;
		for (const task of running) await stop(ctx, cluster, task, reason);
		await untilGone(ctx, cluster, [...running, ...ending]);
	},
});

/** Workers that run or start; or, of those that have ended, what AWS still shows. All of them, however many. */
export async function runningWorkers(aws: Aws, cluster: string, family: string, desiredStatus: 'RUNNING' | 'STOPPED' = 'RUNNING'): Promise<Task[]> {
	const found: Task[] = [];
	let nextToken: string | undefined;
	do {
		const page = await ignoring(['ClusterNotFoundException'], aws.client(ECSClient).send(new ListTasksCommand({ cluster, family, desiredStatus, nextToken })));
		found.push(...(await describeTasks(aws, cluster, page?.taskArns ?? [])));
		nextToken = page?.nextToken;
	} while (nextToken !== undefined);
	return found;
}

/** Begins the reasons that we give to StopTask; those of the scheduler's executor begin with its own. */
const ourReason = 'airflow-deploy: ';

/** Whether we stopped it, or the scheduler did. */
export function endedOnPurpose({ stoppedReason = '' }: Pick<Task, 'stoppedReason'>): boolean {
	return /^airflow(-deploy)?: /.test(stoppedReason);
}

/** `0f3a91c2, tutorial.print_date of manual__2026…` */
export function workerText(task: Task): string {
	const runs = dagTaskOf(task);
	return [lastPart(task.taskArn).slice(0, 8), ...(runs ? [dagTaskText(runs)] : [])].join(', ');
}

async function letEnd(ctx: Context<Aws>, cluster: string, family: string): Promise<void> {
	const began = performance.now();
	const done = async (): Promise<true | string> => {
		const running = await runningWorkers(ctx.aws, cluster, family);
		if (running.length === 0 || performance.now() - began > workersPatience * 1000) return true;
		return `waiting for ${running.length === 1 ? 'a worker' : `${running.length} workers`} to end: ${running.slice(0, 2).map(workerText).join('; ')}`;
	};
	await until(ctx, done, 'workers to end', { every: 2 });
}

async function stop(ctx: Context<Aws>, cluster: string, task: Task, reason: string): Promise<void> {
	ctx.note(`stopping worker ${workerText(task)}: ${reason}`, 'lasting');
	await ignoring(['InvalidParameterException', 'ClusterNotFoundException'], ctx.aws.client(ECSClient).send(new StopTaskCommand({ cluster, task: required(task.taskArn), reason })));
}

async function untilGone(ctx: Context<Aws>, cluster: string, tasks: readonly Task[]): Promise<void> {
	const batches = Array.from({ length: Math.ceil(tasks.length / 100) }, (_, index) => tasks.slice(index * 100, index * 100 + 100).map(({ taskArn }) => required(taskArn)));
	const left = async (): Promise<Task[]> => (await Promise.all(batches.map((arns) => describeTasks(ctx.aws, cluster, arns)))).flat().filter(({ lastStatus }) => lastStatus !== 'STOPPED');
	await until(ctx, async () => {
		const [first, ...more] = await left();
		return first === undefined || `waiting for worker ${workerText(first)}, ${first.lastStatus}${more.length === 0 ? '' : `, and ${more.length} more`}`;
	}, 'workers to stop', { every: 2 });
	const interfaces = tasks.flatMap(({ attachments = [] }) => attachments.flatMap(({ details = [] }) => details.flatMap(({ name, value }) => (name === 'networkInterfaceId' && value !== undefined ? [value] : []))));
	if (interfaces.length > 0) await untilInterfacesGone(ctx, [{ Name: 'network-interface-id', Values: interfaces.slice(0, 200) }], 'the network of the workers');
}
