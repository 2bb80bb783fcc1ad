import type { TaskInterface } from './dependencies.ts';
import type { ContainerView, Health } from './model/containers.ts';
import { firstHealth, type HealthState } from './model/health.ts';
import type { RunningContainer } from './runtime.ts';
import type { ContainerOverride, LaunchType, NetworkConfiguration, Tag, TaskOverride } from './shapes.ts';
import type { Deployment, Service } from './service.ts';
import type { Cluster, DefinedContainer, TaskDefinition } from './state.ts';
import { taskHealth } from './model/containers.ts';
import { arnOf, newDigits, newTaskId, newUuid } from './arns.ts';

export type TaskStatus = 'PROVISIONING' | 'PENDING' | 'ACTIVATING' | 'RUNNING' | 'DEACTIVATING' | 'STOPPING' | 'DEPROVISIONING' | 'STOPPED';
export type StopCode = 'TaskFailedToStart' | 'EssentialContainerExited' | 'UserInitiated' | 'ServiceSchedulerInitiated';

/** What a task is started with, from RunTask or from a service. */
export interface TaskRequest {
	readonly account: string;
	readonly region: string;
	/** Milliseconds since the epoch. */
	readonly now: number;
	readonly cluster: Cluster;
	readonly definition: TaskDefinition;
	readonly network: NonNullable<NetworkConfiguration['awsvpcConfiguration']>;
	/** Of `network.subnets`, the one it is placed in. */
	readonly subnetId: string;
	readonly launchType: LaunchType;
	readonly capacityProvider: string | undefined;
	readonly platformVersion: string;
	readonly group: string;
	readonly startedBy: string | undefined;
	readonly overrides: TaskOverride;
	readonly enableExecuteCommand: boolean;
	readonly tags: readonly Tag[];
	/** Absent for RunTask's. */
	readonly service?: { readonly service: Service; readonly deployment: Deployment };
}

export interface TaskContainer {
	readonly definition: DefinedContainer;
	readonly override: ContainerOverride | undefined;
	readonly arn: string;
	readonly runtimeId: string;
	status: ContainerView['status'];
	health: HealthState;
	healthOutput: { readonly exitCode: number; readonly output: string; readonly at: number } | undefined;
	startTimedOut: boolean;
	imageDigest: string | undefined;
	exitCode: number | undefined;
	reason: string | undefined;
	/** Milliseconds since the epoch. */
	startedAt: number | undefined;
	finishedAt: number | undefined;
	restarts: number;
	running: RunningContainer | undefined;
	stopAsked: boolean;
}

export interface Task {
	readonly id: string;
	readonly arn: string;
	readonly request: TaskRequest;
	readonly credentialsId: string;
	readonly attachment: { readonly id: string; status: string };
	readonly containers: readonly TaskContainer[];
	lastStatus: TaskStatus;
	desiredStatus: 'RUNNING' | 'STOPPED';
	version: number;
	tags: Tag[];
	interface: TaskInterface | undefined;
	stopCode: StopCode | undefined;
	stoppedReason: string | undefined;
	/** All in milliseconds since the epoch. */
	readonly times: TaskTimes;
	/** What its load balancer's checks say of it. */
	balanced: 'none' | 'waiting' | 'healthy' | 'unhealthy';
	/** What its service has taken note of. */
	readonly noted: { healthy: boolean; ended: boolean };
}

interface TaskTimes {
	createdAt: number;
	connectivityAt?: number;
	pullStartedAt?: number;
	pullStoppedAt?: number;
	startedAt?: number;
	stoppingAt?: number;
	executionStoppedAt?: number;
	stoppedAt?: number;
}

export function newTask(request: TaskRequest): Task {
	const id = newTaskId();
	const arn = arnOf('ecs', request.region, request.account, `task/${request.cluster.name}/${id}`);
	return {
		id,
		arn,
		request,
		credentialsId: newUuid(),
		attachment: { id: newUuid(), status: 'PRECREATED' },
		containers: request.definition.definition.containerDefinitions.map((definition) => newContainer(definition, request, id)),
		lastStatus: 'PROVISIONING',
		desiredStatus: 'RUNNING',
		version: 1,
		tags: [...request.tags],
		interface: undefined,
		stopCode: undefined,
		stoppedReason: undefined,
		times: { createdAt: request.now },
		balanced: (request.service?.deployment.spec.loadBalancers.length ?? 0) > 0 ? 'waiting' : 'none',
		noted: { healthy: false, ended: false },
	};
}

function newContainer(definition: DefinedContainer, request: TaskRequest, taskId: string): TaskContainer {
	return {
		definition,
		override: request.overrides.containerOverrides?.find(({ name }) => name === definition.name),
		arn: arnOf('ecs', request.region, request.account, `container/${request.cluster.name}/${taskId}/${newUuid()}`),
		runtimeId: `${taskId}-${newDigits(10)}`,
		status: 'PENDING',
		health: firstHealth,
		healthOutput: undefined,
		startTimedOut: false,
		imageDigest: undefined,
		exitCode: undefined,
		reason: undefined,
		startedAt: undefined,
		finishedAt: undefined,
		restarts: 0,
		running: undefined,
		stopAsked: false,
	};
}

/** What the pure rules of container order look at. */
export function viewOf(container: TaskContainer): ContainerView {
	return {
		name: container.definition.name,
		essential: container.definition.essential,
		dependsOn: container.definition.dependsOn ?? [],
		status: container.status,
		health: container.health.status,
		exitCode: container.exitCode,
		startTimedOut: container.startTimedOut,
	};
}

export function healthOf(task: Task): Health {
	return taskHealth(
		task.containers.map(({ definition, health }) => ({ essential: definition.essential, health: health.status, checked: definition.healthCheck !== undefined })),
	);
}

/** Role ARNs in force: overrides win. A role may be given by name. */
export function roleOf(task: Pick<Task, 'request'>, which: 'taskRoleArn' | 'executionRoleArn'): string | undefined {
	const { overrides, definition } = task.request;
	return overrides[which] ?? definition.definition[which];
}
