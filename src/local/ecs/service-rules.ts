import type { EcsDependencies } from './dependencies.ts';
import { invalidParameter } from './errors.ts';
import type { DeploymentConfiguration, LoadBalancer } from './shapes.ts';
import type { Service } from './service.ts';
import type { TaskDefinition } from './state.ts';

type Percentages = Service['configuration'];

/** The configuration with AWS's defaults: 100/200, circuit breaker off. */
export function configurationOf(given: DeploymentConfiguration | undefined, present?: Percentages): Percentages {
	const merged = {
		deploymentCircuitBreaker: { enable: false, rollback: false },
		maximumPercent: 200,
		minimumHealthyPercent: 100,
		strategy: 'ROLLING' as const,
		bakeTimeInMinutes: 0,
		...present,
		...Object.fromEntries(Object.entries(given ?? {}).filter(([, value]) => value !== undefined)),
	};
	checkPercentages(merged);
	return merged;
}

function checkPercentages({ maximumPercent, minimumHealthyPercent, strategy }: Percentages): void {
	if (minimumHealthyPercent < 0 || maximumPercent < 0) throw invalidParameter('Percentages of the deployment configuration must not be negative.');
	if (minimumHealthyPercent > 100) throw invalidParameter('minimumHealthyPercent must be at most 100');
	if (maximumPercent < 100 && maximumPercent <= minimumHealthyPercent) throw invalidParameter('maximumPercent must be greater than minimumHealthyPercent.');
	if (maximumPercent === 100 && minimumHealthyPercent === 100) throw invalidParameter('Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments');
	if (strategy !== undefined && strategy !== 'ROLLING') throw invalidParameter(`The deployment strategy ${strategy} is not available on this endpoint: use ROLLING.`);
}

/** Zone rebalancing starts before it stops, so it needs room above 100 percent; ENABLED is the default of CreateService. */
export function checkRebalancing(rebalancing: Service['rebalancing'], { maximumPercent }: Percentages, verb: 'created' | 'updated'): void {
	if (rebalancing === 'DISABLED' || maximumPercent > 100) return;
	throw invalidParameter(`The service couldn't be ${verb} because Availability Zone Rebalancing does not support maximumPercent <= 100 % as deployment configuration.`);
}

export function checkExecuteCommand(enabled: boolean, { definition }: TaskDefinition, verb: 'created' | 'updated'): void {
	if (!enabled || definition.taskRoleArn !== undefined) return;
	throw invalidParameter(`The service couldn't be ${verb} because a valid taskRoleArn is not being used. Specify a valid task role in your task definition and try again.`);
}

export function checkLoadBalancers(loadBalancers: readonly LoadBalancer[], { definition }: TaskDefinition, balancing: EcsDependencies['balancing']): void {
	for (const { containerName, containerPort, targetGroupArn = '' } of loadBalancers) {
		const container = definition.containerDefinitions.find(({ name }) => name === containerName);
		if (container === undefined) throw invalidParameter(`The container ${containerName ?? 'null'} does not exist in the task definition`);
		if (!container.portMappings.some((mapping) => mapping.containerPort === containerPort))
			throw invalidParameter(`The container ${containerName ?? ''} did not have a container port ${containerPort ?? 'null'} defined`);
		const associated = balancing?.isAssociated(targetGroupArn);
		if (balancing && associated === undefined) throw invalidParameter('The specified target group does not exist. Please specify a valid target group and try again.');
		if (associated === false) throw invalidParameter(`The target group with targetGroupArn ${targetGroupArn} does not have an associated load balancer.`);
	}
}

export function checkDesiredCount(desiredCount: number | undefined): number {
	if (desiredCount === undefined) throw invalidParameter('Desired count must be specified for the REPLICA scheduling strategy.');
	if (desiredCount < 0) throw invalidParameter('Desired count cannot be negative.');
	if (desiredCount > 5000) throw invalidParameter('Desired count must be at most 5000.');
	return desiredCount;
}
