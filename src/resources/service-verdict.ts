import type { Deployment, Service } from '@aws-sdk/client-ecs';
import { lastPart } from './ecs.ts';

export interface Wanted {
	/** ARN of the revision that was asked for. */
	readonly taskDefinition: string;
	/** Id of the deployment that CreateService or UpdateService started. */
	readonly deployment: string;
}

export type Verdict = { state: 'completed' } | { state: 'waiting'; note: string } | { state: 'failed'; why: string };

/**
 * Where a deployment stands. "Stable" alone proves nothing: a rollback is stable too, and a service can be stable before its
 * rollout is COMPLETED.
 * @param seen whether AWS has shown the deployment before: for seconds after the call it may not
 */
export function judge(service: Service, wanted: Wanted, seen: boolean): Verdict {
	if (service.status !== 'ACTIVE') return { state: 'failed', why: `the service is ${service.status}` };
	const deployments = service.deployments ?? [];
	const primary = deployments.find(({ status }) => status === 'PRIMARY');
	const ours = deploymentOf(service, wanted);
	if (!ours) return seen ? { state: 'failed', why: `ECS went back to ${lastPart(primary?.taskDefinition)}` } : { state: 'waiting', note: 'waiting for ECS to show the deployment' };
	if (ours.rolloutState === 'FAILED') return { state: 'failed', why: ours.rolloutStateReason ?? 'ECS gave the deployment up' };
	if (ours.status !== 'PRIMARY') return { state: 'failed', why: `another deployment took over, of ${lastPart(primary?.taskDefinition)}` };
	const complete = (ours.rolloutState ?? 'COMPLETED') === 'COMPLETED' && deployments.length === 1 && ours.runningCount === service.desiredCount;
	return complete ? { state: 'completed' } : { state: 'waiting', note: progress(service, ours) };
}

/** The deployment that was started, or a later one of the same revision (someone forced it). */
export function deploymentOf(service: Service, { deployment, taskDefinition }: Wanted): Deployment | undefined {
	const found = service.deployments?.find(({ id }) => id === deployment);
	return found ?? service.deployments?.find((other) => other.status === 'PRIMARY' && other.taskDefinition === taskDefinition);
}

function progress({ desiredCount = 0, deployments = [], events = [] }: Service, ours: Deployment): string {
	const draining = deployments.filter(({ id, runningCount = 0 }) => id !== ours.id && runningCount > 0);
	const parts = [
		`${ours.runningCount ?? 0} of ${desiredCount} running`,
		(ours.pendingCount ?? 0) > 0 ? `${ours.pendingCount} starting` : '',
		(ours.failedTasks ?? 0) > 0 ? `${ours.failedTasks} failed` : '',
		...draining.map(({ runningCount, taskDefinition }) => `${runningCount} of ${lastPart(taskDefinition)} still up`),
		latestEvent(events.map(({ message }) => message)),
	];
	return parts.filter(Boolean).join(', ');
}

/** ECS's newest event without the name of the service, which is shown already. */
function latestEvent([message]: (string | undefined)[]): string {
	return message === undefined ? '' : `ECS: ${message.replace(/^\(service [^)]*\) /, '').replace(/\.$/, '')}`;
}

/** How many tasks ECS has told to have started since then. */
export function startsIn({ events = [] }: Service, since: Date | undefined): number {
	const recent = events.filter(({ createdAt }) => since !== undefined && createdAt !== undefined && createdAt >= since);
	return recent.reduce((sum, { message = '' }) => sum + Number(/has started (\d+) tasks/.exec(message)?.[1] ?? 0), 0);
}

/**
 * Events that tell of trouble, newest first, at most five.
 * @param since when the deployment began, by AWS's clock: a service keeps the events of earlier ones
 */
export function troubleIn({ events = [] }: Service, since: Date | undefined): string[] {
	const recent = events.filter(({ createdAt }) => since === undefined || createdAt === undefined || createdAt >= since);
	const trouble = recent.map(({ message = '' }) => message).filter((message) => /fail|unhealthy|error|throttl|unable|missing|rolling back|blocked|limit/i.test(message));
	return trouble.slice(0, 5);
}
