import { newDigits, newUuid } from './arns.ts';
import { breakerThreshold } from './model/failures.ts';
import { type Deployment, type DeploymentSpec, primaryOf, type Service, type ServiceDeployment } from './service.ts';

const keptEvents = 100;

/** Puts a new PRIMARY in front; what was PRIMARY becomes ACTIVE, and if it was unfinished its record ends as STOPPED. */
export function startDeployment(service: Service, spec: DeploymentSpec, now: number): Deployment {
	const deployment = newDeployment(spec, now);
	const sourceRevisions = service.deployments.slice(0, 1).map(({ id }) => revisionArn(service, id));
	for (const record of service.history) if (record.status === 'IN_PROGRESS') finish(record, 'STOPPED', now, 'Service deployment replaced by a newer one.');
	service.deployments.unshift(deployment);
	service.steady = false;
	service.revisions.set(deployment.id, { arn: revisionArn(service, deployment.id), deploymentId: deployment.id, spec, createdAt: now });
	service.history.unshift(newRecord(service, deployment, sourceRevisions));
	return deployment;
}

function newDeployment(spec: DeploymentSpec, now: number): Deployment {
	const id = `ecs-svc/${newDigits(19)}`;
	return {
		id,
		spec,
		rollout: 'IN_PROGRESS',
		reason: `ECS deployment ${id} in progress.`,
		completedOnce: false,
		rollingBack: false,
		failedTasks: 0,
		failuresInARow: 0,
		nextStartAt: 0,
		saidBlocked: false,
		roles: 'unknown',
		createdAt: now,
		updatedAt: now,
	};
}

/** Clients find a deployment's revision by its digits: those of `ecs-svc/N`. */
export function revisionArn(service: Service, deploymentId: string): string {
	return service.arn.replace(':service/', ':service-revision/') + `/${deploymentId.replace('ecs-svc/', '')}`;
}

function newRecord(service: Service, deployment: Deployment, sourceRevisions: readonly string[]): ServiceDeployment {
	const breaker = service.configuration.deploymentCircuitBreaker;
	return {
		arn: service.arn.replace(':service/', ':service-deployment/') + `/${newUuid().replaceAll('-', '').slice(0, 21)}`,
		revisionArn: revisionArn(service, deployment.id),
		sourceRevisions,
		deploymentId: deployment.id,
		status: 'IN_PROGRESS',
		statusReason: undefined,
		createdAt: deployment.createdAt,
		updatedAt: deployment.createdAt,
		finishedAt: undefined,
		breaker: { status: breaker?.enable === true ? 'MONITORING' : 'DISABLED', failureCount: 0, threshold: breakerThreshold(breaker, service.desiredCount) },
		rollback: undefined,
	};
}

/** COMPLETED: older deployments leave the list. */
export function completeDeployment(service: Service, now: number): void {
	const primary = primaryOf(service);
	service.deployments = [primary];
	Object.assign(primary, { rollout: 'COMPLETED', reason: `ECS deployment ${primary.id} completed.`, completedOnce: true, rollingBack: false, failedTasks: 0, updatedAt: now });
	const record = openRecord(service);
	if (record === undefined) return;
	if (record.status === 'ROLLBACK_IN_PROGRESS') return finish(record, 'ROLLBACK_SUCCESSFUL', now, record.statusReason);
	if (record.breaker.status === 'MONITORING') record.breaker.status = 'MONITORING_COMPLETE';
	finish(record, 'SUCCESSFUL', now, undefined);
}

const breakerText = 'ECS deployment circuit breaker';

/** FAILED by the circuit breaker, or by what `why` names; with `rollbackTo` that older deployment becomes PRIMARY again. */
export function failDeployment(service: Service, rollbackTo: string | undefined, now: number, why: { by: string; reason: string } = { by: breakerText, reason: `${breakerText}: tasks failed to start.` }): void {
	const failed = primaryOf(service);
	const { reason } = why;
	Object.assign(failed, { rollout: 'FAILED', reason, updatedAt: now });
	const target = service.deployments.find(({ id }) => id === rollbackTo);
	noteFailure(service, failed, target, reason, now);
	if (target === undefined) return;
	service.deployments = [target, ...service.deployments.filter((each) => each !== target)];
	const rolling = `${why.by}: rolling back to deploymentId ${target.id}.`;
	Object.assign(target, { rollout: 'IN_PROGRESS', reason: rolling, rollingBack: true, failedTasks: 0, failuresInARow: 0, nextStartAt: 0, updatedAt: now });
}

function noteFailure(service: Service, failed: Deployment, target: Deployment | undefined, reason: string, now: number): void {
	const record = openRecord(service);
	if (record === undefined) return;
	if (record.status === 'ROLLBACK_IN_PROGRESS') return finish(record, 'ROLLBACK_FAILED', now, reason);
	if (reason.startsWith(breakerText)) record.breaker = { ...record.breaker, status: 'TRIGGERED', failureCount: failed.failedTasks };
	if (target === undefined) return finish(record, 'STOPPED', now, reason);
	record.rollback = { reason, startedAt: now, revisionArn: revisionArn(service, target.id), deploymentId: target.id };
	Object.assign(record, { status: 'ROLLBACK_IN_PROGRESS', statusReason: reason, updatedAt: now });
}

function openRecord(service: Service): ServiceDeployment | undefined {
	return service.history.find(({ status }) => status === 'IN_PROGRESS' || status === 'ROLLBACK_IN_PROGRESS');
}

function finish(record: ServiceDeployment, status: ServiceDeployment['status'], now: number, statusReason: string | undefined): void {
	Object.assign(record, { status, statusReason, updatedAt: now, finishedAt: now });
}

/** Newest first, prefixed with the service's name as AWS does; no two at the same time, since clients sort by it. */
export function addEvent(service: Service, text: string, now: number): void {
	const createdAt = Math.max(now, (service.events[0]?.createdAt ?? 0) + 1);
	service.events.unshift({ id: newUuid(), createdAt, message: `(service ${service.name}) ${text}` });
	service.events.length = Math.min(service.events.length, keptEvents);
}
