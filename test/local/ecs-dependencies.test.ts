import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Account } from '../../src/local/account.ts';
import { Balancers } from '../../src/local/balancer/balancers.ts';
import { Certificates } from '../../src/local/certificates.ts';
import { Databases } from '../../src/local/databases.ts';
import { Callers } from '../../src/local/access/callers.ts';
import { ecsDependencies } from '../../src/local/ecs-dependencies.ts';
import { ecsSchedules } from '../../src/local/ecs-schedules.ts';
import { ExecutionRoles } from '../../src/local/execution-roles.ts';
import { FileSystemDirectories } from '../../src/local/file-systems.ts';
import { HostedZones } from '../../src/local/hosted-zones.ts';
import { Interfaces } from '../../src/local/interfaces.ts';
import { Lag } from '../../src/local/lag.ts';
import { LiveTails } from '../../src/local/live-tail/live-tails.ts';
import { Moto } from '../../src/local/moto.ts';
import { motoEnvironment } from '../../src/local/runtime/environments.ts';
import { installer } from '../../src/local/runtime/installer.ts';
import { ServiceLinkedRoles } from '../../src/local/service-linked-roles.ts';
import { descendants, items, textOf } from '../../src/local/xml.ts';
import { refusal, temporaryDirectory } from './endpoint.ts';

const region = 'eu-west-1';
let directory: string;
let account: Account;
let subnetId: string;
let groupId: string;
const ask = (service: string, operation: string, parameters: Record<string, string> = {}) => account.moto.query({ service, region, operation }, parameters);
const dependencies = () => ecsDependencies(() => account, () => {});

beforeAll(async () => {
	directory = await temporaryDirectory();
	const { python } = await motoEnvironment(installer(() => {}));
	const moto = await Moto.start(python, directory, () => {});
	const databases = new Databases({ home: directory, serve: () => Promise.reject(new Error('no database here')), log: () => {}, lag: new Lag('none') });
	const lag = new Lag('none');
	const execution = new ExecutionRoles({ account: '000000000000', moto, lag });
	const [zones, balancers] = [new HostedZones(moto), new Balancers(() => undefined)];
	account = { id: '000000000000', url: 'http://127.0.0.1:1', moto, databases, zones, balancers, certificates: new Certificates({ moto, zones, balancers }), interfaces: new Interfaces(moto), files: new FileSystemDirectories(join(directory, 'efs'), moto), lag, callers: new Callers(moto, '000000000000'), execution, schedules: ecsSchedules({ account: '000000000000', moto, execution, ecs: () => { throw new Error('no ECS here'); }, log: () => {} }), tails: new LiveTails('000000000000'), roles: new ServiceLinkedRoles(moto) };
	const vpcId = textOf(await ask('ec2', 'CreateVpc', { CidrBlock: '10.0.0.0/16' }), 'vpc', 'vpcId') ?? '';
	subnetId = textOf(await ask('ec2', 'CreateSubnet', { VpcId: vpcId, CidrBlock: '10.0.0.0/24', AvailabilityZone: 'eu-west-1a' }), 'subnet', 'subnetId') ?? '';
	groupId = textOf(await ask('ec2', 'CreateSecurityGroup', { VpcId: vpcId, GroupName: 'airflow', GroupDescription: 'd' }), 'groupId') ?? '';
});
afterAll(async () => {
	account.moto.end();
	await account.moto.exited;
	await rm(directory, { recursive: true, force: true });
});

test('a task has an interface that filters find, with its loopback address as the public one', async () => {
	const { network } = dependencies();
	const found = await network.find(region, { subnets: [subnetId, 'subnet-none'], securityGroups: [groupId] });
	expect(found.subnets).toEqual({ [subnetId]: { vpcId: expect.stringMatching(/^vpc-/), availabilityZone: 'eu-west-1a' } });
	expect(found.securityGroups).toEqual({ [groupId]: found.subnets[subnetId]?.vpcId });

	const request = { region, taskArn: `arn:aws:ecs:${region}:000000000000:task/c/0`, attachmentId: 'abc', subnetId, securityGroups: [groupId], assignPublicIp: true, address: '127.81.3.7' };
	const made = await network.create(request);
	expect(made).toMatchObject({ subnetId, availabilityZone: 'eu-west-1a', privateIpv4Address: expect.stringMatching(/^10\.0\.0\./), privateDnsName: expect.stringMatching(/^ip-10-0-0-\d+\.eu-west-1\.compute\.internal$/) });
	const [shown] = await account.interfaces.find(region, { 'group-id': groupId });
	if (shown) account.interfaces.complete(shown);
	const texts = ['networkInterfaceId', 'description', 'status', 'requesterManaged'].map((name) => textOf(shown, name));
	expect(texts).toEqual([made.networkInterfaceId, 'arn:aws:ecs:eu-west-1:000000000000:attachment/abc', 'in-use', 'true']);
	expect(textOf(shown, 'association', 'publicIp')).toBe('127.81.3.7');

	await network.remove(region, made.networkInterfaceId);
	await network.remove(region, made.networkInterfaceId);
	expect(await account.interfaces.find(region, { 'group-id': groupId })).toEqual([]);
});

