import type { Context } from './context.ts';
import { EcsError, invalidParameter } from './errors.ts';
import { fargateProviders, notAssociated } from './operations/clusters.ts';
import type { CapacityProviderStrategy, LaunchType, NetworkConfiguration } from './shapes.ts';
import type { Cluster, TaskDefinition } from './state.ts';

export interface Placement {
	readonly launchType: LaunchType;
	readonly strategy: CapacityProviderStrategy;
}

/**
 * Where a task or service is to run: a launch type, a strategy, else the cluster's default strategy, else EC2, as on AWS.
 * @throws EcsError where both are given or the strategy names what the cluster has not
 */
export function placementOf(cluster: Cluster, launchType: LaunchType | undefined, strategy: CapacityProviderStrategy | undefined): Placement {
	const given = strategy !== undefined && strategy.length > 0;
	if (launchType !== undefined && given) throw invalidParameter('Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.');
	if (launchType !== undefined) return { launchType, strategy: [] };
	const used = given ? strategy : cluster.defaultStrategy;
	if (used.some(({ capacityProvider }) => !cluster.capacityProviders.includes(capacityProvider))) throw notAssociated();
	return { launchType: used.some(({ capacityProvider }) => fargateProviders.includes(capacityProvider)) ? 'FARGATE' : 'EC2', strategy: used };
}

/** LATEST is 1.4.0 and is shown as such. */
export function platformVersionOf(given: string | undefined): string {
	const version = given === undefined || given === 'LATEST' ? '1.4.0' : given;
	if (!['1.0.0', '1.1.0', '1.2.0', '1.3.0', '1.4.0'].includes(version)) throw new EcsError('PlatformUnknownException', 'The specified platform does not exist.');
	return version;
}

/** What only Fargate takes is refused with container instances. @throws EcsError InvalidParameterException */
export function checkLaunchType(definition: TaskDefinition, launchType: LaunchType, { platformVersion, networkConfiguration }: { platformVersion?: string | undefined; networkConfiguration?: NetworkConfiguration | undefined } = {}): void {
	if (!definition.definition.compatibilities.includes(launchType)) throw invalidParameter(`Task definition does not support launch_type ${launchType}.`);
	if (launchType === 'FARGATE') return;
	if (platformVersion !== undefined) throw invalidParameter(`The platform version must be null when specifying an ${launchType} launch type.`);
	if (networkConfiguration?.awsvpcConfiguration?.assignPublicIp === 'ENABLED') throw invalidParameter('Assign public IP is not supported for this launch type.');
}

/**
 * Subnets and groups of one VPC, present where the task definition wants awsvpc, absent where it does not.
 * @throws EcsError InvalidParameterException
 */
export async function checkNetwork(context: Context, definition: TaskDefinition, configuration: NetworkConfiguration | undefined): Promise<void> {
	const awsvpc = configuration?.awsvpcConfiguration;
	const wanted = definition.definition.networkMode === 'awsvpc';
	if (wanted && awsvpc === undefined) throw invalidParameter("Network Configuration must be provided when networkMode 'awsvpc' is specified.");
	if (!wanted && awsvpc !== undefined) throw invalidParameter('Network Configuration is not valid for the given networkMode of this task definition.');
	if (awsvpc === undefined) return;
	const { subnets, securityGroups = [] } = awsvpc;
	if (subnets.length === 0) throw invalidParameter('subnets can not be empty.');
	if (subnets.length > 16) throw invalidParameter('subnets can have at most 16 items.');
	if (securityGroups.length > 5) throw invalidParameter('securityGroups can have at most 5 items.');
	const found = await context.deps.network.find(context.region, { subnets, securityGroups });
	checkSubnets(subnets, found);
	checkGroups(securityGroups, subnets, found);
}

type Found = Awaited<ReturnType<Context['deps']['network']['find']>>;

function checkSubnets(subnets: readonly string[], found: Found): void {
	const missing = subnets.find((id) => found.subnets[id] === undefined);
	if (missing !== undefined)
		throw invalidParameter(`Error retrieving subnet information for [${subnets.join(', ')}]: The subnet ID '${missing}' does not exist (ErrorCode: InvalidSubnetID.NotFound)`);
	const vpcs = new Set(subnets.map((id) => found.subnets[id]?.vpcId));
	if (vpcs.size > 1) throw invalidParameter('Subnets must belong to the same VPC.');
}

function checkGroups(groups: readonly string[], subnets: readonly string[], found: Found): void {
	const missing = groups.find((id) => found.securityGroups[id] === undefined);
	if (missing !== undefined)
		throw invalidParameter(`Error retrieving security group information for [${groups.join(', ')}]: The security group '${missing}' does not exist (ErrorCode: InvalidGroup.NotFound)`);
	const vpc = found.subnets[subnets[0] ?? '']?.vpcId;
	const foreign = groups.find((id) => found.securityGroups[id] !== vpc);
	if (foreign !== undefined) throw invalidParameter(`Security group ${foreign} does not appear to belong to the same VPC as the input subnets.`);
}
