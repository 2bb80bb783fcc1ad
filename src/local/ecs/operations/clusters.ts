import { z } from 'zod';
import { arnOf } from '../arns.ts';
import { type Context, operation, type Operation } from '../context.ts';
import { EcsError, invalidParameter } from '../errors.ts';
import { activeCluster, clusterArn, clusterNamed } from '../lookups.ts';
import { pageOf } from '../pagination.ts';
import { phaseOf } from '../service-tasks.ts';
import { CapacityProviderStrategy, page, Setting, Tags } from '../shapes.ts';
import type { Cluster } from '../state.ts';
import { checkedTags } from '../tags.ts';
import type { Json } from '../wire.ts';

const Include = z.array(z.enum(['ATTACHMENTS', 'CONFIGURATIONS', 'SETTINGS', 'STATISTICS', 'TAGS'])).default([]);
type Include = z.infer<typeof Include>;
const everything: Include = ['CONFIGURATIONS', 'SETTINGS', 'TAGS'];

const CreateCluster = z.object({
	clusterName: z.string().default('default'),
	tags: Tags,
	settings: z.array(Setting).optional(),
	configuration: z.record(z.string(), z.unknown()).optional(),
	capacityProviders: z.array(z.string()).optional(),
	defaultCapacityProviderStrategy: CapacityProviderStrategy.optional(),
});

function createCluster(context: Context, input: z.infer<typeof CreateCluster>): Json {
	const { clusterName: name } = input;
	if (!/^[A-Za-z0-9_-]{1,255}$/.test(name)) throw invalidParameter('Invalid cluster name: it must have 1 to 255 letters, numbers, hyphens and underscores.');
	const present = context.state.clusters.get(name);
	if (present?.status === 'ACTIVE') return { cluster: describe(context, present, everything) };
	checkProviders(input.capacityProviders ?? [], input.defaultCapacityProviderStrategy ?? []);
	const cluster: Cluster = {
		arn: arnOf('ecs', context.region, context.account, `cluster/${name}`),
		name,
		status: 'ACTIVE',
		settings: settingsOf(input.settings ?? []),
		configuration: input.configuration,
		tags: checkedTags(input.tags),
		capacityProviders: input.capacityProviders ?? [],
		defaultStrategy: input.defaultCapacityProviderStrategy ?? [],
	};
	// Services and tasks hold on to their cluster: one that comes back stays the same object.
	const kept = present === undefined ? cluster : Object.assign(present, cluster);
	context.state.clusters.set(name, kept);
	return { cluster: describe(context, kept, everything) };
}

function settingsOf(given: readonly z.infer<typeof Setting>[]): Cluster['settings'] {
	const value = given.find(({ name }) => name === 'containerInsights')?.value ?? 'disabled';
	if (!['enabled', 'disabled', 'enhanced'].includes(value)) throw invalidParameter("Invalid value for containerInsights: it must be 'enabled', 'enhanced' or 'disabled'.");
	return [{ name: 'containerInsights', value }];
}

export const fargateProviders = ['FARGATE', 'FARGATE_SPOT'];

function checkProviders(providers: readonly string[], strategy: CapacityProviderStrategy): void {
	const unknown = providers.find((name) => !fargateProviders.includes(name));
	if (unknown !== undefined) throw invalidParameter(`The specified capacity provider '${unknown}' was not found. Specify a valid capacity provider name and try again.`);
	const foreign = strategy.find(({ capacityProvider }) => !providers.includes(capacityProvider));
	if (foreign !== undefined) throw notAssociated();
}

export const notAssociated = () =>
	invalidParameter('The specified capacity provider strategy cannot contain a capacity provider that is not associated with the cluster. Associate the capacity provider with the cluster and try again.');

function describe(context: Context, cluster: Cluster, include: Include): Json {
	const tasks = [...context.state.tasks.values()].filter(({ request }) => request.cluster === cluster);
	const count = (phase: string) => tasks.filter((task) => phaseOf(task) === phase).length;
	const services = [...context.state.services.values()].filter((service) => service.cluster === cluster && service.status === 'ACTIVE');
	const running = count('running') + count('stopping');
	return {
		clusterArn: cluster.arn,
		clusterName: cluster.name,
		status: cluster.status,
		registeredContainerInstancesCount: 0,
		runningTasksCount: running,
		pendingTasksCount: count('pending'),
		activeServicesCount: services.length,
		statistics: include.includes('STATISTICS') ? statistics(running, count('pending'), services.length) : [],
		tags: include.includes('TAGS') ? cluster.tags : [],
		settings: include.includes('SETTINGS') ? cluster.settings : [],
		capacityProviders: cluster.capacityProviders,
		defaultCapacityProviderStrategy: cluster.defaultStrategy,
		...(include.includes('CONFIGURATIONS') && cluster.configuration !== undefined && { configuration: cluster.configuration }),
	};
}

