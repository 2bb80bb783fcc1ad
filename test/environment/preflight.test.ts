import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
	AssociateRouteTableCommand,
	AttachInternetGatewayCommand,
	CreateInternetGatewayCommand,
	CreateNatGatewayCommand,
	CreateRouteCommand,
	CreateRouteTableCommand,
	CreateSubnetCommand,
	CreateVpcCommand,
	CreateVpcEndpointCommand,
	DeleteInternetGatewayCommand,
	DeleteVpcCommand,
	DescribeRouteTablesCommand,
	EC2Client,
	ModifyVpcAttributeCommand,
	ModifyVpcBlockPublicAccessOptionsCommand,
} from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Aws } from '../../src/aws/clients.ts';
import { assertLongArns } from '../../src/environment/account-settings.ts';
import { addressesNeeded, assertGivenNetwork, publicAddresses } from '../../src/environment/given-network.ts';
import { isOnDockerHub, preflight } from '../../src/environment/preflight.ts';
import { remarkOnWorkers } from '../../src/environment/quotas.ts';
import { stackInputs } from '../../src/environment/wanted.ts';
import { chooseZones } from '../../src/environment/zones.ts';
import { startEndpoint, type TestEndpoint } from '../resources/endpoint.ts';
import { optionsFor } from './options.ts';

let endpoint: TestEndpoint;
let calls: string[] = [];
let refused: string[] = [];

/** Clients whose calls are counted, and refused where a test says so. A region of its own is a network of its own. */
function clients(region = 'eu-central-1'): Promise<Aws> {
	return endpoint.clients({
		region,
		observe({ operation }) {
			calls.push(operation);
			if (refused.includes(operation)) throw Object.assign(new Error('not authorized'), { name: 'AccessDeniedException' });
		},
	});
}

beforeAll(async () => void (endpoint = await startEndpoint()), 60_000);
afterAll(() => endpoint.close());

/** What the preflight of an environment that is not there yet says. */
async function obstacle(aws: Aws, settings: Record<string, string> = {}, goal: 'up' | 'upload' = 'up'): Promise<unknown> {
	calls = [];
	const options = await optionsFor(aws, settings);
	return stackInputs(options, new Map(), goal).then((inputs) => preflight(options, inputs, {}, goal)).then(
		() => options.said,
		(error: unknown) => error,
	);
}

test('in an account with room nothing is said, and nothing is changed', async () => {
	expect(await obstacle(await clients())).toEqual([]);
	expect(calls.filter((operation) => !/^(Describe|List|Get)/.test(operation))).toEqual([]);
	expect(calls).toEqual(expect.arrayContaining(['GetServiceQuota', 'DescribeVpcBlockPublicAccessOptions', 'ListAccountSettings', 'DescribeImages']));
});

test('an image that is recorded is not asked for again', async () => {
	const aws = await clients();
	const options = await optionsFor(aws);
	const inputs = await stackInputs(options, new Map(), 'up');
	const recorded = (tag: string) => ({ image: { outputs: { tag } } }) as never;
	calls = [];
	await preflight(options, inputs, recorded(inputs.imageHash ?? ''), 'deploy');
	expect(calls).toEqual([]);
	await preflight(options, inputs, recorded('another'), 'deploy');
	expect(calls).toEqual(['DescribeImages', 'GetAuthorizationToken']);
});

test('before an upload nothing of it is asked', async () => {
	expect(await obstacle(await clients(), { WEBSERVER_CPU: '16384', WEBSERVER_MEMORY: '32768' }, 'upload')).toEqual([]);
	expect(calls).not.toContain('GetServiceQuota');
});

