import { tmpdir } from 'node:os';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/config.ts';
import type { Stack } from '../../src/engine/stack.ts';
import { environmentStack } from '../../src/stacks/environment.ts';
import type { Executor, StackInputs } from '../../src/stacks/inputs.ts';
import { passwords } from '../../src/stacks/login.ts';
import { sharedStack } from '../../src/stacks/shared.ts';
import { propsOf } from './propping.ts';

const place = { account: '123456789012', region: 'eu-west-1', partition: 'aws' };

async function stackFor(executor: Executor, more: Partial<StackInputs> = {}, settings: Record<string, string> = {}): Promise<Pick<Stack<never>, 'nodes'>> {
	const { config } = await loadConfig({ env: settings, cwd: tmpdir() });
	const inputs: StackInputs = { config, place, zones: ['eu-west-1a', 'eu-west-1b'], assignPublicIp: true, allowedCidrs: ['203.0.113.7/32'], bundle: { hash: 'b', restart: 'r', files: new Map() }, imageHash: 'i', runningScheduler: undefined, executor, login: passwords, branch: undefined, ...more };
	return environmentStack(inputs, sharedStack(inputs).shared);
}

type Container = { name: string; essential: boolean; stopTimeout?: number; healthCheck?: object; environment: { name: string; value: string }[]; secrets: { name: string; valueFrom: string }[]; mountPoints: object[]; logConfiguration: { options: Record<string, string> } };
type Definition = { family: string; cpu: string; memory: string; taskRoleArn: string; executionRoleArn: string; containerDefinitions: Container[] };

function definitionOf(stack: Pick<Stack<never>, 'nodes'>, key: string): Definition {
	return propsOf(stack, `task-definition-${key}`)['definition'] as unknown as Definition;
}

function environmentOf(definition: Definition, name: string): Record<string, string> {
	const container = definition.containerDefinitions.find((container) => container.name === name);
	return Object.fromEntries(container?.environment.map(({ name, value }) => [name, value]) ?? []);
}

const added = ['log-group-worker', 'policy-start-workers', 'policy-worker', 'policy-worker-exec', 'role-worker', 'role-worker-exec', 'task-definition-worker', 'workers'];
const branch = { gitBranch: 'x', mysql: false, ephemeral: false, expiresAt: null };

test('the ECS executor adds the worker and takes nothing away', async () => {
	const keys = async (executor: Executor): Promise<string[]> => [...(await stackFor(executor)).nodes.keys()];
	expect((await keys('ecs')).filter((key) => added.includes(key)).toSorted()).toEqual(added);
	expect((await keys('ecs')).filter((key) => !added.includes(key))).toEqual(await keys('local'));
});

test('a change of the executor does not repeat init', async () => {
	const init = async (executor: Executor) => definitionOf(await stackFor(executor), 'init');
	expect(await init('ecs')).toEqual(await init('local'));
});

describe('the worker', async () => {
	const stack = await stackFor('ecs', {}, { AIRFLOW_DEPLOY_WORKER_CPU: '512', AIRFLOW_DEPLOY_WORKER_MEMORY: '1024' });
	const definition = definitionOf(stack, 'worker');
	const [container] = definition.containerDefinitions;

	test('has roles of its own, the sizes that are configured, and the time to stop that Fargate has', () => {
		expect(definition).toMatchObject({ family: 'airflow-main-worker', cpu: '512', memory: '1024', taskRoleArn: 'role-worker.arn', executionRoleArn: 'role-worker-exec.arn' });
		expect(container).toMatchObject({ name: 'worker', essential: true, stopTimeout: 120, mountPoints: [{ sourceVolume: 'bundle', readOnly: true }], logConfiguration: { options: { 'awslogs-group': 'log-group-worker.name', 'awslogs-stream-prefix': 'worker' } } });
		expect(container).not.toHaveProperty('healthCheck');
	});

	test('knows what the scheduler knows, but where workers are started', () => {
		const scheduler = environmentOf(definitionOf(stack, 'scheduler'), 'scheduler');
		const own = Object.fromEntries(Object.entries(scheduler).filter(([name]) => !/^AIRFLOW__AWS_ECS_EXECUTOR__|^AIRFLOW_DEPLOY_(WORKER|DATABASE)_/.test(name)));
		expect(environmentOf(definition, 'worker')).toEqual(own);
		expect(own).toMatchObject({ AIRFLOW__CORE__EXECUTOR: 'airflow_deploy.ecs_executor.EcsExecutor', AIRFLOW__CORE__PARALLELISM: '16', AIRFLOW_DEPLOY_RESTART_HASH: 'r' });
	});

	test('gets the secrets that it needs, and its execution role reads no other', () => {
		expect(container?.secrets.map(({ name }) => name).toSorted()).toEqual(['AIRFLOW__CORE__FERNET_KEY', 'AIRFLOW__DATABASE__SQL_ALCHEMY_CONN', 'AIRFLOW__WEBSERVER__SECRET_KEY']);
		const { document } = propsOf(stack, 'policy-worker-exec') as { document: { Statement: { Action: string[]; Resource: string[] }[] } };
		expect(document.Statement.find(({ Action }) => Action.includes('secretsmanager:GetSecretValue'))?.Resource.toSorted()).toEqual(['secret-database.arn', 'secret-fernet-key.arn', 'secret-webserver-secret-key.arn']);
	});

	test('may read the bundle and write task logs', () => {
		const { document } = propsOf(stack, 'policy-worker') as { document: { Statement: { Action: string[]; Resource: string[] }[] } };
		expect(document.Statement.map(({ Action, Resource }) => [...Action, ...Resource])).toEqual([
			['elasticfilesystem:ClientMount', 'file-system.arn'],
			['logs:CreateLogStream', 'logs:PutLogEvents', 'log-group-task.arn:*'],
		]);
	});
});

