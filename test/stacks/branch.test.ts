import { tmpdir } from 'node:os';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/config.ts';
import type { Stack } from '../../src/engine/stack.ts';
import { branchStack } from '../../src/stacks/branch.ts';
import type { BranchOptions, StackInputs } from '../../src/stacks/inputs.ts';
import { passwords } from '../../src/stacks/login.ts';
import { sharedStack } from '../../src/stacks/shared.ts';
import { propsOf } from './propping.ts';

const { config } = await loadConfig({ env: { AIRFLOW_DEPLOY_ENV: 'login' }, cwd: tmpdir() });
const place = { account: '123456789012', region: 'eu-west-1', partition: 'aws' };

function stackFor(wishes: Partial<BranchOptions> = {}): Stack<never> {
	const branch: BranchOptions = { gitBranch: 'feature/login', mysql: false, ephemeral: false, expiresAt: null, ...wishes };
	const inputs: StackInputs = { config, place, zones: ['eu-west-1a', 'eu-west-1b'], assignPublicIp: true, allowedCidrs: ['203.0.113.7/32'], bundle: { hash: 'b', restart: 'r', files: new Map() }, imageHash: 'i', runningScheduler: undefined, executor: 'local', login: passwords, branch };
	return branchStack(inputs, sharedStack(inputs).shared, branch);
}

type Container = { name: string; essential: boolean; user?: string; dependsOn?: object[]; startTimeout?: number; mountPoints: { sourceVolume: string; readOnly: boolean }[]; secrets: { name: string; valueFrom: string }[]; healthCheck?: object };

function containersOf(stack: Stack<never>): Map<string, Container> {
	const { containerDefinitions } = propsOf(stack, 'task-definition-airflow')['definition'] as { containerDefinitions: Container[] };
	return new Map(containerDefinitions.map((container) => [container.name, container]));
}

describe('a branch is one task', () => {
	const containers = containersOf(stackFor());

	test('the database comes first, then init, then Airflow; only init and dag-sync may end', () => {
		expect([...containers.keys()]).toEqual(['postgres', 'init', 'webserver', 'scheduler', 'dag-sync']);
		expect([...containers.values()].filter(({ essential }) => !essential).map(({ name }) => name)).toEqual(['init', 'dag-sync']);
		expect(containers.get('init')?.dependsOn).toEqual([{ containerName: 'postgres', condition: 'HEALTHY' }]);
		for (const name of ['webserver', 'scheduler', 'dag-sync']) expect(containers.get(name)?.dependsOn).toEqual([{ containerName: 'init', condition: 'SUCCESS' }]);
		// ECS: a dependency on HEALTHY needs a check, and Fargate has no start timeout beyond 120 s.
		expect(containers.get('postgres')?.healthCheck).toBeDefined();
		expect([...containers.values()].every(({ startTimeout }) => startTimeout === undefined)).toBe(true);
	});

	test('the server writes as its own user, to files of its own', () => {
		expect(containers.get('postgres')).toMatchObject({ user: '999:999', mountPoints: [{ sourceVolume: 'postgres', readOnly: false }] });
		expect(propsOf(stackFor(), 'access-point-postgres')).toMatchObject({ uid: 999, gid: 999, permissions: '0700', path: '/login.01234567.postgres' });
		expect(containers.get('webserver')?.mountPoints).toEqual([{ sourceVolume: 'bundle', containerPath: '/opt/airflow/bundle', readOnly: true }]);
	});

	test('Airflow reaches it at localhost', () => {
		expect(propsOf(stackFor(), 'secret-database')).toMatchObject({ value: 'database-and-keys', url: 'postgresql+psycopg2://airflow:{password}@localhost:5432/airflow?sslmode=disable' });
		for (const name of ['init', 'webserver', 'scheduler', 'dag-sync']) {
			expect(containers.get(name)?.secrets).toContainEqual({ name: 'AIRFLOW__DATABASE__SQL_ALCHEMY_CONN', valueFrom: 'secret-database.arn:url::' });
		}
		expect(containers.get('webserver')?.secrets).toContainEqual({ name: 'AIRFLOW__CORE__FERNET_KEY', valueFrom: 'secret-database.arn:fernetKey::' });
		expect(containers.get('postgres')?.secrets).toEqual([{ name: 'POSTGRES_PASSWORD', valueFrom: 'secret-database.arn:password::' }]);
	});

	test('never two at once on one data directory', () => {
		expect(propsOf(stackFor(), 'service-airflow')).toMatchObject({ name: 'airflow-login-airflow', desiredCount: 1, minimumHealthyPercent: 0, maximumPercent: 100 });
	});
});

