import { breakerThreshold, healthyAfterSeconds } from './model/failures.ts';
import type { ServiceTaskView, ServiceView } from './model/service.ts';
import { primaryOf, type Service } from './service.ts';
import { healthOf, type Task } from './task.ts';

/** How it looks to clients and to the loop: `undefined` once its containers have ended. */
export function phaseOf(task: Task): ServiceTaskView['phase'] | undefined {
	if (task.lastStatus === 'DEPROVISIONING' || task.lastStatus === 'STOPPED') return undefined;
	if (task.desiredStatus === 'STOPPED') return 'stopping';
	return task.lastStatus === 'RUNNING' ? 'running' : 'pending';
}

/** Towards the minimum of its service. */
export function countsAsHealthy(task: Task, now: number): boolean {
	if (task.lastStatus !== 'RUNNING' || task.desiredStatus !== 'RUNNING') return false;
	if (task.balanced === 'waiting' || task.balanced === 'unhealthy') return false;
	if (isChecked(task)) return healthOf(task) === 'HEALTHY';
	return task.balanced === 'healthy' || now >= healthyAt(task);
}

export const isChecked = (task: Task) => task.containers.some(({ definition }) => definition.essential && definition.healthCheck !== undefined);
/** When a task without a check will count, in ms since the epoch. */
export const healthyAt = (task: Task) => (task.times.startedAt ?? Number.POSITIVE_INFINITY) + healthyAfterSeconds * 1000;

/** Whether checks of its containers or of its load balancer say that it is to be replaced; those of the balancer count after the grace period. */
export function isUnhealthy(task: Task, now: number): boolean {
	return healthOf(task) === 'UNHEALTHY' || (task.balanced === 'unhealthy' && now >= graceEnds(task));
}

/** In ms since the epoch. */
export function graceEnds({ times, request }: Task): number {
	return (times.startedAt ?? Number.POSITIVE_INFINITY) + (request.service?.service.gracePeriodSeconds ?? 0) * 1000;
}

/** What the pure loop looks at. */
export function viewOf(service: Service, tasks: readonly Task[], now: number): ServiceView {
	const [primary, ...older] = service.deployments;
	const { deploymentCircuitBreaker: breaker, maximumPercent, minimumHealthyPercent } = service.configuration;
	return {
		desired: service.desiredCount,
		minimumHealthyPercent,
		maximumPercent,
		breaker: breaker?.enable === true ? { threshold: breakerThreshold(breaker, service.desiredCount), rollback: breaker.rollback } : undefined,
		deployments: [primary ?? primaryOf(service), ...older],
		tasks: tasks.flatMap((task) => taskView(task, now)),
		steady: service.steady,
	};
}

function taskView(task: Task, now: number): ServiceTaskView[] {
	const phase = phaseOf(task);
	const deployment = task.request.service?.deployment.id;
	if (phase === undefined || deployment === undefined) return [];
	return [{ id: task.id, deployment, phase, healthy: countsAsHealthy(task, now), unhealthy: isUnhealthy(task, now) }];
}

