import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Aws } from '../../../src/aws/clients.ts';
import type { JsonObject } from '../../../src/engine/resource.ts';
import { EcsCluster } from '../../../src/resources/ecs-cluster.ts';
import { EcsTaskDefinition } from '../../../src/resources/ecs-task-definition.ts';
import { AccessPoint } from '../../../src/resources/efs-access-point.ts';
import { IamRole } from '../../../src/resources/iam-role.ts';
import { LogGroup } from '../../../src/resources/log-group.ts';
import { RunTask } from '../../../src/resources/run-task.ts';
import { mysqlServer } from '../../mysql-server.ts';
import { startEndpoint, type TestEndpoint } from '../../resources/endpoint.ts';
import { contextOf, type Made, makeNeeds, removeAll, sample, world, type World } from '../../resources/sample.ts';
import { fileSystem, mountTarget, securityGroup, subnetA } from '../../resources/samples-a.ts';

const cluster = sample(EcsCluster, 'cluster', {}, () => ({ name: 'airflow-shared' }));
const role = sample(IamRole, 'role', {}, (_needs, { region, account }) => ({ name: 'airflow-test-task', service: 'ecs-tasks.amazonaws.com', sourceArn: `arn:aws:ecs:${region}:${account}:*`, path: '/', permissionsBoundary: null }));
const group = sample(LogGroup, 'log', {}, () => ({ name: '/airflow-deploy/airflow/test/postgres', retentionDays: 14 }));
const accessPoint = (name: string) => sample(AccessPoint, `access-point-${name}`, { fileSystem }, ({ fileSystem }) => ({ fileSystemId: fileSystem.fileSystemId, path: `/branch/${name}`, uid: 999, gid: 999, permissions: '0700' }));
const [postgresData, mysqlData] = [accessPoint('postgres'), accessPoint('mysql')];
const everything = sample(EcsCluster, 'all', { cluster, role, group, fileSystem, mountTarget, postgresData, mysqlData, subnetA, securityGroup }, () => ({ name: 'never-made' }));
type Needs = Record<keyof (typeof everything)['needs'], Record<string, string>>;

const hasMysql = (await mysqlServer()) !== undefined;

let endpoint: TestEndpoint;
let aws: Aws;
let here: World;
let needs: Needs;
const made: Made = [];

beforeAll(async () => {
	endpoint = await startEndpoint();
	aws = await endpoint.clients({ region: 'us-east-1' });
	here = world(aws);
	needs = (await makeNeeds(here, everything, made)) as Needs;
});
afterAll(async () => {
	await removeAll(made);
	await endpoint.close();
});

test(`a client starts when its databases are healthy and reaches them as localhost; the next task finds their data (${hasMysql ? 'with' : 'no'} MySQL)`, async () => {
	const taskDefinition = await register();
	const place = { cluster: 'airflow-shared', subnets: [needs['subnetA']?.['subnetId'] ?? ''], securityGroups: [needs['securityGroup']?.['groupId'] ?? ''], assignPublicIp: true };
	for (const run of ['first', 'second']) {
		expect(await RunTask.run(contextOf(here, run), { ...place, taskDefinition, container: 'client', inputs: {} }, undefined)).toMatchObject({ exitCode: 0 });
	}
	const lines = await logged();
	expect(lines.filter((line) => line.includes('PostgreSQL init process complete'))).toHaveLength(1);
	expect(lines.filter((line) => line.includes('appears to contain a database'))).toHaveLength(1);
	expect(lines.filter((line) => line.includes('database system is shut down'))).toHaveLength(2);
}, 120_000);

async function register(): Promise<string> {
	const roleArn = needs['role']?.['arn'] ?? '';
	const databases = hasMysql ? [postgres(), mysql()] : [postgres()];
	const reach = ['pg_isready -h "$POSTGRES_HOST" -U airflow', ...(hasMysql ? ['head -c 1 < "/dev/tcp/$MYSQL_HOST/3306" > /dev/null'] : [])];
	const client = {
		name: 'client',
		image: 'public.ecr.aws/docker/library/postgres:15',
		command: ['bash', '-ec', reach.join('\n')],
		environment: [{ name: 'POSTGRES_HOST', value: 'localhost' }, { name: 'MYSQL_HOST', value: 'localhost' }],
		dependsOn: databases.map(({ name }) => ({ containerName: name, condition: 'HEALTHY' })),
		logConfiguration: logs(),
	};
	const definition = {
		family: 'airflow-test-databases',
		networkMode: 'awsvpc',
		requiresCompatibilities: ['FARGATE'],
		cpu: '256',
		memory: '512',
		executionRoleArn: roleArn,
		taskRoleArn: roleArn,
		containerDefinitions: [...databases, client],
		volumes: [volume('postgres', needs['postgresData']), volume('mysql', needs['mysqlData'])],
	};
	const ctx = contextOf(here, 'task-definition');
	const outputs = await EcsTaskDefinition.create(ctx, { cluster: 'airflow-shared', definition });
	made.push({ sample: { kind: EcsTaskDefinition, key: 'definition' } as never, ctx, outputs });
	return outputs.arn;
}

const volume = (name: string, point: Record<string, string> = {}): JsonObject => ({
	name,
	efsVolumeConfiguration: { fileSystemId: point['fileSystemId'] ?? '', transitEncryption: 'ENABLED', authorizationConfig: { accessPointId: point['accessPointId'] ?? '', iam: 'DISABLED' } },
});

const postgres = () => ({
	name: 'postgres',
	image: 'public.ecr.aws/docker/library/postgres:15',
	user: '999:999',
	environment: [{ name: 'POSTGRES_USER', value: 'airflow' }, { name: 'POSTGRES_PASSWORD', value: 'secret' }, { name: 'PGDATA', value: '/var/lib/postgresql/data/pgdata' }],
	mountPoints: [{ sourceVolume: 'postgres', containerPath: '/var/lib/postgresql/data' }],
	healthCheck: { command: ['CMD-SHELL', 'pg_isready -h localhost -U airflow'], interval: 5, timeout: 5, retries: 10 },
	logConfiguration: logs(),
});

const mysql = () => ({
	name: 'mysql',
	image: 'public.ecr.aws/docker/library/mysql:8.0',
	user: '999:999',
	command: ['mysqld', '--datadir=/var/lib/mysql/data'],
	environment: [{ name: 'MYSQL_ROOT_PASSWORD', value: 'secret' }],
	mountPoints: [{ sourceVolume: 'mysql', containerPath: '/var/lib/mysql' }],
	healthCheck: { command: ['CMD-SHELL', 'mysqladmin ping -h localhost'], interval: 5, timeout: 5, retries: 10 },
	logConfiguration: logs(),
});

function logs() {
	return { logDriver: 'awslogs', options: { 'awslogs-group': needs['group']?.['name'] ?? '', 'awslogs-region': 'us-east-1', 'awslogs-stream-prefix': 'ecs' } };
}

async function logged(): Promise<string[]> {
	const { events = [] } = await aws.client(CloudWatchLogsClient).send(new FilterLogEventsCommand({ logGroupName: needs['group']?.['name'] }));
	return events.map(({ message = '' }) => message);
}
