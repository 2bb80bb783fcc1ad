import { z } from 'zod';
import { type Context, operation, type Operation } from '../context.ts';
import { describeTask } from '../describe-task.ts';
import { invalidParameter } from '../errors.ts';
import { activeCluster, clusterNamed, serviceNamed, taskArn, taskNamed } from '../lookups.ts';
import { pageOf } from '../pagination.ts';
import { LaunchType, page } from '../shapes.ts';
import type { Json } from '../wire.ts';
import { runTask, RunTask } from './run-task.ts';

const Include = z.array(z.enum(['TAGS'])).default([]);
const DescribeTasks = z.object({ cluster: z.string().optional(), tasks: z.array(z.string()), include: Include });

function describeTasks(context: Context, { cluster: name, tasks, include }: z.infer<typeof DescribeTasks>): Json {
	const cluster = clusterNamed(context, name);
	if (tasks.length === 0) throw invalidParameter('Tasks cannot be empty.');
	if (tasks.length > 100) throw invalidParameter('Tasks cannot have more than 100 elements.');
	const found = tasks.map((task) => ({ task, present: taskNamed(context, cluster, task) }));
	return {
		tasks: found.flatMap(({ present }) => (present === undefined ? [] : [describeTask(present, { tags: include.includes('TAGS') })])),
		failures: found.filter(({ present }) => present === undefined).map(({ task }) => ({ arn: taskArn(context, cluster, task), reason: 'MISSING' })),
	};
}

const ListTasks = z.object({
	...page,
	cluster: z.string().optional(),
	containerInstance: z.string().optional(),
	family: z.string().optional(),
	startedBy: z.string().optional(),
	serviceName: z.string().optional(),
	desiredStatus: z.enum(['RUNNING', 'PENDING', 'STOPPED']).default('RUNNING'),
	launchType: LaunchType.optional(),
});

function listTasks(context: Context, input: z.infer<typeof ListTasks>): Json {
	const cluster = activeCluster(context, input.cluster);
	const service = input.serviceName === undefined ? undefined : serviceNamed(context, cluster, input.serviceName);
	const tasks = [...context.state.tasks.values()].filter(
		({ request, desiredStatus }) =>
			request.cluster === cluster &&
			desiredStatus === input.desiredStatus &&
			input.containerInstance === undefined &&
			(input.family === undefined || request.definition.family === input.family) &&
			(input.startedBy === undefined || request.startedBy === input.startedBy) &&
			(input.launchType === undefined || request.launchType === input.launchType) &&
			(service === undefined || request.service?.service === service),
	);
	const { items, ...rest } = pageOf(tasks, ({ id }) => id, input, 100);
	return { taskArns: items.map(({ arn }) => arn), ...rest };
}

const StopTask = z.object({ cluster: z.string().optional(), task: z.string(), reason: z.string().max(1024).optional() });

function stopTask(context: Context, input: z.infer<typeof StopTask>): Json {
	const task = taskNamed(context, clusterNamed(context, input.cluster), input.task);
	if (task === undefined) throw invalidParameter('The referenced task was not found.');
	context.scheduler.stop(task, 'UserInitiated', input.reason ?? 'Task stopped by user');
	task.tags = [];
	return { task: describeTask(task, { tags: true }) };
}

export const taskOperations: Readonly<Record<string, Operation>> = {
	RunTask: operation(RunTask, runTask),
	StopTask: operation(StopTask, stopTask),
	DescribeTasks: operation(DescribeTasks, describeTasks),
	ListTasks: operation(ListTasks, listTasks),
};
