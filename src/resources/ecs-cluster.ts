import { type Cluster, CreateClusterCommand, DeleteClusterCommand, DescribeClustersCommand, DescribeServicesCommand, ECSClient, ListServicesCommand } from '@aws-sdk/client-ecs';
import type { Aws } from '../aws/clients.ts';
import { type Context, defineResource } from '../engine/resource.ts';
import { ecsTags, findTasks, lastPart, tagEcs, tagsFromEcs } from './ecs.ts';
import { described, type Holder, removeWhenFree, tagsText } from './held.ts';
import { carriesNonce } from './ownership.ts';
import { retrying, serviceLinkedRolePending } from './retrying.ts';
import { foreign, ignoring, isOurs, required, until } from './support.ts';

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
		// Who else uses it.
		{ actions: ['ecs:ListServices', 'ecs:DescribeServices', 'ecs:ListTasks', 'ecs:DescribeTasks'], on: ['*'], for: 'teardown' },
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
		const cluster = await describe(ctx, name);
		if (!cluster || !carriesNonce(ctx, tagsFromEcs(cluster.tags))) return;
		await removeWhenFree(
			ctx,
			`cluster ${name}`,
			() => holders(ctx, name),
			() => ignoring(['ClusterNotFoundException'], ctx.aws.client(ECSClient).send(new DeleteClusterCommand({ cluster: name }))),
		);
		await until(ctx, async () => (await describe(ctx, name)) === undefined, `cluster ${name} to be deleted`);
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

/** Our services and tasks are gone by now, or going. */
async function holders(ctx: Context<Aws>, cluster: string): Promise<Holder[]> {
	const ecs = ctx.aws.client(ECSClient);
	const listed = await ignoring(['ClusterNotFoundException'], ecs.send(new ListServicesCommand({ cluster, maxResults: 10 })));
	const names = listed?.serviceArns ?? [];
	const { services = [] } = names.length === 0 ? {} : await ecs.send(new DescribeServicesCommand({ cluster, services: names, include: ['TAGS'] }));
	const tasks = (await Promise.all((['RUNNING', 'STOPPED'] as const).map((desiredStatus) => findTasks(ctx.aws, { cluster, desiredStatus })))).flat();
	return [
		...services.filter(({ status }) => status !== 'INACTIVE').map(({ serviceName, status, runningCount = 0, tags }) => ({
			what: described(`service ${serviceName}`, status, `${runningCount} running`, tagsText(tagsFromEcs(tags))),
			goesAway: status === 'DRAINING',
		})),
		...tasks.filter(({ lastStatus }) => lastStatus !== 'STOPPED').map(({ taskArn, group, lastStatus, startedBy, createdAt, stoppingAt, desiredStatus }) => ({
			what: described(`task ${lastPart(taskArn)}`, group, startedBy && `started by ${startedBy}`, lastStatus),
			since: stoppingAt ?? createdAt,
			goesAway: desiredStatus === 'STOPPED',
		})),
	];
}
