import { z } from 'zod';
import { arnOf } from '../arns.ts';
import type { Context } from '../context.ts';
import { startDeployment } from '../deployments.ts';
import { describeService } from '../describe-service.ts';
import { invalidParameter } from '../errors.ts';
import { activeCluster, serviceKey, usableDefinition } from '../lookups.ts';
import { checkLaunchType, checkNetwork, placementOf, platformVersionOf } from '../placement.ts';
import type { Service } from '../service.ts';
import { checkDesiredCount, checkExecuteCommand, checkLoadBalancers, checkRebalancing, configurationOf } from '../service-rules.ts';
import { CapacityProviderStrategy, DeploymentConfiguration, LaunchType, LoadBalancer, NetworkConfiguration, PropagateTags, ServiceRegistry, Tags } from '../shapes.ts';
import type { Cluster } from '../state.ts';
import { checkedTags } from '../tags.ts';
import type { Json } from '../wire.ts';

/** Members that CreateService and UpdateService share. */
export const serviceMembers = {
	cluster: z.string().optional(),
	desiredCount: z.number().int().optional(),
	taskDefinition: z.string().optional(),
	capacityProviderStrategy: CapacityProviderStrategy.optional(),
	deploymentConfiguration: DeploymentConfiguration.optional(),
	availabilityZoneRebalancing: z.enum(['ENABLED', 'DISABLED']).optional(),
	networkConfiguration: NetworkConfiguration.optional(),
	placementConstraints: z.array(z.unknown()).optional(),
	placementStrategy: z.array(z.unknown()).optional(),
	platformVersion: z.string().optional(),
	healthCheckGracePeriodSeconds: z.number().int().optional(),
	enableExecuteCommand: z.boolean().optional(),
	enableECSManagedTags: z.boolean().optional(),
	loadBalancers: z.array(LoadBalancer).optional(),
	propagateTags: PropagateTags.optional(),
	serviceRegistries: z.array(ServiceRegistry).optional(),
};

export const CreateService = z.object({
	...serviceMembers,
	serviceName: z.string(),
	clientToken: z.string().max(36).optional(),
	launchType: LaunchType.optional(),
	role: z.string().optional(),
	schedulingStrategy: z.enum(['REPLICA', 'DAEMON']).optional(),
	deploymentController: z.object({ type: z.enum(['ECS', 'CODE_DEPLOY', 'EXTERNAL']) }).optional(),
	tags: Tags,
});
type CreateService = z.infer<typeof CreateService>;

export async function createService(context: Context, input: CreateService): Promise<Json> {
	const cluster = activeCluster(context, input.cluster);
	checkName(input.serviceName);
	const repeated = present(context, cluster, input) ?? (await newService(context, cluster, input));
	return { service: describeService(repeated, context.scheduler.tasksOf(repeated), context.account, { tags: true }) };
}

function checkName(name: string): void {
	if (!/^[A-Za-z0-9_-]{1,255}$/.test(name)) throw invalidParameter('Invalid service name: it must have 1 to 255 letters, numbers, hyphens and underscores.');
}

/** The service of a repeated, identical request. An INACTIVE service has given its name free. */
function present(context: Context, cluster: Cluster, input: CreateService): Service | undefined {
	const service = context.state.services.get(serviceKey(cluster, input.serviceName));
	if (service === undefined || service.status === 'INACTIVE') return undefined;
	if (service.status === 'DRAINING') throw invalidParameter('Unable to Start a service that is still Draining.');
	if (service.createRequest !== JSON.stringify(input)) throw invalidParameter('Creation of service was not idempotent.');
	return service;
}

async function newService(context: Context, cluster: Cluster, input: CreateService): Promise<Service> {
	refuseUnavailable(input);
	const desiredCount = checkDesiredCount(input.desiredCount);
	if (input.taskDefinition === undefined) throw invalidParameter('TaskDefinition cannot be null or empty.');
	const definition = usableDefinition(context, input.taskDefinition, (message) => invalidParameter(message));
	const { launchType, strategy } = placementOf(cluster, input.launchType, input.capacityProviderStrategy);
	checkLaunchType(definition, launchType, input);
	const configuration = configurationOf(input.deploymentConfiguration);
	const rebalancing = input.availabilityZoneRebalancing ?? 'ENABLED';
	checkRebalancing(rebalancing, configuration, 'created');
	checkExecuteCommand(input.enableExecuteCommand === true, definition, 'created');
	checkLoadBalancers(input.loadBalancers ?? [], definition, context.deps.balancing);
	const tags = checkedTags(input.tags);
	const platformVersion = platformVersionOf(input.platformVersion);
	await checkNetwork(context, definition, input.networkConfiguration);
	// The same name may have been taken while the network was looked up.
	const earlier = present(context, cluster, input);
	if (earlier !== undefined) return earlier;
	const service: Service = {
		arn: arnOf('ecs', context.region, context.account, `service/${cluster.name}/${input.serviceName}`),
		name: input.serviceName,
		cluster,
		createdAt: context.now,
		createdBy: context.caller,
		createRequest: JSON.stringify(input),
		launchType,
		schedulingStrategy: 'REPLICA',
		status: 'ACTIVE',
		desiredCount,
		capacityProviders: strategy,
		configuration,
		gracePeriodSeconds: input.healthCheckGracePeriodSeconds ?? 0,
		managedTags: input.enableECSManagedTags ?? false,
		propagateTags: input.propagateTags ?? 'NONE',
		enableExecuteCommand: input.enableExecuteCommand ?? false,
		rebalancing,
		placementConstraints: input.placementConstraints ?? [],
		placementStrategy: input.placementStrategy ?? [],
		tags,
		deployments: [],
		events: [],
		history: [],
		revisions: new Map(),
		steady: false,
		cancelWake: undefined,
	};
	const spec = { definition, network: input.networkConfiguration, platformVersion, loadBalancers: input.loadBalancers ?? [], serviceRegistries: input.serviceRegistries ?? [] };
	startDeployment(service, spec, context.now);
	context.state.services.set(serviceKey(cluster, service.name), service);
	context.scheduler.settle(service);
	return service;
}

function refuseUnavailable({ schedulingStrategy, deploymentController }: CreateService): void {
	if (schedulingStrategy === 'DAEMON') throw invalidParameter('The DAEMON scheduling strategy is not supported for Fargate tasks.');
	if (deploymentController !== undefined && deploymentController.type !== 'ECS') throw invalidParameter(`The deployment controller ${deploymentController.type} is not available on this endpoint: use ECS.`);
}
