import { z } from 'zod';
import type { Context } from '../context.ts';
import { startDeployment } from '../deployments.ts';
import { describeService } from '../describe-service.ts';
import { clientError, serviceNotActive } from '../errors.ts';
import { clusterNamed, serviceNamed, usableDefinition } from '../lookups.ts';
import { checkLaunchType, checkNetwork, placementOf, platformVersionOf } from '../placement.ts';
import { type DeploymentSpec, primaryOf, type Service } from '../service.ts';
import { checkDesiredCount, checkExecuteCommand, checkLoadBalancers, checkRebalancing, configurationOf } from '../service-rules.ts';
import type { Json } from '../wire.ts';
import { serviceMembers } from './create-service.ts';

export const UpdateService = z.object({ ...serviceMembers, service: z.string(), forceNewDeployment: z.boolean().default(false) });
type UpdateService = z.infer<typeof UpdateService>;

export async function updateService(context: Context, input: UpdateService): Promise<Json> {
	const service = serviceNamed(context, clusterNamed(context, input.cluster), input.service);
	if (service.status !== 'ACTIVE') throw serviceNotActive();
	const spec = wantedSpec(context, service, input);
	const changes = wantedSettings(service, input);
	checkLaunchType(spec.definition, service.launchType);
	checkRebalancing(changes.rebalancing, changes.configuration, 'updated');
	checkExecuteCommand(changes.enableExecuteCommand, spec.definition, 'updated');
	checkLoadBalancers(spec.loadBalancers, spec.definition, context.deps.balancing);
	await checkNetwork(context, spec.definition, spec.network);
	// It may have been deleted while the network was looked up.
	if (service.status !== 'ACTIVE') throw serviceNotActive();
	if (changes.desiredCount !== service.desiredCount) service.steady = false;
	Object.assign(service, changes);
	if (input.forceNewDeployment || differs(spec, primaryOf(service).spec)) startDeployment(service, spec, context.now);
	context.scheduler.settle(service);
	return { service: describeService(service, context.scheduler.tasksOf(service), context.account, { tags: true }) };
}

/** What starts a new deployment when it changes; the rest does not. */
function wantedSpec(context: Context, service: Service, input: UpdateService): DeploymentSpec {
	const present = primaryOf(service).spec;
	return {
		definition: input.taskDefinition === undefined ? present.definition : usableDefinition(context, input.taskDefinition, clientError),
		network: input.networkConfiguration ?? present.network,
		platformVersion: input.platformVersion === undefined ? present.platformVersion : platformVersionOf(input.platformVersion),
		loadBalancers: input.loadBalancers ?? present.loadBalancers,
		serviceRegistries: input.serviceRegistries ?? present.serviceRegistries,
	};
}

function differs(a: DeploymentSpec, b: DeploymentSpec): boolean {
	const comparable = ({ definition, ...rest }: DeploymentSpec) => JSON.stringify([definition.arn, rest]);
	return comparable(a) !== comparable(b);
}

function wantedSettings(service: Service, input: UpdateService) {
	const strategy = input.capacityProviderStrategy;
	return {
		desiredCount: input.desiredCount === undefined ? service.desiredCount : checkDesiredCount(input.desiredCount),
		capacityProviders: strategy === undefined ? service.capacityProviders : placementOf(service.cluster, undefined, strategy).strategy,
		configuration: configurationOf(input.deploymentConfiguration, service.configuration),
		gracePeriodSeconds: input.healthCheckGracePeriodSeconds ?? service.gracePeriodSeconds,
		managedTags: input.enableECSManagedTags ?? service.managedTags,
		propagateTags: input.propagateTags ?? service.propagateTags,
		enableExecuteCommand: input.enableExecuteCommand ?? service.enableExecuteCommand,
		rebalancing: input.availabilityZoneRebalancing ?? service.rebalancing,
		placementConstraints: input.placementConstraints ?? service.placementConstraints,
		placementStrategy: input.placementStrategy ?? service.placementStrategy,
	};
}
