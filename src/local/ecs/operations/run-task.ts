import { z } from 'zod';
import type { Context } from '../context.ts';
import { describeTask } from '../describe-task.ts';
import { clientError, EcsError, invalidParameter } from '../errors.ts';
import { activeCluster, usableDefinition } from '../lookups.ts';
import { cpuUnits, isFargateSize, memoryMiB } from '../model/fargate.ts';
import { checkLaunchType, checkNetwork, placementOf, platformVersionOf } from '../placement.ts';
import { roleRefusal } from '../service-roles.ts';
import { CapacityProviderStrategy, LaunchType, NetworkConfiguration, PropagateTags, TaskOverride, Tags } from '../shapes.ts';
import type { Cluster, TaskDefinition } from '../state.ts';
import { checkedTags, mergedTags } from '../tags.ts';
import type { TaskRequest } from '../task.ts';
import type { Json } from '../wire.ts';

export const RunTask = z.object({
	cluster: z.string().optional(),
	taskDefinition: z.string(),
	count: z.number().int().min(1).max(10).default(1),
	launchType: LaunchType.optional(),
	capacityProviderStrategy: CapacityProviderStrategy.optional(),
	platformVersion: z.string().optional(),
	networkConfiguration: NetworkConfiguration.optional(),
	overrides: TaskOverride.default({}),
	group: z.string().optional(),
	startedBy: z.string().max(128).optional(),
	clientToken: z.string().max(64).optional(),
	enableECSManagedTags: z.boolean().default(false),
	enableExecuteCommand: z.boolean().default(false),
	propagateTags: PropagateTags.optional(),
	referenceId: z.string().optional(),
	tags: Tags,
});
type RunTask = z.infer<typeof RunTask>;

export async function runTask(context: Context, input: RunTask): Promise<Json> {
	const cluster = activeCluster(context, input.cluster);
	const replayed = replay(context, cluster, input);
	if (replayed !== undefined) return replayed;
	const request = await taskRequest(context, cluster, input);
	// Another request with the same token may have come while this one was checked.
	return replay(context, cluster, input) ?? start(context, input, request);
}

function start(context: Context, input: RunTask, request: TaskRequest): Json {
	const { network } = request;
	const unplaced = context.deps.faults?.take('no-capacity', { family: request.definition.family });
	if (unplaced !== undefined) return { tasks: [], failures: [{ reason: unplaced }] };
	const tasks = Array.from({ length: input.count }, () => context.scheduler.start({ ...request, subnetId: context.scheduler.nextSubnet(network.subnets) }));
	remember(context, request.cluster, input, tasks.map(({ arn }) => arn));
	return { tasks: tasks.map((task) => describeTask(task, { tags: true })), failures: [] };
}

async function taskRequest(context: Context, cluster: Cluster, input: RunTask): Promise<TaskRequest> {
	const { launchType, strategy } = placementOf(cluster, input.launchType, input.capacityProviderStrategy);
	const definition = usableDefinition(context, input.taskDefinition, (message) => invalidParameter(message));
	checkLaunchType(definition, launchType, input);
	checkOverrides(definition, input.overrides);
	checkGroup(input);
	const tags = tagsOf(cluster, definition, input);
	await checkNetwork(context, definition, input.networkConfiguration);
	await checkRoles(context, definition, input);
	if (launchType !== 'FARGATE') throw invalidParameter('No Container Instances were found in your cluster.');
	return {
		account: context.account,
		region: context.region,
		now: context.deps.clock.now(),
		cluster,
		definition,
		network: input.networkConfiguration?.awsvpcConfiguration ?? { subnets: [] },
		subnetId: '',
		launchType,
		capacityProvider: strategy[0]?.capacityProvider,
		platformVersion: platformVersionOf(input.platformVersion),
		group: input.group ?? `family:${definition.family}`,
		startedBy: input.startedBy,
		overrides: input.overrides,
		enableExecuteCommand: input.enableExecuteCommand,
		tags,
	};
}

function tagsOf(cluster: Cluster, definition: TaskDefinition, input: RunTask) {
	if (input.propagateTags === 'SERVICE') throw invalidParameter('Invalid value for propagateTags: SERVICE is not supported for a task that is not part of a service.');
	const propagated = input.propagateTags === 'TASK_DEFINITION' ? definition.tags : [];
	const managed = input.enableECSManagedTags ? [{ key: 'aws:ecs:clusterName', value: cluster.name }] : [];
	return mergedTags(propagated, checkedTags(input.tags), managed);
}

const overrideLimit = 8192;

function checkOverrides({ definition }: TaskDefinition, overrides: TaskOverride): void {
	const names = definition.containerDefinitions.map(({ name }) => name);
	for (const { name } of overrides.containerOverrides ?? []) {
		if (name === undefined || name === '') throw invalidParameter('Override for container name cannot be null or empty.');
		if (!names.includes(name)) throw invalidParameter(`Override for container named ${name} is not a container in the TaskDefinition.`);
	}
	if (JSON.stringify(overrides).length > overrideLimit) throw invalidParameter(`Container Overrides length must be at most ${overrideLimit}`);
	const { cpu = definition.cpu ?? '', memory = definition.memory ?? '' } = overrides;
	if (overrides.cpu === undefined && overrides.memory === undefined) return;
	if (!isFargateSize(cpuUnits(cpu) ?? 0, memoryMiB(memory) ?? 0)) throw clientError('No Fargate configuration exists for given values.');
}

function checkGroup({ group }: RunTask): void {
	if (group !== undefined && /^(family|service):/.test(group)) throw invalidParameter('Invalid namespace for group.');
}

async function checkRoles({ scheduler }: Context, { definition }: TaskDefinition, { overrides, enableExecuteCommand }: RunTask): Promise<void> {
	const taskRole = overrides.taskRoleArn ?? definition.taskRoleArn;
	if (enableExecuteCommand && taskRole === undefined)
		throw invalidParameter("The task couldn't be started because a valid taskRoleArn is not being used. Specify a valid task role in your task definition and try again.");
	const refused = await scheduler.firstRefused([overrides.executionRoleArn ?? definition.executionRoleArn, taskRole]);
	if (refused !== undefined) throw clientError(roleRefusal(refused));
}

/** A client token is good for 24 hours in its cluster. */
const tokenMilliseconds = 24 * 3_600_000;
const tokenKey = (cluster: Cluster, token: string) => `${cluster.name}/${token}`;
const parametersOf = ({ clientToken: _token, ...parameters }: RunTask) => JSON.stringify(parameters);

/** The answer to a repeated request, if it is one. */
function replay(context: Context, cluster: Cluster, input: RunTask): Json | undefined {
	if (input.clientToken === undefined) return undefined;
	const known = context.state.tokens.get(tokenKey(cluster, input.clientToken));
	if (known === undefined || known.expiresAt <= context.now) return undefined;
	if (known.parameters !== parametersOf(input)) throw new EcsError('ConflictException', 'The client token was used with different parameters.', { resourceIds: known.taskArns });
	const tasks = [...context.state.tasks.values()].filter(({ arn }) => known.taskArns.includes(arn));
	return { tasks: tasks.map((task) => describeTask(task, { tags: true })), failures: [] };
}

function remember(context: Context, cluster: Cluster, input: RunTask, taskArns: readonly string[]): void {
	const { tokens } = context.state;
	for (const [key, { expiresAt }] of tokens) if (expiresAt <= context.now) tokens.delete(key);
	if (input.clientToken === undefined) return;
	tokens.set(tokenKey(cluster, input.clientToken), { parameters: parametersOf(input), taskArns, expiresAt: context.now + tokenMilliseconds });
}
