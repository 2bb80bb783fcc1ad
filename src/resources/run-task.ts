import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { ConflictException, ECSClient, type Failure, RunTaskCommand, StopTaskCommand, type Task } from '@aws-sdk/client-ecs';
import { accountNotOpened, isAccountBlocked } from '../aws/account-errors.ts';
import type { Aws } from '../aws/clients.ts';
import { type Context, defineAction, type JsonObject } from '../engine/resource.ts';
import { UserError } from '../errors.ts';
import { keepDeath } from './death-record.ts';
import { describeTasks, ecsTags, lastPart, type Network, networkConfiguration, startedByUs } from './ecs.ts';
import { hasYoungRoles, mayPass } from './permissions-lag.ts';
import { ignoring, required, until } from './support.ts';
import { classifyEvent } from './task-death.ts';
import { deathLine, deathReport } from './task-failure.ts';

type Props = Network & {
	/** Name of the cluster. */
	cluster: string;
	/** ARN of a revision. */
	taskDefinition: string;
	/** The container whose exit code is the result. */
	container: string;
	/** Whatever must repeat the task when it changes. */
	inputs: JsonObject;
};
type Outputs = { cluster: string; taskArn: string; exitCode: number };

const tasks = ['arn:{partition}:ecs:{region}:{account}:task/{project}-*/*'];

/** Seconds of waiting for capacity, of AWS or of our quota. */
const patience = 600;

/** Runs a task to its end; its named container must exit with 0. */
export const RunTask = defineAction<Aws, Props, Outputs>({
	type: 'AirflowDeploy::RunTask',
	permissions: [
		{ actions: ['ecs:RunTask'], on: ['arn:{partition}:ecs:{region}:{account}:task-definition/{project}-*:*'], for: 'up' },
		{ actions: ['ecs:TagResource'], on: tasks, for: 'up' },
		{ actions: ['iam:PassRole'], on: ['arn:{partition}:iam::{account}:role{role-path}{project}-*'], for: 'up', condition: { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } } },
		{ actions: ['ecs:DescribeTasks', 'ecs:StopTask'], on: tasks },
		{ actions: ['ecs:DescribeTaskDefinition'], on: ['*'], for: 'up' },
		{ actions: ['logs:GetLogEvents'], on: ['arn:{partition}:logs:{region}:{account}:log-group:/airflow-deploy/{project}/*'], for: 'up' },
		{ actions: ['iam:GetRole'], on: ['arn:{partition}:iam::{account}:role{role-path}{project}-*'], for: 'up' },
	],

	async run(ctx, props) {
		for (let attempt = 0; ; attempt += 1) {
			const { taskArn, earlier } = await start(ctx, props, attempt);
			const task = await untilStopped(ctx, props.cluster, taskArn);
			const exitCode = task?.containers?.find(({ name }) => name === props.container)?.exitCode;
			if (exitCode === 0) return { cluster: props.cluster, taskArn, exitCode };
			// What an earlier run started and saw fail says nothing about this one.
			if (!task || earlier) continue;
			await assertWorthAnotherTry(ctx, props, task);
		}
	},

	async remove(ctx, { cluster, taskArn }) {
		const [task] = await describeTasks(ctx.aws, cluster, [taskArn]);
		if (!task || task.desiredStatus === 'STOPPED') return;
		await ignoring(['InvalidParameterException', 'ClusterNotFoundException'], ctx.aws.client(ECSClient).send(new StopTaskCommand({ cluster, task: taskArn, reason: 'its environment is being removed' })));
	},
});

interface Started {
	readonly taskArn: string;
	/** It was started by an interrupted or failed run with the same token. */
	readonly earlier: boolean;
}

interface Refused {
	readonly why: string;
	/** Whether waiting can help. */
	readonly passes: boolean;
}

/** Waits while AWS or our quota has no room. */
async function start(ctx: Context<Aws>, props: Props, attempt: number): Promise<Started> {
	const end = performance.now() + patience * 1000;
	for (let round = 0; ; round += 1) {
		const answer = await runTask(ctx, props, `${ctx.token}-${attempt}-${round}`);
		if ('taskArn' in answer) return answer;
		if (isAccountBlocked(answer.why)) throw accountNotOpened('Fargate', answer.why);
		if (!answer.passes || performance.now() > end) throw notPlaced(props, answer.why);
		ctx.note(`ECS cannot start the task yet: ${shortage(answer.why)}`);
		await delay(10_000, undefined, { signal: ctx.signal });
	}
}

