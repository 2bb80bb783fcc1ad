import type { CapacityProviderStrategy, DeploymentConfiguration, LaunchType, LoadBalancer, NetworkConfiguration, PropagateTags, Tag } from './shapes.ts';
import type { Cluster, TaskDefinition } from './state.ts';

/** What a change of starts a new deployment. */
export interface DeploymentSpec {
	readonly definition: TaskDefinition;
	readonly network: NetworkConfiguration | undefined;
	readonly platformVersion: string;
	readonly loadBalancers: readonly LoadBalancer[];
	readonly serviceRegistries: readonly Readonly<Record<string, unknown>>[];
}

export interface Deployment {
	/** `ecs-svc/<19 digits>`. */
	readonly id: string;
	readonly spec: DeploymentSpec;
	rollout: 'IN_PROGRESS' | 'COMPLETED' | 'FAILED';
	reason: string;
	completedOnce: boolean;
	rollingBack: boolean;
	failedTasks: number;
	/** For the back-off: unlike failedTasks they count after completion too. */
	failuresInARow: number;
	nextStartAt: number;
	saidBlocked: boolean;
	/** ECS could assume the roles of its tasks; asked before the first start. */
	roles: 'unknown' | 'asking' | 'assumable';
	/** Milliseconds since the epoch, both. */
	readonly createdAt: number;
	updatedAt: number;
}

/** What ListServiceDeployments shows, one for each deployment that was started. */
export interface ServiceDeployment {
	readonly arn: string;
	readonly revisionArn: string;
	readonly sourceRevisions: readonly string[];
	readonly deploymentId: string;
	status: 'IN_PROGRESS' | 'SUCCESSFUL' | 'STOPPED' | 'ROLLBACK_IN_PROGRESS' | 'ROLLBACK_SUCCESSFUL' | 'ROLLBACK_FAILED';
	statusReason: string | undefined;
	readonly createdAt: number;
	updatedAt: number;
	finishedAt: number | undefined;
	breaker: { status: 'MONITORING' | 'TRIGGERED' | 'MONITORING_COMPLETE' | 'DISABLED'; failureCount: number; threshold: number };
	rollback: { readonly reason: string; readonly startedAt: number; readonly revisionArn: string; readonly deploymentId: string } | undefined;
}

export interface ServiceRevision {
	readonly arn: string;
	readonly deploymentId: string;
	readonly spec: DeploymentSpec;
	readonly createdAt: number;
}

interface ServiceEvent {
	readonly id: string;
	readonly createdAt: number;
	readonly message: string;
}

export interface Service {
	readonly arn: string;
	readonly name: string;
	readonly cluster: Cluster;
	readonly createdAt: number;
	readonly createdBy: string;
	/** The request that made it, to recognise a repeated one. */
	readonly createRequest: string;
	readonly launchType: LaunchType;
	readonly schedulingStrategy: 'REPLICA';
	status: 'ACTIVE' | 'DRAINING' | 'INACTIVE';
	desiredCount: number;
	capacityProviders: CapacityProviderStrategy;
	configuration: DeploymentConfiguration & { maximumPercent: number; minimumHealthyPercent: number };
	gracePeriodSeconds: number;
	managedTags: boolean;
	propagateTags: PropagateTags;
	enableExecuteCommand: boolean;
	rebalancing: 'ENABLED' | 'DISABLED';
	placementConstraints: unknown[];
	placementStrategy: unknown[];
	tags: Tag[];
	/** The first is the PRIMARY; older ones stay until it is completed. */
	deployments: Deployment[];
	/** Newest first, at most 100. */
	events: ServiceEvent[];
	/** Newest first. */
	readonly history: ServiceDeployment[];
	readonly revisions: Map<string, ServiceRevision>;
	steady: boolean;
	/** Cancels the timer of its next look. */
	cancelWake: (() => void) | undefined;
}

export function primaryOf(service: Service): Deployment {
	const [primary] = service.deployments;
	if (primary === undefined) throw new Error(`service ${service.name} has no deployment`);
	return primary;
}
