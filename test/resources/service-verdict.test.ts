import type { Deployment, Service } from '@aws-sdk/client-ecs';
import { describe, expect, test } from 'vitest';
import { judge, troubleIn } from '../../src/resources/service-verdict.ts';

const revision = (number: number): string => `arn:aws:ecs:us-east-1:000000000000:task-definition/airflow-main-webserver:${number}`;
const wanted = { taskDefinition: revision(4), deployment: 'ecs-svc/4' };
const deployment = (number: number, more: Deployment): Deployment => ({ id: `ecs-svc/${number}`, status: 'PRIMARY', taskDefinition: revision(number), desiredCount: 1, runningCount: 1, pendingCount: 0, failedTasks: 0, ...more });
const service = (...deployments: Deployment[]): Service => ({ status: 'ACTIVE', desiredCount: 1, deployments, events: [{ message: '(service airflow-main-webserver) has started 1 tasks: (task 1234).' }] });

describe('a deployment', () => {
	test('is complete when it is the only one, COMPLETED and running', () => {
		expect(judge(service(deployment(4, { rolloutState: 'COMPLETED' })), wanted, true)).toEqual({ state: 'completed' });
	});
	test('is not complete while the service only looks stable', () => {
		expect(judge(service(deployment(4, { rolloutState: 'IN_PROGRESS' })), wanted, true)).toEqual({ state: 'waiting', note: '1 of 1 running, ECS: has started 1 tasks: (task 1234)' });
	});
	test('is not complete while the old task drains', () => {
		const old = deployment(3, { status: 'ACTIVE', rolloutState: 'COMPLETED' });
		expect(judge(service(deployment(4, { rolloutState: 'COMPLETED' }), old), wanted, true)).toMatchObject({ state: 'waiting', note: expect.stringContaining('1 of airflow-main-webserver:3 still up') });
	});
	test('failed when ECS says so, also while the old revision is PRIMARY again', () => {
		const failed = deployment(4, { status: 'ACTIVE', rolloutState: 'FAILED', rolloutStateReason: 'ECS deployment circuit breaker: tasks failed to start.' });
		expect(judge(service(deployment(3, { rolloutState: 'COMPLETED' }), failed), wanted, true)).toEqual({ state: 'failed', why: 'ECS deployment circuit breaker: tasks failed to start.' });
	});
	test('failed when a rollback looks stable', () => {
		expect(judge(service(deployment(3, { rolloutState: 'COMPLETED' })), wanted, true)).toEqual({ state: 'failed', why: 'ECS went back to airflow-main-webserver:3' });
	});
	test('may not show for seconds after the call', () => {
		expect(judge(service(deployment(3, { rolloutState: 'COMPLETED' })), wanted, false).state).toBe('waiting');
	});
	test('that somebody forced anew is followed', () => {
		expect(judge(service({ ...deployment(4, { rolloutState: 'COMPLETED' }), id: 'ecs-svc/5' }), wanted, true)).toEqual({ state: 'completed' });
	});
	test('failed when another one took over', () => {
		const ours = deployment(4, { status: 'ACTIVE', rolloutState: 'IN_PROGRESS' });
		expect(judge(service(deployment(5, { rolloutState: 'IN_PROGRESS' }), ours), wanted, true)).toEqual({ state: 'failed', why: 'another deployment took over, of airflow-main-webserver:5' });
	});
	test('failed when the service is being deleted', () => {
		expect(judge({ ...service(deployment(4, {})), status: 'DRAINING' }, wanted, true)).toEqual({ state: 'failed', why: 'the service is DRAINING' });
	});
});

test('trouble of earlier deployments is not told again', () => {
	const events = [
		{ createdAt: new Date(3000), message: '(service s) has reached a steady state.' },
		{ createdAt: new Date(2000), message: '(service s) is unable to consistently start tasks successfully.' },
		{ createdAt: new Date(1000), message: '(service s) (deployment ecs-svc/3) deployment failed: tasks failed to start.' },
	];
	expect(troubleIn({ events }, new Date(2000))).toEqual(['(service s) is unable to consistently start tasks successfully.']);
	expect(troubleIn({ events }, undefined)).toHaveLength(2);
});
