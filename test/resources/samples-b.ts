import type { JsonObject } from '../../src/engine/resource.ts';
import { DatabaseUrl } from '../../src/resources/database-url.ts';
import { DbInstance } from '../../src/resources/db-instance.ts';
import { DbSubnetGroup } from '../../src/resources/db-subnet-group.ts';
import { EcrRepository } from '../../src/resources/ecr-repository.ts';
import { EcsCluster } from '../../src/resources/ecs-cluster.ts';
import { EcsService } from '../../src/resources/ecs-service.ts';
import { EcsTaskDefinition } from '../../src/resources/ecs-task-definition.ts';
import { IamRolePolicy } from '../../src/resources/iam-role-policy.ts';
import { IamRole } from '../../src/resources/iam-role.ts';
import { LogGroup } from '../../src/resources/log-group.ts';
import { Schedule } from '../../src/resources/schedule.ts';
import { Secret } from '../../src/resources/secret.ts';
import { ServiceLinkedRole } from '../../src/resources/service-linked-role.ts';
import { sample } from './sample.ts';
import { securityGroup, subnetA, subnetB } from './samples-a.ts';

const ecsRole = sample(ServiceLinkedRole, 'role-ecs', {}, () => ({ service: 'ecs.amazonaws.com' as const }));
const rdsRole = sample(ServiceLinkedRole, 'role-rds', {}, () => ({ service: 'rds.amazonaws.com' as const }));

const role = sample(
	IamRole,
	'role',
	{},
	(_needs, { partition, region, account }) => ({ name: `airflow-test-task-${region}`, service: 'ecs-tasks.amazonaws.com', sourceArn: `arn:${partition}:ecs:${region}:${account}:*`, path: '/', permissionsBoundary: null }),
	(_needs, { partition, region, account }) => ({
		name: `airflow-test-task-${region}`,
		service: 'ecs-tasks.amazonaws.com',
		sourceArn: `arn:${partition}:ecs:*:${account}:*`,
		path: '/',
		permissionsBoundary: `arn:${partition}:iam::aws:policy/PowerUserAccess`,
	}),
);
const allow = (action: string): JsonObject => ({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: action, Resource: '*' }] });
const rolePolicy = sample(
	IamRolePolicy,
	'role-policy',
	{ role },
	({ role }) => ({ role: role.name, name: 'task', document: allow('s3:GetObject') }),
	({ role }) => ({ role: role.name, name: 'task', document: allow('s3:PutObject') }),
);

const secret = sample(Secret, 'secret-database', {}, () => ({ name: 'airflow-test-database', description: 'of a test', value: 'database' as const }));
const subnetGroup = sample(
	DbSubnetGroup,
	'database-subnets',
	{ rdsRole, subnetA, subnetB },
	({ subnetA, subnetB }) => ({ name: 'airflow-test-database', description: 'of a test', subnetIds: [subnetB.subnetId, subnetA.subnetId] }),
);
const instanceProps = {
	identifier: 'airflow-test-database',
	database: 'airflow',
	username: 'airflow',
	instanceClass: 'db.t4g.micro',
	storageGb: 20,
	engineVersion: '15',
	deletionProtection: false,
	finalSnapshot: false,
	backupRetentionDays: 1,
};
const instance = sample(
	DbInstance,
	'database',
	{ secret, subnetGroup, securityGroup },
	({ secret, subnetGroup, securityGroup }) => ({ ...instanceProps, passwordSecretArn: secret.arn, subnetGroup: subnetGroup.name, securityGroupIds: [securityGroup.groupId] }),
);
const urlProps = { scheme: 'postgresql+psycopg2', query: 'sslmode=require', port: 5432, username: 'airflow', database: 'airflow' };
const url = sample(
	DatabaseUrl,
	'database-url',
	{ secret },
	({ secret }) => ({ ...urlProps, secretArn: secret.arn, address: 'first.example' }),
	({ secret }) => ({ ...urlProps, secretArn: secret.arn, address: 'second.example' }),
);

const logGroup = sample(
	LogGroup,
	'log-webserver',
	{},
	() => ({ name: '/airflow-deploy/airflow/test/webserver', retentionDays: 14 }),
	() => ({ name: '/airflow-deploy/airflow/test/webserver', retentionDays: 30 }),
);
const repository = sample(EcrRepository, 'repository', {}, () => ({ name: 'airflow-test' }));
const cluster = sample(EcsCluster, 'cluster', { ecsRole }, () => ({ name: 'airflow-test' }));
const definition = sample(EcsTaskDefinition, 'task-definition', { cluster, role }, ({ cluster, role }) => ({
	cluster: cluster.name,
	definition: { taskRoleArn: role.arn, family: 'airflow-test-web', networkMode: 'awsvpc', requiresCompatibilities: ['FARGATE'], cpu: '256', memory: '512', containerDefinitions: [{ name: 'web', image: 'public.ecr.aws/docker/library/busybox' }] },
}));
/** Without tasks: what a container does is no part of the contract. */
const service = sample(EcsService, 'service', { cluster, definition, subnetA, securityGroup }, ({ cluster, definition, subnetA, securityGroup }) => ({
	name: 'airflow-test-web',
	cluster: cluster.name,
	taskDefinition: definition.arn,
	desiredCount: 0,
	minimumHealthyPercent: 0,
	maximumPercent: 100,
	expiresAt: null, balancer: null,
	subnets: [subnetA.subnetId],
	securityGroups: [securityGroup.groupId],
	assignPublicIp: true,
}));

const scheduleRole = sample(IamRole, 'role-schedule', {}, (_needs, { partition, region, account }) => ({
	name: `airflow-test-schedule-${region}`,
	service: 'scheduler.amazonaws.com',
	sourceArn: `arn:${partition}:scheduler:${region}:${account}:schedule-group/default`,
	path: '/',
	permissionsBoundary: null,
}));
const stop = { name: 'airflow-test-expiry', cluster: 'airflow-test', service: 'airflow-test-web' };
const schedule = sample(
	Schedule,
	'schedule',
	{ scheduleRole },
	({ scheduleRole }) => ({ ...stop, roleArn: scheduleRole.arn, at: '2099-01-01T00:00:00Z' }),
	({ scheduleRole }) => ({ ...stop, roleArn: scheduleRole.arn, at: '2099-02-01T00:00:00Z' }),
);

export const samples = [schedule, ecsRole, rdsRole, role, rolePolicy, secret, subnetGroup, instance, url, logGroup, repository, cluster, definition, service];