describe('the scheduler', async () => {
	const stack = await stackFor('ecs');

	test('is told every key of the executor', () => {
		const told = Object.entries(environmentOf(definitionOf(stack, 'scheduler'), 'scheduler')).filter(([name]) => name.startsWith('AIRFLOW__AWS_ECS_EXECUTOR__'));
		expect(Object.fromEntries(told.map(([name, value]) => [name.slice('AIRFLOW__AWS_ECS_EXECUTOR__'.length), value]))).toEqual({
			ASSIGN_PUBLIC_IP: 'True',
			CHECK_HEALTH_ON_STARTUP: 'False',
			CLUSTER: 'cluster.name',
			CONN_ID: '',
			CONTAINER_NAME: 'worker',
			LAUNCH_TYPE: 'FARGATE',
			MAX_RUN_TASK_ATTEMPTS: '12',
			PLATFORM_VERSION: 'LATEST',
			REGION_NAME: 'eu-west-1',
			RUN_TASK_KWARGS: '{}',
			SECURITY_GROUPS: 'security-group-airflow.groupId',
			SUBNETS: 'subnet-a.subnetId,subnet-b.subnetId',
			TASK_DEFINITION: 'task-definition-worker.arn',
		});
	});

	test('may start, see and stop workers, hand on their two roles to ECS, and nothing else', () => {
		const ecs = 'arn:aws:ecs:eu-west-1:123456789012';
		const here = { ArnEquals: { 'ecs:cluster': 'cluster.arn' } };
		expect(propsOf(stack, 'policy-start-workers')).toMatchObject({
			role: 'role-scheduler.name',
			document: {
				Statement: [
					{ Effect: 'Allow', Action: ['ecs:RunTask'], Resource: [`${ecs}:task-definition/airflow-main-worker:*`], Condition: here },
					{ Effect: 'Allow', Action: ['ecs:DescribeTasks', 'ecs:StopTask'], Resource: [`${ecs}:task/cluster.name/*`], Condition: here },
					{ Effect: 'Allow', Action: ['iam:PassRole'], Resource: ['role-worker-exec.arn', 'role-worker.arn'], Condition: { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } } },
				],
			},
		});
	});

	test('goes before its workers do, and they before what they use', () => {
		const needs = (key: string): string[] => Object.values(stack.nodes.get(key)?.needs ?? {}).map((node) => node.key);
		expect(needs('service-scheduler')).toEqual(expect.arrayContaining(['workers', 'policy-start-workers']));
		expect(needs('workers')).toEqual(expect.arrayContaining(['security-group-airflow', 'rule-database', 'rule-efs', 'log-group-task', 'access-point', 'policy-worker', 'policy-worker-exec', 'task-definition-worker', 'database-url', 'cluster', 'subnet-a']));
	});
});

describe('of a branch', async () => {
	const stack = await stackFor('ecs', { branch: { ...branch, mysql: true } }, { AIRFLOW_DEPLOY_ENV: 'x' });

	test('workers have a group of their own, which reaches the databases in the one task', () => {
		expect(propsOf(stack, 'workers')).toMatchObject({ securityGroups: ['security-group-worker.groupId'], scheduler: 'airflow-x-airflow', family: 'airflow-x-worker' });
		expect(propsOf(stack, 'rule-worker-postgres')).toEqual({ groupId: 'security-group-web.groupId', port: 5432, from: { groupId: 'security-group-worker.groupId' } });
		expect(propsOf(stack, 'rule-worker-mysql')).toMatchObject({ groupId: 'security-group-web.groupId', port: 3306 });
		expect(propsOf(stack, 'rule-worker-efs')).toMatchObject({ groupId: 'security-group-efs.groupId', port: 2049 });
	});

	test('the scheduler tells them where: beside itself', () => {
		expect(environmentOf(definitionOf(stack, 'airflow'), 'scheduler')).toMatchObject({ AIRFLOW_DEPLOY_DATABASE_BESIDE_SCHEDULER: 'True' });
		const [worker] = definitionOf(stack, 'worker').containerDefinitions;
		expect(worker?.secrets).toContainEqual({ name: 'AIRFLOW_CONN_MYSQL_BRANCH', valueFrom: 'secret-mysql.arn:url::' });
	});

	test('the branch itself gains the right to start them, and its anchor says how it runs its tasks', () => {
		expect(propsOf(stack, 'policy-start-workers')).toMatchObject({ role: 'role-airflow.name' });
		expect(propsOf(stack, 'anchor')['options']).toMatchObject({ kind: 'branch', executor: 'ecs' });
	});
});
