import { arnOf, nameOf, resourceOf } from './arns.ts';
import type { Context } from './context.ts';
import { clientError, clusterNotFound, invalidParameter, serviceNotFound } from './errors.ts';
import type { Service } from './service.ts';
import type { Cluster, TaskDefinition } from './state.ts';
import type { Task } from './task.ts';

/** @param cluster name or ARN; `default` when omitted */
export function clusterNamed({ state }: Context, cluster: string | undefined): Cluster {
	const found = state.clusters.get(nameOf(cluster ?? 'default'));
	if (found === undefined) throw clusterNotFound();
	return found;
}

/** @throws EcsError also for an INACTIVE one: nothing new is made in it */
export function activeCluster(context: Context, cluster: string | undefined): Cluster {
	const found = clusterNamed(context, cluster);
	if (found.status === 'INACTIVE') throw clusterNotFound('The referenced cluster was inactive.');
	return found;
}

export const serviceKey = (cluster: Cluster, service: string) => `${cluster.name}/${nameOf(service)}`;

export function serviceNamed(context: Context, cluster: Cluster, service: string): Service {
	const found = context.state.services.get(serviceKey(cluster, service));
	if (found === undefined) throw serviceNotFound();
	return found;
}

export function clusterArn({ region, account }: Context, name: string): string {
	return name.startsWith('arn:') ? name : arnOf('ecs', region, account, `cluster/${name}`);
}

export function serviceArn({ region, account }: Context, cluster: Cluster, name: string): string {
	return name.startsWith('arn:') ? name : arnOf('ecs', region, account, `service/${cluster.name}/${name}`);
}

/**
 * @param task id or ARN
 * @throws EcsError InvalidParameterException where it could be no task's id
 */
export function taskNamed({ state }: Context, cluster: Cluster, task: string): Task | undefined {
	const id = nameOf(task);
	if (id.length !== 32 && id.length !== 36) throw invalidParameter('taskId length should be one of [32,36]');
	const found = state.tasks.get(id);
	return found?.request.cluster === cluster ? found : undefined;
}

export function taskArn({ region, account }: Context, cluster: Cluster, task: string): string {
	return task.startsWith('arn:') ? task : arnOf('ecs', region, account, `task/${cluster.name}/${task}`);
}

/**
 * `family` (its latest ACTIVE revision), `family:revision` or an ARN. Revisions that are to be deleted and that nothing
 * uses any more are gone.
 */
export function findDefinition(context: Context, name: string): TaskDefinition | undefined {
	const [family = '', revision] = resourceOf(name).replace(/^task-definition\//, '').split(':');
	sweepDeleted(context, family);
	const revisions = context.state.families.get(family)?.revisions ?? [];
	if (revision !== undefined) return revisions.find((each) => String(each.revision) === revision);
	return revisions.findLast(({ status }) => status === 'ACTIVE');
}

/** @throws EcsError `TaskDefinition not found.`, and for one that may not be used any more what `inactive` makes of the text */
export function usableDefinition(context: Context, name: string, inactive: (message: string) => Error): TaskDefinition {
	const found = findDefinition(context, name);
	if (found === undefined) throw clientError('TaskDefinition not found.');
	if (found.status !== 'ACTIVE') throw inactive('TaskDefinition is inactive');
	return found;
}

function sweepDeleted({ state }: Context, familyName: string): void {
	const family = state.families.get(familyName);
	if (family === undefined) return;
	const used = new Set<TaskDefinition>();
	for (const task of state.tasks.values()) if (task.lastStatus !== 'STOPPED') used.add(task.request.definition);
	for (const service of state.services.values()) for (const deployment of service.deployments) used.add(deployment.spec.definition);
	family.revisions = family.revisions.filter((each) => each.status !== 'DELETE_IN_PROGRESS' || used.has(each));
}
