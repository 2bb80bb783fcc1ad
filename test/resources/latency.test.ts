import { randomUUID } from 'node:crypto';
import { CreateSubnetCommand, CreateVpcCommand, DescribeSubnetsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { DescribeTasksCommand, ECSClient, ListTasksCommand, RunTaskCommand } from '@aws-sdk/client-ecs';
import { afterAll, beforeAll, test } from 'vitest';
import { EcsTaskDefinition } from '../../src/resources/ecs-task-definition.ts';
import { EcsCluster } from '../../src/resources/ecs-cluster.ts';
import { IamRole } from '../../src/resources/iam-role.ts';
import { RunTask } from '../../src/resources/run-task.ts';
import { refusal } from '../local/endpoint.ts';
import { startEndpoint, type TestEndpoint } from './endpoint.ts';
import { contextOf, type Made, makeNeeds, removeAll, sample, world } from './sample.ts';
import { route, securityGroup, subnetA } from './samples-a.ts';

/** An endpoint that knows new roles and ids as late as AWS. */
let endpoint: TestEndpoint;
beforeAll(async () => void (endpoint = await startEndpoint({ latency: 'aws' })), 60_000);
afterAll(() => endpoint.close());

test.concurrent('ids are unknown for a moment: kinds wait for them', async ({ expect }) => {
	const aws = await endpoint.clients();
	const { Vpc } = await aws.client(EC2Client).send(new CreateVpcCommand({ CidrBlock: '10.7.0.0/16' }));
	expect(await refusal(aws.client(EC2Client).send(new CreateSubnetCommand({ VpcId: Vpc?.VpcId, CidrBlock: '10.7.0.0/24' })))).toBe(`InvalidVpcID.NotFound: The vpc ID '${Vpc?.VpcId}' does not exist`);
	const made: Made = [];
	const here = world(aws);
	await makeNeeds(here, { ...route, needs: { route, subnetA, securityGroup } }, made);
	expect(here.notes).toContain('waiting until EC2 knows what was just created');
	await removeAll(made);
}, 60_000);

test.concurrent('a role is refused for some seconds: the task is run again', async ({ expect }) => {
	const aws = await endpoint.clients({ region: 'us-east-1' });
	const here = world(aws);
	const made: Made = [];
	const cluster = sample(EcsCluster, 'cluster', {}, () => ({ name: 'airflow-shared' }));
	const role = sample(IamRole, 'role', {}, () => ({ name: 'airflow-new', service: 'ecs-tasks.amazonaws.com', sourceArn: `arn:aws:ecs:us-east-1:${aws.account}:*`, path: '/', permissionsBoundary: null }));
	const { Subnets: [subnet] = [] } = await aws.client(EC2Client).send(new DescribeSubnetsCommand({ Filters: [{ Name: 'default-for-az', Values: ['true'] }] }));
	const needs = (await makeNeeds(here, sample(EcsCluster, 'all', { cluster, role }, () => ({ name: 'none' })), made)) as Record<'role', Record<string, string>>;
	const roleArn = needs.role['arn'] ?? '';
	const definition = { family: 'airflow-new', requiresCompatibilities: ['FARGATE'], networkMode: 'awsvpc', cpu: '256', memory: '512', executionRoleArn: roleArn, taskRoleArn: roleArn, containerDefinitions: [{ name: 'a', image: 'example.com/unknown:1' }] };
	const { arn } = await EcsTaskDefinition.create(contextOf(here, 'task-definition'), { cluster: 'airflow-shared', definition });
	const place = { cluster: 'airflow-shared', subnets: [subnet?.SubnetId ?? ''], securityGroups: [], assignPublicIp: true };
	const networkConfiguration = { awsvpcConfiguration: { subnets: place.subnets } };
	const now = aws.client(ECSClient).send(new RunTaskCommand({ cluster: 'airflow-shared', taskDefinition: arn, launchType: 'FARGATE', networkConfiguration, clientToken: randomUUID() }));
	expect(await refusal(now)).toMatch(/ECS was unable to assume the role/);
	// It gets as far as pulling an image that does not exist; how it is taken away again is of no interest here, and takes AWS's time.
	const enough = new AbortController();
	const ctx = contextOf(here, 'init');
	const note = (message: string): void => {
		ctx.note(message);
		if (/^task \S+ is DEPROVISIONING$/.test(message)) enough.abort();
	};
	await expect(RunTask.run({ ...ctx, signal: enough.signal, note }, { ...place, taskDefinition: arn, container: 'a', inputs: {} }, undefined)).rejects.toMatchObject({ name: 'AbortError' });
	expect(here.notes).toContainEqual(expect.stringContaining('ECS cannot start the task yet: '));
	const ecs = aws.client(ECSClient);
	const { taskArns } = await ecs.send(new ListTasksCommand({ cluster: 'airflow-shared', desiredStatus: 'STOPPED' }));
	expect((await ecs.send(new DescribeTasksCommand({ cluster: 'airflow-shared', tasks: taskArns }))).tasks).toMatchObject([{ taskDefinitionArn: arn, stoppedReason: expect.stringContaining('CannotPullContainerError') as string }]);
}, 60_000);
