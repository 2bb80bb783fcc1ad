import type { Answer } from './dependencies.ts';
import { logTarget } from './task-resources.ts';
import type { Task, TaskContainer } from './task.ts';
import { type Json, withoutUnset } from './wire.ts';

/**
 * The task metadata endpoint, version 4 (developer guide, "Task metadata endpoint version 4 for tasks on Fargate").
 * @param path e.g. `/v4/<runtime id>/task`
 */
export function metadataAnswer(path: string, tasks: Iterable<Task>): Answer {
	const [, runtimeId, what] = /^\/v[34]\/([^/]+)\/?(.*)$/.exec(path) ?? [];
	const found = runtimeId === undefined ? undefined : findContainer(runtimeId, tasks);
	if (found === undefined) return { status: 400, body: { message: 'V4 metadata handler: unable to get task or container from request' } };
	const { task, container } = found;
	if (what === '') return { status: 200, body: containerMetadata(task, container) };
	if (what === 'task') return { status: 200, body: taskMetadata(task, {}) };
	if (what === 'taskWithTags') return { status: 200, body: taskMetadata(task, { TaskTags: Object.fromEntries(task.tags.map(({ key, value }) => [key, value])) }) };
	if (what === 'stats' || what === 'task/stats') return { status: 200, body: {} };
	return { status: 404, body: { message: 'Not found' } };
}

function findContainer(runtimeId: string, tasks: Iterable<Task>): { task: Task; container: TaskContainer } | undefined {
	for (const task of tasks) {
		const container = task.containers.find((each) => each.runtimeId === runtimeId);
		if (container !== undefined) return { task, container };
	}
	return undefined;
}

function taskMetadata(task: Task, more: Json): Json {
	const { request, times } = task;
	const { cpu, memory } = { ...request.definition.definition, ...withoutUnset({ cpu: request.overrides.cpu, memory: request.overrides.memory }) };
	return withoutUnset({
		Cluster: request.cluster.arn,
		TaskARN: task.arn,
		Family: request.definition.family,
		Revision: String(request.definition.revision),
		ServiceName: request.service?.service.name,
		DesiredStatus: task.desiredStatus,
		KnownStatus: task.lastStatus,
		Limits: withoutUnset({ CPU: cpu === undefined ? undefined : Number(cpu) / 1024, Memory: memory === undefined ? undefined : Number(memory) }),
		PullStartedAt: iso(times.pullStartedAt),
		PullStoppedAt: iso(times.pullStoppedAt),
		ExecutionStoppedAt: iso(times.executionStoppedAt),
		AvailabilityZone: task.interface?.availabilityZone,
		LaunchType: request.launchType,
		Containers: task.containers.map((container) => containerMetadata(task, container)),
		ClockDrift: { ClockErrorBound: 0, ReferenceTimestamp: iso(times.createdAt), ClockSynchronizationStatus: 'SYNCHRONIZED' },
		EphemeralStorageMetrics: { Utilized: 0, Reserved: ((request.overrides.ephemeralStorage ?? request.definition.definition.ephemeralStorage)?.sizeInGiB ?? 20) * 1024 },
		FaultInjectionEnabled: false,
		...more,
	});
}

function containerMetadata(task: Task, container: TaskContainer): Json {
	const { definition, override, runtimeId } = container;
	const target = logTarget(task, definition);
	return withoutUnset({
		DockerId: runtimeId,
		Name: definition.name,
		DockerName: definition.name,
		Image: definition.image,
		ImageID: container.imageDigest ?? '',
		Labels: labelsOf(task, definition.name),
		DesiredStatus: task.desiredStatus,
		KnownStatus: container.status === 'STARTING' ? 'CREATED' : container.status,
		ExitCode: container.exitCode,
		Limits: withoutUnset({ CPU: override?.cpu ?? definition.cpu, Memory: override?.memory ?? definition.memory }),
		CreatedAt: iso(container.startedAt),
		StartedAt: iso(container.startedAt),
		FinishedAt: iso(container.finishedAt),
		Type: 'NORMAL',
		Health: definition.healthCheck && healthMetadata(container),
		RestartCount: definition.restartPolicy?.enabled === true ? container.restarts : undefined,
		LogDriver: definition.logConfiguration?.logDriver,
		LogOptions: target && { 'awslogs-group': target.group, 'awslogs-region': target.region, 'awslogs-stream': target.stream },
		ContainerARN: container.arn,
		Networks: [networkMetadata(task)],
		Snapshotter: 'overlayfs',
	});
}

function healthMetadata({ health, healthOutput }: TaskContainer): Json {
	return withoutUnset({ status: health.status, statusSince: iso(healthOutput?.at), exitCode: healthOutput?.exitCode, output: healthOutput?.output });
}

function networkMetadata({ interface: made }: Task): Json {
	if (made === undefined) return { NetworkMode: 'awsvpc' };
	return { NetworkMode: 'awsvpc', IPv4Addresses: [made.privateIpv4Address], AttachmentIndex: 0, MACAddress: made.macAddress, PrivateDNSName: made.privateDnsName ?? '' };
}

function labelsOf({ request, arn }: Task, name: string): Json {
	return {
		'com.amazonaws.ecs.cluster': request.cluster.arn,
		'com.amazonaws.ecs.container-name': name,
		'com.amazonaws.ecs.task-arn': arn,
		'com.amazonaws.ecs.task-definition-family': request.definition.family,
		'com.amazonaws.ecs.task-definition-version': String(request.definition.revision),
	};
}

const iso = (milliseconds: number | undefined) => (milliseconds === undefined ? undefined : new Date(milliseconds).toISOString());