async function runTask(ctx: Context<Aws>, props: Props, clientToken: string): Promise<Started | Refused> {
	const run = new RunTaskCommand({
		cluster: props.cluster,
		taskDefinition: props.taskDefinition,
		networkConfiguration: networkConfiguration(props),
		launchType: 'FARGATE',
		count: 1,
		clientToken,
		// Another one in each run: with the same token ECS then names the task of an earlier run instead of repeating its answer.
		startedBy: `${startedByUs}${randomUUID().slice(0, 8)}`,
		enableECSManagedTags: true,
		enableExecuteCommand: true,
		tags: ecsTags(ctx.tags),
	});
	try {
		const { tasks, failures } = await ctx.aws.client(ECSClient).send(run);
		return tasks?.[0] ? { taskArn: required(tasks[0].taskArn), earlier: false } : placement(failures ?? []);
	} catch (error) {
		const [taskArn] = error instanceof ConflictException ? (error.resourceIds ?? []) : [];
		if (taskArn !== undefined) return { taskArn, earlier: true };
		return refused(ctx, props, error);
	}
}

/** RunTask answers 200 with `failures` where there is no room, in AWS or in our quota. */
function placement(failures: readonly Failure[]): Refused {
	const why = failures.map(({ reason, detail }) => [reason, detail].filter(Boolean).join(': ')).join('; ') || 'no reason given';
	return { why, passes: /capacity|reached the limit/i.test(why) };
}

/** Role propagation looks like a refusal, and passes. */
async function refused(ctx: Context<Aws>, { taskDefinition }: Props, error: unknown): Promise<Refused> {
	if (!(error instanceof Error)) throw error;
	if (error.name === 'BlockedException') throw accountNotOpened('Fargate', error.message);
	if (!mayPass(error.message) || !(await hasYoungRoles(ctx.aws, taskDefinition))) throw error;
	return { why: error.message, passes: true };
}

function shortage(why: string): string {
	const known = classifyEvent(why);
	return known ? `${known.cause}: ${known.fix}` : why;
}

function notPlaced({ taskDefinition }: Props, why: string): UserError {
	return new UserError('TaskNotPlaced', `ECS did not start ${lastPart(taskDefinition)}: ${why}`, {
		hint: classifyEvent(why)?.fix ?? 'aws service-quotas get-service-quota --service-code fargate --quota-code L-3032A538 (vCPUs), or wait and run the same command again',
	});
}

/** Undefined where AWS has forgotten the task. */
async function untilStopped(ctx: Context<Aws>, cluster: string, taskArn: string): Promise<Task | undefined> {
	let task: Task | undefined;
	const began = performance.now();
	await until(
		ctx,
		async () => {
			[task] = await describeTasks(ctx.aws, cluster, [taskArn]);
			// For some seconds AWS may not show a task that it has just started.
			if (!task) return performance.now() - began > 30_000 || 'waiting for ECS to show the task';
			return task.lastStatus === 'STOPPED' || `task ${lastPart(taskArn)} is ${task.lastStatus}`;
		},
		`task ${lastPart(taskArn)} to end`,
		{ every: 1.5 },
	);
	return task;
}

/** @throws UserError `TaskFailed`, unless the failure may come from roles or names that are seconds old */
async function assertWorthAnotherTry(ctx: Context<Aws>, { taskDefinition, container }: Props, task: Task): Promise<void> {
	const death = await keepDeath(ctx, task);
	if (mayPass(deathLine(death)) && (await hasYoungRoles(ctx.aws, taskDefinition))) {
		ctx.note(`trying again, its roles are new: ${deathLine(death)}`);
		await delay(5000, undefined, { signal: ctx.signal });
		return;
	}
	const { cause, fix } = death.verdict;
	throw new UserError('TaskFailed', `${lastPart(taskDefinition)} failed, ${container} did not exit with 0: ${cause}\n${deathReport(death)}`, { hint: fix });
}