describe('quotas', () => {
	test('of Fargate vCPUs, for the peak of a release', async () => {
		expect(await obstacle(await clients(), { WEBSERVER_CPU: '4096', WEBSERVER_MEMORY: '8192' })).toMatchObject({
			code: 'QuotaTooLow',
			message: 'this account may have 6 Fargate vCPUs in eu-central-1, and 9.5 more are needed',
			hint: 'aws service-quotas request-service-quota-increase --service-code fargate --quota-code L-3032A538 --desired-value 19 --region eu-central-1',
		});
	});

	test('of Fargate vCPUs, for the tasks that the ECS executor runs at once: a remark', async () => {
		const said = async (settings: Record<string, string>): Promise<string[]> => {
			const options = await optionsFor(await clients(), settings);
			await remarkOnWorkers(options, { executor: 'ecs', config: options.config, branch: undefined });
			return options.said;
		};
		expect(await said({})).toEqual([
			'beside the services this account has room for 2 tasks of 1 vCPU at once in eu-central-1 (its quota of Fargate vCPUs is 6), and 16 may run: those that find no room within about five minutes fail. AIRFLOW_DEPLOY_PARALLELISM=2, or: aws service-quotas request-service-quota-increase --service-code fargate --quota-code L-3032A538 --desired-value 20 --region eu-central-1',
		]);
		expect(await said({ PARALLELISM: '2' })).toEqual([]);
		refused = ['GetServiceQuota'];
		expect(await said({})).toEqual(['not checked: the quota of Fargate vCPUs (AccessDeniedException)']);
		refused = [];
	});

	test('of VPCs and of internet gateways', async () => {
		const aws = await clients('eu-west-1');
		const ec2 = aws.client(EC2Client);
		const gateways = await Promise.all([1, 2, 3, 4, 5].map(async () => (await ec2.send(new CreateInternetGatewayCommand({}))).InternetGateway?.InternetGatewayId));
		expect(await obstacle(aws)).toMatchObject({ code: 'QuotaTooLow', message: 'this account may have 5 internet gateways in eu-west-1, has 5, and 1 more are needed' });
		for (const InternetGatewayId of gateways) await ec2.send(new DeleteInternetGatewayCommand({ InternetGatewayId }));
		const vpcs = await Promise.all([1, 2, 3, 4].map(async (n) => (await ec2.send(new CreateVpcCommand({ CidrBlock: `10.${n}.0.0/16` }))).Vpc?.VpcId));
		expect(await obstacle(aws)).toMatchObject({ code: 'QuotaTooLow', hint: expect.stringContaining('AIRFLOW_DEPLOY_VPC_ID') as string });
		for (const VpcId of vpcs) await ec2.send(new DeleteVpcCommand({ VpcId }));
		expect(await obstacle(aws)).toEqual([]);
	});

	test('that may not be read are not checked', async () => {
		refused = ['GetServiceQuota', 'ListAccountSettings', 'DescribeVpcBlockPublicAccessOptions'];
		const said = await obstacle(await clients());
		refused = [];
		expect(said).toHaveLength(6);
		expect(said).toContain('not checked: the quota of Fargate vCPUs (AccessDeniedException)');
	});
});

describe('the account and the region', () => {
	test('block public access to VPCs', async () => {
		const aws = await clients('ap-south-1');
		const block = (InternetGatewayBlockMode: 'off' | 'block-ingress' | 'block-bidirectional') => aws.client(EC2Client).send(new ModifyVpcBlockPublicAccessOptionsCommand({ InternetGatewayBlockMode }));
		await block('block-bidirectional');
		expect(await obstacle(aws)).toMatchObject({ code: 'PublicAccessBlocked', message: 'VPC Block Public Access of ap-south-1 is block-bidirectional and lets nothing in or out: no image could be pulled' });
		await block('block-ingress');
		expect(await obstacle(aws)).toMatchObject({ code: 'PublicAccessBlocked', message: expect.stringContaining('the web page could not be reached') as string });
		await block('off');
		expect(await obstacle(aws)).toEqual([]);
	});

	test('have long ARNs off', () => {
		expect(() => assertLongArns([{ name: 'serviceLongArnFormat', value: 'enabled' }, { name: 'awsvpcTrunking', value: 'disabled' }])).not.toThrow();
		expect(() => assertLongArns([{ name: 'taskLongArnFormat', value: 'disabled' }])).toThrow('ECS has the setting taskLongArnFormat disabled in this account');
	});

	test('lack the class, or the version', async () => {
		const aws = await clients();
		expect(await chooseZones(aws, { dbInstanceClass: 'db.t4g.micro', dbEngineVersion: '15' })).toEqual(['eu-central-1a', 'eu-central-1b']);
		expect(await obstacle(aws, { DB_INSTANCE_CLASS: 'db.x9.large' })).toMatchObject({ code: 'ClassNotOffered', message: 'RDS does not offer db.x9.large with PostgreSQL 15.18 on encrypted gp3 storage in eu-central-1' });
		expect(await obstacle(aws, { DB_ENGINE_VERSION: '9' })).toMatchObject({ code: 'EngineVersionUnavailable' });
	});

	test('may refuse what only AWS knows: it is said', async () => {
		const said = await obstacle(await clients(), { DB_INSTANCE_CLASS: 'db.t4g.large', IMAGE: 'apache/airflow:2.5.3-python3.10' });
		expect(said).toMatchObject([expect.stringContaining("not checked: whether the account is on AWS's free plan, which has no db.t4g.large") as string, expect.stringContaining('comes from Docker Hub') as string]);
	});

	test('are not those where the environment stands: that is said', async () => {
		const options = await optionsFor(await clients());
		const state = join(options.cwd, '.airflow-deploy', 'state');
		for (const place of ['123456789012-eu-west-1', '000000000000-eu-west-1']) {
			await mkdir(join(state, place), { recursive: true });
			await writeFile(join(state, place, 'main.json'), '{}');
		}
		await preflight(options, await stackInputs(options, new Map(), 'up'), {}, 'up');
		expect(options.said).toEqual(['main stands in 123456789012-eu-west-1 already: this makes another one, in 000000000000-eu-central-1']);
	});

	test('zones without Fargate are not chosen', async () => {
		const [a, b] = await chooseZones(await clients('us-east-1'), { dbInstanceClass: 'db.t4g.micro', dbEngineVersion: '15' });
		expect([a, b]).not.toContain('us-east-1e');
	});
});

