import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { CreateNetworkInterfaceCommand, CreateSubnetCommand, CreateVpcCommand, CreateVpcEndpointCommand, EC2Client } from '@aws-sdk/client-ec2';
import type { Container, ContainerDefinition, Task, TaskDefinition } from '@aws-sdk/client-ecs';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { awsClients } from '../../src/aws/clients.ts';
import { agentOf, checkTask } from '../../src/environment/exec-checks.ts';
import { diagnose } from '../../src/environment/exec-diagnosis.ts';
import { UserError } from '../../src/errors.ts';
import { startEndpoint, type TestEndpoint } from '../resources/endpoint.ts';

const role = 'arn:aws:iam::000000000000:role/airflow-main-webserver-eu-central-1';
const container: Container = { name: 'webserver', managedAgents: [{ name: 'ExecuteCommandAgent', lastStatus: 'RUNNING' }] };
const good: Task = { lastStatus: 'RUNNING', enableExecuteCommand: true, launchType: 'FARGATE', platformVersion: '1.4.0', containers: [container] };

function found({ task = {}, definition = {}, defined = {} }: { task?: Partial<Task>; definition?: Partial<TaskDefinition>; defined?: Partial<ContainerDefinition> }): string {
	try {
		checkTask({ task: { ...good, ...task }, container, definition: { taskRoleArn: role, containerDefinitions: [{ name: 'webserver', ...defined }], ...definition } });
		return 'nothing';
	} catch (error) {
		return error instanceof UserError ? `${error.code}: ${error.message} / ${error.hint}` : String(error);
	}
}

test('a task that can be reached passes', () => {
	for (const platformVersion of ['1.4.0', '1.4.1', '1.10.0', '2.0.0']) expect(found({ task: { platformVersion } })).toBe('nothing');
	expect(found({ definition: { taskRoleArn: undefined }, task: { overrides: { taskRoleArn: role } } })).toBe('nothing');
});

test.each([
	[{ task: { lastStatus: 'PENDING' } }, 'TaskNotRunning: cannot run commands in webserver: the task is PENDING / airflow-deploy status'],
	[{ task: { enableExecuteCommand: false } }, 'ExecNotEnabled: cannot run commands in webserver: the task was started without ECS Exec / airflow-deploy deploy   # starts new tasks'],
	[{ task: { platformVersion: '1.3.0' } }, 'PlatformTooOld: cannot run commands in webserver: the task runs on platform version 1.3.0, and ECS Exec needs 1.4.0 / airflow-deploy deploy   # starts new tasks'],
	[{ defined: { readonlyRootFilesystem: true } }, 'ReadOnlyRoot: cannot run commands in webserver: container webserver has a read-only root file system, and the agent has to write to it / airflow-deploy deploy   # starts new tasks'],
	[{ definition: { pidMode: 'task' as const } }, 'SharedProcesses: cannot run commands in webserver: the containers of the task share their process ids (pidMode task): ECS Exec reaches only one of them / airflow-deploy deploy   # starts new tasks'],
	[{ definition: { taskRoleArn: undefined } }, 'NoTaskRole: cannot run commands in webserver: the task has no task role, with which the agent would reach Session Manager / airflow-deploy deploy   # starts new tasks'],
])('%j is named with its fix', (changes, expected) => expect(found(changes)).toBe(expected));

test('a container whose agent AWS does not show yet is waited for', () => {
	expect(agentOf({ name: 'webserver' })).toEqual({ status: 'PENDING', reason: undefined });
	expect(agentOf({ managedAgents: [{ name: 'ExecuteCommandAgent', lastStatus: 'STOPPED', reason: 'no path' }] })).toEqual({ status: 'STOPPED', reason: 'no path' });
});

describe('why an agent does not reach Session Manager', () => {
	let endpoint: TestEndpoint;
	beforeAll(async () => void (endpoint = await startEndpoint()), 60_000);
	afterAll(() => endpoint.close());

	async function privateTask(): Promise<{ task: Task; vpc: string; subnet: string }> {
		const ec2 = (await endpoint.clients()).client(EC2Client);
		const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: '10.1.0.0/16' }));
		const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId: Vpc?.VpcId, CidrBlock: '10.1.1.0/24' }));
		const { NetworkInterface } = await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId: Subnet?.SubnetId }));
		const details = [{ name: 'subnetId', value: Subnet?.SubnetId }, { name: 'networkInterfaceId', value: NetworkInterface?.NetworkInterfaceId }];
		return { task: { ...good, attachments: [{ details }] }, vpc: Vpc?.VpcId ?? '', subnet: Subnet?.SubnetId ?? '' };
	}

	test('a private network without an endpoint, until it has one', async () => {
		const aws = await endpoint.clients();
		const { task, vpc, subnet } = await privateTask();
		const definition = { taskRoleArn: role };
		expect(await diagnose(aws, { task, definition })).toMatchObject({
			code: 'NoPathToSessionManager',
			message: `the agent cannot reach Session Manager: the task has no public address, and ${vpc} has no endpoint for com.amazonaws.eu-central-1.ssmmessages`,
			hint: `aws ec2 create-vpc-endpoint --vpc-id ${vpc} --vpc-endpoint-type Interface --service-name com.amazonaws.eu-central-1.ssmmessages --subnet-ids ${subnet}   # or a NAT gateway`,
		});
		await aws.client(EC2Client).send(new CreateVpcEndpointCommand({ VpcId: vpc, VpcEndpointType: 'Interface', ServiceName: 'com.amazonaws.eu-central-1.ssmmessages', SubnetIds: [subnet] }));
		expect(await diagnose(aws, { task, definition })).toBeUndefined();
	});

	test('a role that does not allow it', async () => {
		const aws = await answering('<EvaluationResults><member><EvalActionName>ssmmessages:OpenDataChannel</EvalActionName><EvalDecision>implicitDeny</EvalDecision></member><member><EvalActionName>ssmmessages:OpenControlChannel</EvalActionName><EvalDecision>allowed</EvalDecision></member></EvaluationResults>');
		expect(await diagnose(aws, { task: good, definition: { taskRoleArn: role } })).toMatchObject({
			code: 'AgentNotAllowed',
			message: 'the agent cannot reach Session Manager: task role airflow-main-webserver-eu-central-1 does not allow ssmmessages:OpenDataChannel',
		});
	});

	test('nothing, where we may not look', async () => {
		expect(await diagnose(await answering(undefined), { task: { ...good, attachments: [{ details: [{ name: 'subnetId', value: 'subnet-1' }, { name: 'networkInterfaceId', value: 'eni-1' }] }] }, definition: { taskRoleArn: role } })).toBeUndefined();
	});
});

/** An account whose IAM answers SimulatePrincipalPolicy like this, or refuses everything. */
async function answering(result: string | undefined) {
	const server = createServer((request, response) => {
		void text(request).then(() => {
			const [status, body] = result === undefined ? [403, '<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>'] : [200, `<SimulatePrincipalPolicyResponse><SimulatePrincipalPolicyResult>${result}</SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>`];
			response.writeHead(status, { 'content-type': 'text/xml' }).end(body);
		});
	});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	onTestFinished(() => void server.close());
	return awsClients({ region: 'eu-central-1', endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, credentials: { accessKeyId: 'test', secretAccessKey: 'test' } }, { account: '000000000000', partition: 'aws' });
}
