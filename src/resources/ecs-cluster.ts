import { type Cluster, CreateClusterCommand, DeleteClusterCommand, DescribeClustersCommand, ECSClient } from '@aws-sdk/client-ecs';
import type { Aws } from '../aws/clients.ts';
import { type Context, defineResource } from '../engine/resource.ts';
import { ecsTags, findTasks, lastPart, tagEcs, tagsFromEcs } from './ecs.ts';
import { carriesNonce } from './ownership.ts';
import { retrying, serviceLinkedRolePending } from './retrying.ts';
import { foreign, isOurs, required, until } from './support.ts';

type Props = { name: string };
type Outputs = { name: string; arn: string };

const clusters = ['arn:{partition}:ecs:{region}:{account}:cluster/{project}-*'];

export const EcsCluster = defineResource<Aws, Props, Outputs>({
	type: 'AWS::ECS::Cluster',
	immutable: ['name'],
	permissions: [
		{ actions: ['ecs:DescribeClusters'], on: clusters },
		{ actions: ['ecs:CreateCluster'], on: ['*'], for: 'up' },
		{ actions: ['ecs:TagResource', 'ecs:UntagResource'], on: clusters, for: 'up' },
		{ actions: ['ecs:DeleteCluster'], on: clusters, for: 'teardown' },
		{ actions: ['ecs:ListTasks', 'ecs:DescribeTasks'], on: ['*'], for: 'teardown' },
	],

	id: ({ name }) => name,
	arn: ({ arn }) => arn,

	async find(ctx, { name }) {
		const cluster = await describe(ctx, name);
		if (cluster && !isOurs(ctx, tagsFromEcs(cluster.tags))) throw foreign('the ECS cluster', name);
		return cluster && { name, arn: required(cluster.clusterArn) };
	},

	async create(ctx, { name }) {
		const create = new CreateClusterCommand({ clusterName: name, tags: ecsTags(ctx.tags), settings: [{ name: 'containerInsights', value: 'disabled' }] });
		const { cluster } = await retrying(ctx, () => ctx.aws.client(ECSClient).send(create), serviceLinkedRolePending);
		return { name, arn: required(cluster?.clusterArn) };
	},

	async wait(ctx, outputs) {
		await until(ctx, async () => (await describe(ctx, outputs.name))?.status === 'ACTIVE', `cluster ${outputs.name} to become active`);
		return outputs;
	},

	tag: tagEcs,

	async remove(ctx, { name }) {
		await until(ctx, () => removed(ctx, name), `cluster ${name} to become empty`);
	},

	async exists(ctx, { name }) {
		const cluster = await describe(ctx, name);
		return cluster !== undefined && carriesNonce(ctx, tagsFromEcs(cluster.tags));
	},
});

/** A deleted cluster stays describable as INACTIVE; its name can be used again. */
async function describe(ctx: Context<Aws>, name: string): Promise<Cluster | undefined> {
	const { clusters } = await ctx.aws.client(ECSClient).send(new DescribeClustersCommand({ clusters: [name], include: ['TAGS'] }));
	return clusters?.find(({ status }) => status !== 'INACTIVE');
}

async function removed(ctx: Context<Aws>, name: string): Promise<boolean | string> {
	const cluster = await describe(ctx, name);
	if (!cluster || !carriesNonce(ctx, tagsFromEcs(cluster.tags))) return true;
	try {
		await ctx.aws.client(ECSClient).send(new DeleteClusterCommand({ cluster: name }));
		return false;
	} catch (error) {
		return waitingFor(ctx, name, error);
	}
}

async function waitingFor(ctx: Context<Aws>, name: string, error: unknown): Promise<boolean | string> {
	const code = error instanceof Error ? error.name : '';
	if (code === 'ClusterNotFoundException') return true;
	if (code === 'UpdateInProgressException' || code === 'ClusterContainsServicesException') return `waiting for the services of ${name} to end`;
	if (code !== 'ClusterContainsTasksException') throw error;
	const tasks = await findTasks(ctx.aws, { cluster: name, desiredStatus: 'RUNNING' });
	const running = tasks.map(({ taskArn, group, lastStatus }) => `${lastPart(taskArn)} (${group}, ${lastStatus})`);
	return `waiting for tasks to end: ${running.join(', ') || 'stopping'}`;
}