test("without groups the interface is in the VPC's default group, and without a public address none is shown", async () => {
	const { network } = dependencies();
	const made = await network.create({ region, taskArn: `arn:aws:ecs:${region}:000000000000:task/c/1`, attachmentId: 'def', subnetId, securityGroups: [], assignPublicIp: false, address: '127.81.3.8' });
	const [shown] = await account.interfaces.find(region, { 'network-interface-id': made.networkInterfaceId });
	if (shown) account.interfaces.complete(shown);
	expect(items(shown, 'groupSet').map((group) => textOf(group, 'groupName'))).toEqual(['default']);
	expect(textOf(shown, 'association', 'publicIp')).toBeUndefined();
	await network.remove(region, made.networkInterfaceId);
});

test('logs go to the stream; a missing group is what AWS says it is', async () => {
	const { logs } = dependencies();
	const target = { region, group: '/x', stream: 'p/web/1' };
	expect(await refusal(logs.open({ ...target, createGroup: false }))).toBe('ResourceNotFoundException: The specified log group does not exist.');
	await logs.open({ ...target, createGroup: true });
	await logs.open({ ...target, createGroup: true });
	await logs.put(target, [{ timestamp: Date.now(), message: 'hello' }]);
	const { events } = await account.moto.json({ service: 'logs', region, operation: 'FilterLogEvents' }, 'Logs_20140328', { logGroupName: '/x' });
	expect(events).toMatchObject([{ message: 'hello', logStreamName: 'p/web/1' }]);
});

test('secrets and parameters by whatever a task definition names', async () => {
	const { secrets } = dependencies();
	const { ARN } = await account.moto.json({ service: 'secretsmanager', region, operation: 'CreateSecret' }, 'secretsmanager', { Name: 's', SecretString: '{"url":"x"}' });
	await account.moto.json({ service: 'ssm', region, operation: 'PutParameter' }, 'AmazonSSM', { Name: '/p', Value: 'v', Type: 'SecureString' });
	const secret = { service: 'secretsmanager' as const, region, versionStage: undefined, versionId: undefined };
	expect(await secrets.get({ ...secret, secretId: String(ARN) })).toBe('{"url":"x"}');
	expect(await secrets.get({ service: 'ssm', region, name: '/p' })).toBe('v');
	expect(await refusal(secrets.get({ ...secret, secretId: 'none' }))).toMatch(/^ResourceNotFoundException: Secrets Manager can't find the specified secret/);
});

test('a role counts where ECS tasks may assume it', async () => {
	const { roles } = dependencies();
	const make = async (RoleName: string, Service: string) => {
		const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { Service }, Action: 'sts:AssumeRole' }] });
		return descendants(await ask('iam', 'CreateRole', { RoleName, AssumeRolePolicyDocument }), 'Arn')[0]?.text ?? '';
	};
	expect(await roles.exists(await make('task', 'ecs-tasks.amazonaws.com'))).toBe(true);
	expect(await roles.exists(await make('other', 'lambda.amazonaws.com'))).toBe(false);
	expect(await roles.exists('arn:aws:iam::000000000000:role/none')).toBe(false);
});

test('a file system is a directory; what cannot be mounted says why', async () => {
	const efs = (operation: string, path: string, body: object) => account.moto.rest({ service: 'elasticfilesystem', region, operation }, 'POST', `/2015-02-01/${path}`, body);
	const fileSystemId = String((await efs('CreateFileSystem', 'file-systems', { CreationToken: 't' }))['FileSystemId']);
	const point = async (RootDirectory: object) => {
		const made = await efs('CreateAccessPoint', 'access-points', { FileSystemId: fileSystemId, ClientToken: JSON.stringify(RootDirectory), RootDirectory });
		account.files.learn(made);
		return String(made['AccessPointId']);
	};
	const [airflow, outside, bare] = [
		await point({ Path: '/airflow', CreationInfo: { OwnerUid: 1, OwnerGid: 1, Permissions: '0755' } }),
		await point({ Path: '/../../outside', CreationInfo: { OwnerUid: 1, OwnerGid: 1, Permissions: '0755' } }),
		await point({ Path: '/bare' }),
	];
	const check = (accessPointId: string) => account.files.check({ region, subnetId, fileSystemId, accessPointId });
	expect(await refusal(check(airflow))).toMatch(new RegExp(`Failed to resolve "${fileSystemId}\\.efs\\.eu-west-1`));
	await efs('CreateMountTarget', 'mount-targets', { FileSystemId: fileSystemId, SubnetId: subnetId });
	await check(airflow);
	expect(await refusal(check('fsap-none'))).toMatch(/access denied by server/);
	expect(await refusal(check(bare))).toMatch(/No such file or directory/);

	const mount = (accessPointId: string | undefined, rootDirectory = '/') => account.files.directoryOf({ fileSystemId, accessPointId, rootDirectory });
	expect(await mount(airflow)).toBe(join(directory, 'efs', fileSystemId, 'airflow'));
	expect(await mount(outside)).toBe(join(directory, 'efs', fileSystemId, 'outside'));
	expect(await mount(undefined, '/')).toBe(join(directory, 'efs', fileSystemId, '/'));
	await mount(bare);
	expect(existsSync(join(directory, 'efs', fileSystemId, 'bare'))).toBe(false);
	await account.files.remove(fileSystemId);
	expect(existsSync(join(directory, 'efs', fileSystemId))).toBe(false);
});