test.each([
	['apache/airflow:2.5.3', true],
	['postgres', true],
	['docker.io/library/postgres:15', true],
	['registry-1.docker.io/library/postgres', true],
	['public.ecr.aws/docker/library/postgres:15', false],
	['123456789012.dkr.ecr.eu-central-1.amazonaws.com/a@sha256:0', false],
	['localhost:5000/a', false],
])('%s comes from Docker Hub: %s', (image, expected) => {
	expect(isOnDockerHub(image)).toBe(expected);
});

describe('a given network', () => {
	let aws: Aws;
	let vpcId = '';
	const subnets: Record<string, string> = {};
	const region = 'eu-north-1';

	beforeAll(async () => {
		aws = await clients(region);
		const ec2 = aws.client(EC2Client);
		vpcId = (await ec2.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16' }))).Vpc?.VpcId ?? '';
		const layout = { a: 'a', b: 'b', a2: 'a', natA: 'a', natB: 'b', closedA: 'a', closedB: 'b' };
		for (const [index, [name, zone]] of Object.entries(layout).entries()) {
			const made = await ec2.send(new CreateSubnetCommand({ VpcId: vpcId, CidrBlock: `10.0.${index}.0/24`, AvailabilityZone: `${region}${zone}` }));
			subnets[name] = made.Subnet?.SubnetId ?? '';
		}
		const gateway = (await ec2.send(new CreateInternetGatewayCommand({}))).InternetGateway?.InternetGatewayId;
		await ec2.send(new AttachInternetGatewayCommand({ VpcId: vpcId, InternetGatewayId: gateway }));
		const nat = (await ec2.send(new CreateNatGatewayCommand({ SubnetId: subnets['a'], ConnectivityType: 'private' }))).NatGateway?.NatGatewayId;
		// a and b have no table of their own: they use the VPC's main one.
		const main = (await ec2.send(new DescribeRouteTablesCommand({ Filters: [{ Name: 'vpc-id', Values: [vpcId] }] }))).RouteTables?.[0]?.RouteTableId;
		await ec2.send(new CreateRouteCommand({ RouteTableId: main, DestinationCidrBlock: '0.0.0.0/0', GatewayId: gateway }));
		await table(['natA', 'natB'], (RouteTableId) => new CreateRouteCommand({ RouteTableId, DestinationCidrBlock: '0.0.0.0/0', NatGatewayId: nat }));
		await table(['closedA', 'closedB']);
		async function table(names: string[], route?: (table: string) => CreateRouteCommand): Promise<void> {
			const id = (await ec2.send(new CreateRouteTableCommand({ VpcId: vpcId }))).RouteTable?.RouteTableId ?? '';
			if (route) await ec2.send(route(id));
			for (const name of names) await ec2.send(new AssociateRouteTableCommand({ RouteTableId: id, SubnetId: subnets[name] }));
		}
	}, 60_000);

	const given = (a: string, b: string, more: Record<string, string> = {}) => optionsFor(aws, { VPC_ID: vpcId, SUBNET_IDS: `${subnets[a]},${subnets[b]}`, ...more });
	const verdict = async (a: string, b: string, more: Record<string, string> = {}): Promise<unknown> => {
		const options = await given(a, b, more);
		return assertGivenNetwork(options, options.config.vpcId ?? '').then(
			() => options.said,
			(error: unknown) => error,
		);
	};
	const addresses = async (a: string, b: string, more: Record<string, string> = {}) => {
		const { config } = await given(a, b, more);
		return publicAddresses(aws, config);
	};

	test('without DNS host names', async () => {
		expect(await verdict('a', 'b')).toMatchObject({ code: 'NetworkUnfit', exit: 2, message: `${vpcId} has enableDnsHostnames off: tasks could not find their file system`, hint: `aws ec2 modify-vpc-attribute --vpc-id ${vpcId} --enable-dns-hostnames` });
		await aws.client(EC2Client).send(new ModifyVpcAttributeCommand({ VpcId: vpcId, EnableDnsHostnames: { Value: true } }));
	});

	test('behind an internet gateway, by the main route table: tasks get public addresses', async () => {
		expect(await verdict('a', 'b')).toEqual([]);
		expect(await addresses('a', 'b')).toBe(true);
		expect(await verdict('a', 'b', { ASSIGN_PUBLIC_IP: 'false' })).toMatchObject({ code: 'NetworkUnfit', message: expect.stringContaining('carries public addresses only, and AIRFLOW_DEPLOY_ASSIGN_PUBLIC_IP is false') as string });
	});

	test('behind a NAT gateway: tasks get none, and the web page cannot be reached from outside', async () => {
		expect(await verdict('natA', 'natB')).toEqual([`tasks in ${subnets['natA']}, ${subnets['natB']} cannot be reached from the internet: neither can the web page`]);
		expect(await addresses('natA', 'natB')).toBe(false);
		expect(await addresses('natA', 'natB', { ASSIGN_PUBLIC_IP: 'true' })).toBe(true);
	});

	test('of both kinds: a public address does no harm behind a NAT', async () => {
		expect(await verdict('a', 'natB')).toHaveLength(1);
		expect(await addresses('a', 'natB')).toBe(true);
	});

	test('without a way out: endpoints, or nothing', async () => {
		const error = (await verdict('closedA', 'closedB')) as Error;
		expect(error).toMatchObject({ code: 'NetworkUnfit', exit: 2 });
		expect(error.message).toMatch(/^subnet-\w+ has no route to 0\.0\.0\.0\/0 \(rtb-\w+\), and its VPC has no endpoint for ecr\.api, ecr\.dkr, logs, secretsmanager, s3: tasks could not start$/);
		const ec2 = aws.client(EC2Client);
		for (const service of ['ecr.api', 'ecr.dkr', 'logs', 'secretsmanager']) {
			await ec2.send(new CreateVpcEndpointCommand({ VpcId: vpcId, VpcEndpointType: 'Interface', ServiceName: `com.amazonaws.${region}.${service}`, SubnetIds: [subnets['closedA'] ?? ''], PrivateDnsEnabled: true }));
		}
		expect(await verdict('closedA', 'closedB')).toMatchObject({ message: expect.stringContaining('has no endpoint for s3:') as string });
		const tables = (await ec2.send(new DescribeRouteTablesCommand({ Filters: [{ Name: 'association.subnet-id', Values: [subnets['closedA'] ?? ''] }] }))).RouteTables ?? [];
		await ec2.send(new CreateVpcEndpointCommand({ VpcId: vpcId, VpcEndpointType: 'Gateway', ServiceName: `com.amazonaws.${region}.s3`, RouteTableIds: tables.map(({ RouteTableId }) => RouteTableId ?? '') }));
		expect(await verdict('closedA', 'closedB')).toHaveLength(1);
		expect(await addresses('closedA', 'closedB')).toBe(false);
		expect(await verdict('closedA', 'closedB', { IMAGE: 'apache/airflow:2.5.3' })).toMatchObject({ message: expect.stringContaining('only ECR can be reached through endpoints') as string });
	});

	test('with too few addresses: a release needs less than the first deployment', async () => {
		const options = await given('a', 'b');
		await expect(assertGivenNetwork(options, vpcId, 1000)).rejects.toMatchObject({ code: 'NetworkUnfit', message: expect.stringMatching(/^subnet-\w+ has 2\d\d free addresses, and 1000 may be needed$/) as string });
		expect(addressesNeeded.release).toBeLessThan(addressesNeeded.first);
	});

	test('in one zone, elsewhere, or not there', async () => {
		expect(await verdict('a', 'a2')).toMatchObject({ message: `${subnets['a']} and ${subnets['a2']} lie in the same zone (eu-north-1a): EFS and RDS need two` });
		const options = await optionsFor(aws, { VPC_ID: 'vpc-12345678', SUBNET_IDS: `${subnets['a']},${subnets['b']}` });
		await expect(assertGivenNetwork(options, 'vpc-12345678')).rejects.toMatchObject({ code: 'NetworkUnfit' });
		subnets['missing'] = 'subnet-12345678';
		expect(await verdict('a', 'missing')).toMatchObject({ code: 'NetworkUnfit', message: expect.stringContaining('does not exist in eu-north-1') as string });
	});

	test('is part of the preflight of every run', async () => {
		const options = await given('a', 'a2');
		const inputs = await stackInputs(options, new Map(), 'up');
		expect(inputs).toMatchObject({ zones: undefined, assignPublicIp: true });
		await expect(preflight(options, inputs, { anchor: {} as never }, 'deploy')).rejects.toMatchObject({ code: 'NetworkUnfit' });
	});
});
