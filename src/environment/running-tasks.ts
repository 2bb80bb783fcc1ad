import type { Task } from '@aws-sdk/client-ecs';
import type { Aws } from '../aws/clients.ts';
import { findTasks, lastPart } from '../resources/ecs.ts';
import type { TaskStatus } from './documents.ts';

/** Tasks of a service that are not stopped, the newest first. */
export async function runningTasks(aws: Aws, cluster: string, serviceName: string): Promise<TaskStatus[]> {
	const tasks = await findTasks(aws, { cluster, serviceName, desiredStatus: 'RUNNING' });
	return tasks.map(taskStatus).toSorted((a, b) => (a.ageSeconds ?? 0) - (b.ageSeconds ?? 0));
}

/** A task as `status` tells of it. */
export function taskStatus({ taskArn, taskDefinitionArn, lastStatus, healthStatus, startedAt, createdAt }: Task): TaskStatus {
	const since = startedAt ?? createdAt;
	return {
		id: lastPart(taskArn),
		taskDefinition: lastPart(taskDefinitionArn),
		status: lastStatus ?? 'UNKNOWN',
		health: healthStatus ?? 'UNKNOWN',
		startedAt: startedAt?.toISOString() ?? null,
		ageSeconds: since === undefined ? null : Math.max(0, Math.round((Date.now() - since.getTime()) / 1000)),
	};
}
