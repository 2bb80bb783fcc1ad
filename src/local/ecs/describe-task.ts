import type { Json } from './wire.ts';
import { seconds, withoutUnset } from './wire.ts';
import { healthOf, type Task, type TaskContainer } from './task.ts';

/** A task as DescribeTasks, RunTask and StopTask answer it. */
export function describeTask(task: Task, include: { readonly tags: boolean }): Json {
	const { request, times } = task;
	const { definition } = request.definition;
	return withoutUnset({
		attachments: [describeAttachment(task)],
		attributes: [{ name: 'ecs.cpu-architecture', value: definition.runtimePlatform?.cpuArchitecture?.toLowerCase() ?? 'x86_64' }],
		availabilityZone: task.interface?.availabilityZone,
		capacityProviderName: request.capacityProvider,
		clusterArn: request.cluster.arn,
		connectivity: times.connectivityAt === undefined ? undefined : 'CONNECTED',
		connectivityAt: seconds(times.connectivityAt),
		containers: task.containers.map((container) => describeContainer(task, container)),
		cpu: request.overrides.cpu ?? definition.cpu,
		createdAt: seconds(times.createdAt),
		desiredStatus: task.desiredStatus,
		enableExecuteCommand: request.enableExecuteCommand,
		executionStoppedAt: seconds(times.executionStoppedAt),
		group: request.group,
		healthStatus: healthOf(task),
		lastStatus: task.lastStatus,
		launchType: request.launchType,
		memory: request.overrides.memory ?? definition.memory,
		overrides: describeOverrides(task),
		platformVersion: request.platformVersion,
		platformFamily: 'Linux',
		pullStartedAt: seconds(times.pullStartedAt),
		pullStoppedAt: seconds(times.pullStoppedAt),
		startedAt: seconds(times.startedAt),
		startedBy: request.startedBy,
		stopCode: task.stopCode,
		stoppedAt: seconds(times.stoppedAt),
		stoppedReason: task.stoppedReason,
		stoppingAt: seconds(times.stoppingAt),
		tags: include.tags ? task.tags : [],
		taskArn: task.arn,
		taskDefinitionArn: request.definition.arn,
		version: task.version,
		ephemeralStorage: request.overrides.ephemeralStorage ?? definition.ephemeralStorage ?? { sizeInGiB: 20 },
		fargateEphemeralStorage: { sizeInGiB: (request.overrides.ephemeralStorage ?? definition.ephemeralStorage)?.sizeInGiB ?? 20 },
	});
}

function describeAttachment(task: Task) {
	const made = task.interface;
	const details = made && {
		networkInterfaceId: made.networkInterfaceId,
		macAddress: made.macAddress,
		privateDnsName: made.privateDnsName ?? `ip-${made.privateIpv4Address.replaceAll('.', '-')}.ec2.internal`,
		privateIPv4Address: made.privateIpv4Address,
	};
	const pairs = Object.entries({ subnetId: task.request.subnetId, ...details });
	return { ...task.attachment, type: 'ElasticNetworkInterface', details: pairs.map(([name, value]) => ({ name, value })) };
}

function describeOverrides({ request: { overrides, definition } }: Task) {
	const given = overrides.containerOverrides ?? [];
	const containerOverrides = definition.definition.containerDefinitions.map(({ name }) => given.find((each) => each.name === name) ?? { name });
	return { ...overrides, containerOverrides, inferenceAcceleratorOverrides: [] };
}

function describeContainer(task: Task, container: TaskContainer) {
	const { definition, override } = container;
	const address = task.interface && { attachmentId: task.attachment.id, privateIpv4Address: task.interface.privateIpv4Address };
	const started = container.startedAt !== undefined;
	return withoutUnset({
		containerArn: container.arn,
		taskArn: task.arn,
		name: definition.name,
		image: definition.image,
		imageDigest: container.imageDigest,
		runtimeId: started ? container.runtimeId : undefined,
		lastStatus: container.status === 'STARTING' ? 'PENDING' : container.status,
		exitCode: container.exitCode,
		reason: container.reason,
		networkBindings: [],
		networkInterfaces: address === undefined ? [] : [address],
		healthStatus: container.health.status,
		managedAgents: task.request.enableExecuteCommand ? [execAgent(container)] : undefined,
		cpu: String(override?.cpu ?? definition.cpu),
		memory: text(override?.memory ?? definition.memory),
		memoryReservation: text(override?.memoryReservation ?? definition.memoryReservation),
	});
}

/** On Fargate the agent starts with the container. */
function execAgent(container: TaskContainer) {
	const status = container.status === 'STARTING' ? 'PENDING' : container.status;
	return withoutUnset({ name: 'ExecuteCommandAgent', lastStatus: status, lastStartedAt: seconds(container.startedAt) });
}

const text = (value: number | undefined) => (value === undefined ? undefined : String(value));
