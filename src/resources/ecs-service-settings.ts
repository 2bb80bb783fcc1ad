import type { Deployment, LoadBalancer, Service } from '@aws-sdk/client-ecs';
import { type Network, networkConfiguration, networkText } from './ecs.ts';
import { required } from './support.ts';

export type Props = Network & {
	name: string;
	/** Name of the cluster. */
	cluster: string;
	/** ARN of a revision. */
	taskDefinition: string;
	desiredCount: number;
	/** 100 and 200: the old task runs until the new one is healthy; 0 and 100: it is stopped first. */
	minimumHealthyPercent: number;
	maximumPercent: number;
	/** The target group that its tasks are registered in; null: none. */
	balancer: { targetGroupArn: string; container: string; port: number; /** Seconds for which a new task's checks do not count. */ graceSeconds: number } | null;
	/** When its time is up, ISO 8601: the tag `expiresAt`. Null: never, and no tag. */
	expiresAt: string | null;
};
export type Outputs = {
	name: string;
	arn: string;
	cluster: string;
	taskDefinition: string;
	desiredCount: number;
	network: string;
	/** Minimum and maximum percent, e.g. `100/200`. */
	percent: string;
	/** Id of the newest deployment. */
	deployment: string;
	/** IN_PROGRESS, COMPLETED, FAILED, FAILING: in progress, and its tasks die; or BEGUN, by this very run. */
	rollout: string;
	/** Target groups, containers and ports. */
	balancers: string;
	expiresAt: string | null;
};

/** What CreateService and UpdateService have in common. */
export function settings(props: Props) {
	return {
		cluster: props.cluster,
		taskDefinition: props.taskDefinition,
		desiredCount: props.desiredCount,
		networkConfiguration: networkConfiguration(props),
		deploymentConfiguration: {
			minimumHealthyPercent: props.minimumHealthyPercent,
			maximumPercent: props.maximumPercent,
			deploymentCircuitBreaker: { enable: true, rollback: true },
		},
		// "Availability Zone Rebalancing does not support maximumPercent <= 100 %", and it is on unless refused.
		availabilityZoneRebalancing: props.maximumPercent <= 100 ? ('DISABLED' as const) : ('ENABLED' as const),
		enableExecuteCommand: true,
		enableECSManagedTags: true,
		propagateTags: 'SERVICE' as const,
	};
}

export function outputsOf(service: Service, cluster: string): Outputs {
	const newest = service.deployments?.find(({ status }) => status === 'PRIMARY');
	return {
		name: required(service.serviceName),
		arn: required(service.serviceArn),
		cluster,
		taskDefinition: required(service.taskDefinition),
		desiredCount: required(service.desiredCount),
		network: networkText(service.networkConfiguration),
		percent: percentOf(service.deploymentConfiguration ?? {}),
		deployment: newest?.id ?? '',
		rollout: rolloutOf(newest),
		balancers: balancersText(service.loadBalancers),
		expiresAt: service.tags?.find(({ key }) => key === 'expiresAt')?.value ?? null,
	};
}

function rolloutOf({ rolloutState = 'COMPLETED', failedTasks = 0 }: Deployment = {}): string {
	return rolloutState === 'IN_PROGRESS' && failedTasks > 0 ? 'FAILING' : rolloutState;
}

/** What CreateService takes; AWS refuses a grace period without a load balancer. */
export function balancing({ balancer }: Pick<Props, 'balancer'>): { loadBalancers?: LoadBalancer[]; healthCheckGracePeriodSeconds?: number } {
	return balancer === null ? {} : { loadBalancers: loadBalancersOf(balancer), healthCheckGracePeriodSeconds: balancer.graceSeconds };
}

/** The same for UpdateService: an empty list takes away what the service has. */
export function rebalancing(props: Pick<Props, 'balancer'>, { balancers }: Outputs) {
	return props.balancer === null && balancers !== balancersText([]) ? { loadBalancers: [] } : balancing(props);
}

function loadBalancersOf(balancer: Props['balancer']): LoadBalancer[] {
	return balancer === null ? [] : [{ targetGroupArn: balancer.targetGroupArn, containerName: balancer.container, containerPort: balancer.port }];
}

export function isBalanced({ balancer }: Pick<Props, 'balancer'>, { balancers }: Outputs): boolean {
	return balancersText(loadBalancersOf(balancer)) === balancers;
}

function balancersText(balancers: readonly LoadBalancer[] = []): string {
	return balancers.map(({ targetGroupArn, containerName, containerPort }) => `${targetGroupArn} ${containerName}:${containerPort}`).join();
}

export function percentOf({ minimumHealthyPercent = 100, maximumPercent = 200 }: { minimumHealthyPercent?: number | undefined; maximumPercent?: number | undefined }): string {
	return `${minimumHealthyPercent}/${maximumPercent}`;
}
