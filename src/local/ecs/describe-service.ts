import { iamArn } from './arns.ts';
import { revisionArn } from './deployments.ts';
import { phaseOf } from './service-tasks.ts';
import { type Deployment, primaryOf, type Service, type ServiceDeployment, type ServiceRevision } from './service.ts';
import type { Task } from './task.ts';
import { type Json, seconds, withoutUnset } from './wire.ts';

const runningIn = (tasks: readonly Task[]) => tasks.filter((task) => task.lastStatus === 'RUNNING').length;
const pendingIn = (tasks: readonly Task[]) => tasks.filter((task) => phaseOf(task) === 'pending').length;

/**
 * A service as DescribeServices answers it.
 * @param tasks of the service, stopped ones too
 */
export function describeService(service: Service, tasks: readonly Task[], account: string, include: { readonly tags: boolean }): Json {
	const primary = service.deployments.length === 0 ? undefined : primaryOf(service);
	const spec = (primary ?? lastRevision(service)).spec;
	const current = service.history.find(({ status }) => status === 'IN_PROGRESS' || status === 'ROLLBACK_IN_PROGRESS') ?? service.history[0];
	const region = service.arn.split(':')[3] ?? '';
	return withoutUnset({
		serviceArn: service.arn,
		serviceName: service.name,
		clusterArn: service.cluster.arn,
		loadBalancers: spec.loadBalancers,
		serviceRegistries: spec.serviceRegistries,
		status: service.status,
		desiredCount: service.desiredCount,
		runningCount: runningIn(tasks),
		pendingCount: pendingIn(tasks),
		launchType: service.capacityProviders.length > 0 ? undefined : service.launchType,
		capacityProviderStrategy: service.capacityProviders.length > 0 ? service.capacityProviders : undefined,
		platformVersion: spec.platformVersion,
		platformFamily: 'Linux',
		taskDefinition: spec.definition.arn,
		deploymentConfiguration: service.configuration,
		deployments: service.deployments.map((deployment) => describeDeployment(service, deployment, tasks)),
		roleArn: iamArn(region, account, 'role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS'),
		events: service.events.map(({ id, createdAt, message }) => ({ id, createdAt: seconds(createdAt), message })),
		createdAt: seconds(service.createdAt),
		currentServiceDeployment: service.status === 'ACTIVE' ? current?.arn : undefined,
		currentServiceRevisions: service.deployments.map((deployment) => revisionSummary(service, deployment.id, tasks)),
		placementConstraints: service.placementConstraints,
		placementStrategy: service.placementStrategy,
		networkConfiguration: spec.network,
		healthCheckGracePeriodSeconds: service.gracePeriodSeconds,
		schedulingStrategy: service.schedulingStrategy,
		deploymentController: { type: 'ECS' },
		tags: include.tags ? service.tags : [],
		createdBy: service.createdBy,
		enableECSManagedTags: service.managedTags,
		propagateTags: service.propagateTags,
		enableExecuteCommand: service.enableExecuteCommand,
		availabilityZoneRebalancing: service.rebalancing,
	});
}

function lastRevision(service: Service): ServiceRevision {
	const last = [...service.revisions.values()].at(-1);
	if (last === undefined) throw new Error(`service ${service.name} has no revision`);
	return last;
}

function describeDeployment(service: Service, deployment: Deployment, tasks: readonly Task[]): Json {
	const own = tasks.filter(({ request }) => request.service?.deployment === deployment);
	const isPrimary = deployment === service.deployments[0];
	return withoutUnset({
		id: deployment.id,
		status: isPrimary ? 'PRIMARY' : 'ACTIVE',
		taskDefinition: deployment.spec.definition.arn,
		desiredCount: isPrimary ? service.desiredCount : own.filter((task) => task.desiredStatus === 'RUNNING').length,
		pendingCount: pendingIn(own),
		runningCount: runningIn(own),
		failedTasks: deployment.failedTasks,
		createdAt: seconds(deployment.createdAt),
		updatedAt: seconds(deployment.updatedAt),
		launchType: service.capacityProviders.length > 0 ? undefined : service.launchType,
		capacityProviderStrategy: service.capacityProviders.length > 0 ? service.capacityProviders : undefined,
		platformVersion: deployment.spec.platformVersion,
		platformFamily: 'Linux',
		networkConfiguration: deployment.spec.network,
		rolloutState: deployment.rollout,
		rolloutStateReason: deployment.reason,
	});
}

function revisionSummary(service: Service, deploymentId: string, tasks: readonly Task[]): Json {
	const own = tasks.filter(({ request }) => request.service?.deployment.id === deploymentId);
	const requested = own.filter((task) => task.desiredStatus === 'RUNNING').length;
	return { arn: revisionArn(service, deploymentId), requestedTaskCount: requested, runningTaskCount: runningIn(own), pendingTaskCount: pendingIn(own) };
}

/** An entry of ListServiceDeployments. */
export function describeServiceDeploymentBriefly(service: Service, record: ServiceDeployment): Json {
	return withoutUnset({
		serviceDeploymentArn: record.arn,
		serviceArn: service.arn,
		clusterArn: service.cluster.arn,
		startedAt: seconds(record.createdAt),
		createdAt: seconds(record.createdAt),
		finishedAt: seconds(record.finishedAt),
		targetServiceRevisionArn: record.revisionArn,
		status: record.status,
		statusReason: record.statusReason,
	});
}

/** An entry of DescribeServiceDeployments. */
export function describeServiceDeployment(service: Service, record: ServiceDeployment, tasks: readonly Task[]): Json {
	const { rollback } = record;
	const { targetServiceRevisionArn: _target, ...brief } = describeServiceDeploymentBriefly(service, record);
	const running = service.deployments.find(({ id }) => id === record.deploymentId);
	return withoutUnset({
		...brief,
		updatedAt: seconds(record.updatedAt),
		stoppedAt: record.status === 'STOPPED' ? seconds(record.finishedAt) : undefined,
		sourceServiceRevisions: record.sourceRevisions.map((arn) => revisionSummary(service, `ecs-svc/${arn.split('/').at(-1) ?? ''}`, tasks)),
		targetServiceRevision: revisionSummary(service, record.deploymentId, tasks),
		deploymentConfiguration: service.configuration,
		rollback: rollback && { reason: rollback.reason, startedAt: seconds(rollback.startedAt), serviceRevisionArn: rollback.revisionArn },
		deploymentCircuitBreaker: { ...record.breaker, failureCount: record.status === 'IN_PROGRESS' ? (running?.failedTasks ?? 0) : record.breaker.failureCount },
		alarms: { status: 'DISABLED' },
	});
}

/** An entry of DescribeServiceRevisions. */
export function describeRevision(service: Service, { arn, spec, createdAt }: ServiceRevision): Json {
	return withoutUnset({
		serviceRevisionArn: arn,
		serviceArn: service.arn,
		clusterArn: service.cluster.arn,
		taskDefinition: spec.definition.arn,
		launchType: service.launchType,
		platformVersion: spec.platformVersion,
		platformFamily: 'Linux',
		loadBalancers: spec.loadBalancers,
		serviceRegistries: spec.serviceRegistries,
		networkConfiguration: spec.network,
		containerImages: spec.definition.definition.containerDefinitions.map(({ name, image }) => ({ containerName: name, image })),
		createdAt: seconds(createdAt),
	});
}
