import { addEvent } from './deployments.ts';
import { startDelay } from './model/failures.ts';
import type { Deployment, Service } from './service.ts';
import { countsAsHealthy } from './service-tasks.ts';
import { healthOf, type Task } from './task.ts';

/** The stoppedReasons of tasks that their service stopped for their checks. */
const failedChecks = 'Task failed container health checks';
const failedBalancerChecks = 'Task failed ELB health checks in';

/** The stoppedReason of a task that its service stops for its checks. */
export function failedChecksOf(task: Task): string {
	if (healthOf(task) === 'UNHEALTHY') return failedChecks;
	const groups = task.request.service?.deployment.spec.loadBalancers.map(({ targetGroupArn }) => `(target-group ${targetGroupArn})`) ?? [];
	return `${failedBalancerChecks} ${groups.join(', ')}`;
}

/** Takes note, once each, that a task became healthy and that it ended. */
export function noteTask(service: Service, task: Task, now: number): void {
	const deployment = task.request.service?.deployment;
	if (deployment === undefined) return;
	if (!task.noted.healthy && countsAsHealthy(task, now)) noteHealthy(service, task, deployment);
	if (task.desiredStatus === 'STOPPED' && !task.noted.ended) noteEnd(service, task, deployment, now);
}

function noteHealthy(service: Service, task: Task, deployment: Deployment): void {
	task.noted.healthy = true;
	Object.assign(deployment, { failuresInARow: 0, nextStartAt: 0 });
	if (service.configuration.deploymentCircuitBreaker?.resetOnHealthyTask !== false) deployment.failedTasks = 0;
}

/**
 * A task failed if it ended by itself before it ever counted as healthy, or was stopped for its checks. One that its
 * service or a user stopped did not. (A crash right after RUNNING trips the circuit breaker on AWS too.)
 */
function noteEnd(service: Service, task: Task, deployment: Deployment, now: number): void {
	task.noted.ended = true;
	service.steady = false;
	const byItself = task.stopCode === 'EssentialContainerExited' || task.stopCode === 'TaskFailedToStart';
	const failed = byItself ? !task.noted.healthy : [failedChecks, failedBalancerChecks].some((words) => task.stoppedReason?.startsWith(words));
	if (failed) noteFailure(service, deployment, now, startDelay(deployment.failuresInARow + 1));
}

/** @param delay before the next start, in ms */
export function noteFailure(service: Service, deployment: Deployment, now: number, delay: number): void {
	deployment.failuresInARow += 1;
	if (deployment.rollout === 'IN_PROGRESS') deployment.failedTasks += 1;
	deployment.nextStartAt = now + delay;
	if (deployment.failuresInARow === 3) addEvent(service, 'is unable to consistently start tasks successfully.', now);
}
