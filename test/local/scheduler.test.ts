import { CreateClusterCommand, CreateServiceCommand, DescribeServicesCommand, ECSClient, RegisterTaskDefinitionCommand } from '@aws-sdk/client-ecs';
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { CreateScheduleCommand, type CreateScheduleCommandInput, DeleteScheduleCommand, GetScheduleCommand, SchedulerClient, UpdateScheduleCommand } from '@aws-sdk/client-scheduler';
import { CreateSubnetCommand, CreateVpcCommand, EC2Client } from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually, refusal, startEndpoint, type TestEndpoint } from './endpoint.ts';

let endpoint: TestEndpoint;
let scheduler: SchedulerClient;
let role: string;
beforeAll(async () => {
	endpoint = await startEndpoint();
	scheduler = endpoint.client(SchedulerClient);
	role = await roleFor('stops', {});
});
afterAll(() => endpoint.stop());

const account = '000000000000';
const serviceArn = `arn:aws:ecs:us-east-1:${account}:service/cluster/service`;

/** @param trust in place of what EventBridge Scheduler needs */
async function roleFor(RoleName: string, { principal = 'scheduler.amazonaws.com', condition = { StringEquals: { 'aws:SourceAccount': account }, ArnLike: { 'aws:SourceArn': `arn:aws:scheduler:us-east-1:${account}:schedule-group/default` } }, allows = serviceArn }: { principal?: string; condition?: object; allows?: string }): Promise<string> {
	const iam = endpoint.client(IAMClient);
	const trust = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { Service: principal }, Action: 'sts:AssumeRole', Condition: condition }] };
	const { Role } = await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: JSON.stringify(trust) }));
	const policy = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: ['ecs:UpdateService'], Resource: [allows] }] };
	await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'stop', PolicyDocument: JSON.stringify(policy) }));
	return Role?.Arn ?? '';
}

const inSeconds = (seconds: number): string => `at(${new Date(Date.now() + seconds * 1000).toISOString().slice(0, 19)})`;

function schedule(Name: string, changes: Partial<CreateScheduleCommandInput> = {}, target: object = {}): CreateScheduleCommandInput {
	return {
		Name,
		ScheduleExpression: inSeconds(3600),
		FlexibleTimeWindow: { Mode: 'OFF' },
		ActionAfterCompletion: 'DELETE',
		Target: { Arn: 'arn:aws:scheduler:::aws-sdk:ecs:updateService', RoleArn: role, Input: JSON.stringify({ Cluster: 'cluster', Service: 'service', DesiredCount: 0 }), ...target },
		...changes,
	};
}

describe('what AWS refuses', () => {
	test.each<[string, Partial<CreateScheduleCommandInput>, object, RegExp]>([
		['a time that has passed', { ScheduleExpression: 'at(2026-01-01T00:00:00)' }, {}, /^ValidationException: Invalid Schedule Expression at\(2026-01-01T00:00:00\)/],
		['a day that is none', { ScheduleExpression: 'at(2099-02-30T00:00:00)' }, {}, /^ValidationException: Invalid Schedule Expression/],
		['an offset in the time', { ScheduleExpression: 'at(2099-01-01T00:00:00Z)' }, {}, /^ValidationException: Invalid Schedule Expression/],
		['no expression', { ScheduleExpression: 'tomorrow' }, {}, /^ValidationException: Invalid Schedule Expression tomorrow\./],
		['a window with OFF', { FlexibleTimeWindow: { Mode: 'OFF', MaximumWindowInMinutes: 5 } }, {}, /^ValidationException: MaximumWindowInMinutes/],
		['input that is no JSON', {}, { Input: '{' }, /^ValidationException: Invalid RequestJson provided\. Reason Malformed JSON/],
		['lower camel case', {}, { Input: '{"service":"service","desiredCount":0}' }, /^ValidationException: Invalid RequestJson provided\. Reason Request payload is missing the following field\(s\): Service\./],
		['a role that is not there', {}, { RoleArn: `arn:aws:iam::${account}:role/nobody` }, /^ValidationException: The execution role you provide must allow AWS EventBridge Scheduler to assume the role\.$/],
		['a name with a slash', { Name: 'a b' }, {}, /^ValidationException/],
	])('%s', async (_what, changes, target, expected) => {
		expect(await refusal(scheduler.send(new CreateScheduleCommand(schedule('refused', changes, target))))).toMatch(expected);
		expect(await refusal(scheduler.send(new GetScheduleCommand({ Name: 'refused' })))).toMatch(/^ResourceNotFoundException: Schedule refused does not exist\.$/);
	});

	test.each([
		['a role of another service', { principal: 'ecs-tasks.amazonaws.com' }],
		['a role for another account', { condition: { StringEquals: { 'aws:SourceAccount': '999999999999' } } }],
		['a role for one schedule: AWS compares with the group', { condition: { ArnLike: { 'aws:SourceArn': `arn:aws:scheduler:us-east-1:${account}:schedule/default/x` } } }],
	])('%s', async (what, trust) => {
		const RoleArn = await roleFor(what.replaceAll(/[^a-z]/g, '').slice(0, 40), trust);
		expect(await refusal(scheduler.send(new CreateScheduleCommand(schedule('refused', {}, { RoleArn }))))).toMatch(/must allow AWS EventBridge Scheduler to assume the role/);
	});

	test('a name that is taken, with 409; a schedule that is not there cannot be changed or deleted', async () => {
		await scheduler.send(new CreateScheduleCommand(schedule('taken')));
		const conflict: unknown = await scheduler.send(new CreateScheduleCommand(schedule('taken'))).catch((error: unknown) => error);
		expect(conflict).toMatchObject({ name: 'ConflictException', $metadata: { httpStatusCode: 409 } });
		await scheduler.send(new DeleteScheduleCommand({ Name: 'taken' }));
		expect(await refusal(scheduler.send(new UpdateScheduleCommand(schedule('taken'))))).toMatch(/^ResourceNotFoundException/);
		expect(await refusal(scheduler.send(new DeleteScheduleCommand({ Name: 'taken' })))).toMatch(/^ResourceNotFoundException/);
	});

	test('an update has all that it says, and nothing of before', async () => {
		await scheduler.send(new CreateScheduleCommand(schedule('changed', { ActionAfterCompletion: 'NONE', Description: 'before' })));
		await scheduler.send(new UpdateScheduleCommand(schedule('changed', { ScheduleExpression: 'at(2099-01-01T00:00:00)' })));
		const found = await scheduler.send(new GetScheduleCommand({ Name: 'changed' }));
		expect(found).toMatchObject({ ScheduleExpression: 'at(2099-01-01T00:00:00)', ActionAfterCompletion: 'DELETE', State: 'ENABLED' });
		expect(found.Description).not.toBe('before');
	});
});