test('with MySQL: a second database, which init waits for and all of Airflow knows as a connection', () => {
	const stack = stackFor({ mysql: true });
	const containers = containersOf(stack);
	expect(containers.get('init')?.dependsOn).toEqual(['postgres', 'mysql'].map((containerName) => ({ containerName, condition: 'HEALTHY' })));
	expect(containers.get('scheduler')?.secrets).toContainEqual({ name: 'AIRFLOW_CONN_MYSQL_BRANCH', valueFrom: 'secret-mysql.arn:url::' });
	expect(JSON.stringify(propsOf(stack, 'policy-execution'))).toContain('secret-mysql.arn');
	expect(JSON.stringify(propsOf(stack, 'policy-airflow'))).toContain('access-point-mysql.arn');
	expect([...stackFor().nodes.keys()].filter((key) => key.includes('mysql'))).toEqual([]);
});

test('ephemeral: the databases write to the storage of their task', () => {
	const stack = stackFor({ mysql: true, ephemeral: true });
	expect([...stack.nodes.keys()].filter((key) => key.startsWith('access-point'))).toEqual(['access-point']);
	expect(containersOf(stack).get('postgres')?.mountPoints).toEqual([]);
	expect(propsOf(stack, 'task-definition-airflow')['definition']).toMatchObject({ volumes: [{ name: 'bundle' }] });
});

describe('with an hour at which it ends', () => {
	const stack = stackFor({ expiresAt: '2026-12-01T12:00:00Z' });

	test('a schedule stops its service, and a tag says when', () => {
		expect(propsOf(stack, 'schedule')).toEqual({ name: 'airflow-login-expiry', at: '2026-12-01T12:00:00Z', roleArn: 'role-schedule.arn', cluster: 'cluster.name', service: 'airflow-login-airflow' });
		expect(propsOf(stack, 'service-airflow')).toMatchObject({ name: 'airflow-login-airflow', expiresAt: '2026-12-01T12:00:00Z' });
		// What was interrupted before the schedule stood must not stay for ever.
		expect(Object.values(stack.nodes.get('service-airflow')?.needs ?? {}).map(({ key }) => key)).toContain('schedule');
	});

	test('its role can do nothing else, and nobody else can use it', () => {
		const document = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: ['ecs:UpdateService'], Resource: ['arn:aws:ecs:eu-west-1:123456789012:service/cluster.name/airflow-login-airflow'] }] };
		expect(propsOf(stack, 'policy-schedule')['document']).toEqual(document);
		expect(propsOf(stack, 'role-schedule')).toMatchObject({ service: 'scheduler.amazonaws.com', sourceArn: 'arn:aws:scheduler:eu-west-1:123456789012:schedule-group/default' });
	});

	test('without one there is no schedule', () => {
		expect([...stackFor().nodes.keys()].filter((key) => key.includes('schedule'))).toEqual(['log-group-scheduler']);
	});
});

test('its role may use its own part of the bucket and its own groups only', () => {
	const { document } = propsOf(stackFor(), 'policy-airflow') as { document: { Statement: { Action: string[]; Resource: string[]; Condition?: object }[] } };
	const resources = document.Statement.filter(({ Action }) => !Action[0]?.startsWith('ssmmessages:')).flatMap(({ Resource }) => Resource);
	const bucket = 'arn:aws:s3:::airflow-123456789012-eu-west-1';
	expect(resources.toSorted()).toEqual([bucket, `${bucket}/login/*`, `${bucket}/status/login.json`, 'file-system.arn', 'log-group-task.arn:*'].toSorted());
	expect(document.Statement.find(({ Action }) => Action.includes('s3:ListBucket'))?.Condition).toEqual({ StringLikeIfExists: { 's3:prefix': 'login/*' } });
});

test('what it is made from is kept in its anchor', () => {
	expect(propsOf(stackFor({ mysql: true }), 'anchor')['options']).toEqual({ executor: 'local', login: passwords, kind: 'branch', gitBranch: 'feature/login', mysql: true, ephemeral: false, expiresAt: null, allowedCidrs: ['203.0.113.7/32'] });
});