function statistics(running: number, pending: number, services: number): { name: string; value: string }[] {
	const values = { runningFargateTasksCount: running, pendingFargateTasksCount: pending, activeFargateServiceCount: services, runningEC2TasksCount: 0, pendingEC2TasksCount: 0, activeEC2ServiceCount: 0 };
	return Object.entries(values).map(([name, value]) => ({ name, value: String(value) }));
}

const DescribeClusters = z.object({ clusters: z.array(z.string()).max(100).optional(), include: Include });

function describeClusters(context: Context, { clusters = ['default'], include }: z.infer<typeof DescribeClusters>): Json {
	const found = clusters.map((name) => ({ name, cluster: context.state.clusters.get(name.split('/').at(-1) ?? '') }));
	return {
		clusters: found.flatMap(({ cluster }) => (cluster === undefined ? [] : [describe(context, cluster, include)])),
		failures: found.filter(({ cluster }) => cluster === undefined).map(({ name }) => ({ arn: clusterArn(context, name), reason: 'MISSING' })),
	};
}

const ListClusters = z.object(page);

function listClusters({ state }: Context, input: z.infer<typeof ListClusters>): Json {
	const active = [...state.clusters.values()].filter(({ status }) => status === 'ACTIVE').map(({ arn }) => arn);
	const { items, ...rest } = pageOf(active.sort(), (arn) => arn, input, 100);
	return { clusterArns: items, ...rest };
}

function deleteCluster(context: Context, { cluster: name }: { cluster: string }): Json {
	const cluster = clusterNamed(context, name);
	const { services, tasks } = context.state;
	if ([...services.values()].some((service) => service.cluster === cluster && service.status === 'ACTIVE'))
		throw new EcsError('ClusterContainsServicesException', 'The Cluster cannot be deleted while Services are active.');
	if ([...tasks.values()].some((task) => task.request.cluster === cluster && task.lastStatus !== 'STOPPED'))
		throw new EcsError('ClusterContainsTasksException', 'The Cluster cannot be deleted while Tasks are active.');
	cluster.status = 'INACTIVE';
	return { cluster: describe(context, cluster, everything) };
}

const UpdateCluster = z.object({ cluster: z.string(), settings: z.array(Setting).optional(), configuration: z.record(z.string(), z.unknown()).optional() });

function updateCluster(context: Context, input: z.infer<typeof UpdateCluster>): Json {
	const cluster = activeCluster(context, input.cluster);
	if (input.settings !== undefined) cluster.settings = settingsOf(input.settings);
	if (input.configuration !== undefined) cluster.configuration = input.configuration;
	return { cluster: describe(context, cluster, everything) };
}

const PutClusterCapacityProviders = z.object({ cluster: z.string(), capacityProviders: z.array(z.string()), defaultCapacityProviderStrategy: CapacityProviderStrategy });

function putCapacityProviders(context: Context, input: z.infer<typeof PutClusterCapacityProviders>): Json {
	const cluster = activeCluster(context, input.cluster);
	checkProviders(input.capacityProviders, input.defaultCapacityProviderStrategy);
	cluster.capacityProviders = input.capacityProviders;
	cluster.defaultStrategy = input.defaultCapacityProviderStrategy;
	return { cluster: describe(context, cluster, everything) };
}

export const clusterOperations: Readonly<Record<string, Operation>> = {
	CreateCluster: operation(CreateCluster, createCluster),
	DescribeClusters: operation(DescribeClusters, describeClusters),
	ListClusters: operation(ListClusters, listClusters),
	DeleteCluster: operation(z.object({ cluster: z.string() }), deleteCluster),
	UpdateCluster: operation(UpdateCluster, updateCluster),
	UpdateClusterSettings: operation(UpdateCluster.required({ settings: true }), updateCluster),
	PutClusterCapacityProviders: operation(PutClusterCapacityProviders, putCapacityProviders),
};