describe('at its time', () => {
	let ecs: ECSClient;
	beforeAll(async () => {
		ecs = endpoint.client(ECSClient);
		const ec2 = endpoint.client(EC2Client);
		const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16' }));
		const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId: Vpc?.VpcId, CidrBlock: '10.0.0.0/24' }));
		await ecs.send(new CreateClusterCommand({ clusterName: 'cluster' }));
		await ecs.send(new RegisterTaskDefinitionCommand({ family: 'none', networkMode: 'awsvpc', requiresCompatibilities: ['FARGATE'], cpu: '256', memory: '512', containerDefinitions: [{ name: 'web', image: 'public.ecr.aws/docker/library/busybox' }] }));
		await ecs.send(new CreateServiceCommand({ cluster: 'cluster', serviceName: 'service', taskDefinition: 'none', desiredCount: 1, launchType: 'FARGATE', networkConfiguration: { awsvpcConfiguration: { subnets: [Subnet?.SubnetId ?? ''] } } }));
	});
	const desired = async () => (await ecs.send(new DescribeServicesCommand({ cluster: 'cluster', services: ['service'] }))).services?.[0]?.desiredCount;
	const isThere = (Name: string) => scheduler.send(new GetScheduleCommand({ Name })).then(
		() => true,
		(error: unknown) => !(error instanceof Error && error.name === 'ResourceNotFoundException'),
	);

	test('a role that may not stop the service stops nothing, and the schedule goes when its tries are used up', async () => {
		const RoleArn = await roleFor('may-nothing', { allows: `${serviceArn}-of-others` });
		await scheduler.send(new CreateScheduleCommand(schedule('forbidden', { ScheduleExpression: inSeconds(2) }, { RoleArn, RetryPolicy: { MaximumRetryAttempts: 0 } })));
		await eventually('the schedule is gone', async () => !(await isThere('forbidden')));
		expect(await desired()).toBe(1);
	});

	test('it stops the service and is deleted; a deleted one does nothing', async () => {
		await scheduler.send(new CreateScheduleCommand(schedule('deleted', { ScheduleExpression: inSeconds(2) }, { Input: JSON.stringify({ Cluster: 'cluster', Service: 'service', DesiredCount: 5 }) })));
		await scheduler.send(new DeleteScheduleCommand({ Name: 'deleted' }));
		await scheduler.send(new CreateScheduleCommand(schedule('stop')));
		expect(await desired()).toBe(1);
		await scheduler.send(new UpdateScheduleCommand(schedule('stop', { ScheduleExpression: inSeconds(2) })));
		await eventually('the schedule is gone', async () => !(await isThere('stop')));
		expect(await desired()).toBe(0);
	});
});
