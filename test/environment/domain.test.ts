import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ACMClient, ImportCertificateCommand, ListCertificatesCommand, RequestCertificateCommand } from '@aws-sdk/client-acm';
import { AttachInternetGatewayCommand, CreateInternetGatewayCommand, CreateRouteCommand, CreateSubnetCommand, CreateVpcCommand, DescribeRouteTablesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { ChangeResourceRecordSetsCommand, CreateHostedZoneCommand, ListResourceRecordSetsCommand, type ResourceRecordSet, Route53Client } from '@aws-sdk/client-route-53';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Aws } from '../../src/aws/clients.ts';
import { up } from '../../src/engine/engine.ts';
import { assertBalancerNetwork } from '../../src/environment/balancer-network.ts';
import { assertDomain, covers } from '../../src/environment/domain-checks.ts';
import { recover } from '../../src/environment/recover.ts';
import { holding, readStates } from '../../src/environment/session.ts';
import { tearDown } from '../../src/environment/teardown.ts';
import { stackInputs } from '../../src/environment/wanted.ts';
import { newAuthority } from '../../src/local/runtime/certificate.ts';
import { mainStack } from '../../src/stacks/main.ts';
import { sharedStack } from '../../src/stacks/shared.ts';
import { startEndpoint, type TestEndpoint } from '../resources/endpoint.ts';
import { optionsFor, type TestOptions } from './options.ts';

let endpoint: TestEndpoint;
let aws: Aws;
let zone: string;
const domain = 'airflow.example.com';
beforeAll(async () => {
	endpoint = await startEndpoint();
	aws = await endpoint.clients({ region: 'us-east-1' });
	zone = await newZone('example.com');
}, 60_000);
afterAll(() => endpoint.close());

async function newZone(Name: string, vpc?: string): Promise<string> {
	const { HostedZone } = await aws.client(Route53Client).send(new CreateHostedZoneCommand({ Name, CallerReference: `${Name}${vpc}`, ...(vpc === undefined ? {} : { HostedZoneConfig: { PrivateZone: true }, VPC: { VPCId: vpc, VPCRegion: 'us-east-1' } }) }));
	return HostedZone?.Id?.replace('/hostedzone/', '') ?? '';
}
const change = (Action: 'CREATE' | 'DELETE', ResourceRecordSet: ResourceRecordSet) => aws.client(Route53Client).send(new ChangeResourceRecordSetsCommand({ HostedZoneId: zone, ChangeBatch: { Changes: [{ Action, ResourceRecordSet }] } }));
const records = async () => ((await aws.client(Route53Client).send(new ListResourceRecordSetsCommand({ HostedZoneId: zone }))).ResourceRecordSets ?? []).filter(({ Type = 'NS' }) => !['NS', 'SOA'].includes(Type));

/** What the checks of these settings say, with `DOMAIN` set. */
async function said(more: Record<string, string>): Promise<string> {
	const options = await optionsFor(aws, { DOMAIN: domain, ...more });
	return assertDomain(options, {}).then(
		() => options.said.join(),
		(error: Error) => error.message,
	);
}

describe('the zone', () => {
	test('one that holds the name, and nothing of it, is fine', async () => {
		expect(await said({ HOSTED_ZONE_ID: zone })).toBe('');
	});

	test('one that is not there, of another name, or private', async () => {
		expect(await said({ HOSTED_ZONE_ID: 'Z0' })).toBe('there is no hosted zone Z0');
		expect(await said({ HOSTED_ZONE_ID: await newZone('ample.com') })).toMatch(/^airflow\.example\.com does not lie in hosted zone \w+, which is ample\.com$/);
		const vpc = (await aws.client(EC2Client).send(new CreateVpcCommand({ CidrBlock: '10.9.0.0/16' }))).Vpc?.VpcId ?? '';
		expect(await said({ HOSTED_ZONE_ID: await newZone('example.com', vpc) })).toMatch(/is private: neither people nor ACM can see what stands in it$/);
	});

	test.each([
		['A', { TTL: 60, ResourceRecords: [{ Value: '192.0.2.7' }] }, '192.0.2.7'],
		['CNAME', { TTL: 60, ResourceRecords: [{ Value: 'elsewhere.example.net' }] }, 'elsewhere.example.net'],
		['AAAA', { TTL: 60, ResourceRecords: [{ Value: '2001:db8::1' }] }, '2001:db8::1'],
	] as const)('a %s record of the name is somebody else\'s', async (Type, content, value) => {
		const record = { Name: domain, Type, ...content, ResourceRecords: [...content.ResourceRecords] };
		await change('CREATE', record);
		expect(await said({ HOSTED_ZONE_ID: zone })).toBe(`${domain} has a record already (${Type} ${value}), which this environment did not make: it is left as it is`);
		await change('DELETE', record);
	});

	test('a CAA record, of the nearest name that has one, must let Amazon issue', async () => {
		const caa = (Name: string, ...values: string[]): ResourceRecordSet => ({ Name, Type: 'CAA', TTL: 60, ResourceRecords: values.map((Value) => ({ Value })) });
		const [above, own] = [caa('example.com', '0 issue "letsencrypt.org"'), caa(domain, '0 issue "amazon.com; x=y"', '0 iodef "mailto:a@example.com"')];
		await change('CREATE', above);
		expect(await said({ HOSTED_ZONE_ID: zone })).toBe('the CAA record of example.com lets no Amazon authority issue certificates, so ACM would refuse');
		await change('CREATE', own);
		expect(await said({ HOSTED_ZONE_ID: zone })).toBe('');
		for (const record of [above, own]) await change('DELETE', record);
	});
});

test('a given certificate is there, issued, and covers the name; without a zone the record is the user\'s', async () => {
	const imported = async (...names: string[]) => {
		const authority = newAuthority('my company');
		const { certificate, key } = authority.issue(names);
		return (await aws.client(ACMClient).send(new ImportCertificateCommand({ Certificate: Buffer.from(certificate), PrivateKey: Buffer.from(key), CertificateChain: Buffer.from(authority.certificate) }))).CertificateArn ?? '';
	};
	expect(await said({ CERTIFICATE_ARN: await imported('*.example.com') })).toBe(`${domain} is yours to point at the load balancer, with a CNAME or an alias record: its address is said once it stands`);
	expect(await said({ CERTIFICATE_ARN: await imported('example.com', 'www.example.com') })).toMatch(/is for example\.com, www\.example\.com, which does not cover airflow\.example\.com$/);
	const { CertificateArn = '' } = await aws.client(ACMClient).send(new RequestCertificateCommand({ DomainName: domain, ValidationMethod: 'DNS' }));
	expect(await said({ CERTIFICATE_ARN: CertificateArn })).toMatch(/is PENDING_VALIDATION, and only one that is ISSUED serves$/);
	expect(await said({ CERTIFICATE_ARN: CertificateArn.replace(/.$/, 'x') })).toMatch(/^there is no certificate arn:/);
});

test.each([
	['airflow.example.com', true],
	['AIRFLOW.example.com.', true],
	['*.example.com', true],
	['*.com', false],
	['example.com', false],
	['*.airflow.example.com', false],
])('a certificate of %s covers the name: %s', (name, expected) => {
	expect(covers(name, domain)).toBe(expected);
});

test('a load balancer wants public subnets in two zones', async () => {
	const ec2 = aws.client(EC2Client);
	const VpcId = (await ec2.send(new CreateVpcCommand({ CidrBlock: '10.8.0.0/16' }))).Vpc?.VpcId ?? '';
	const subnet = async (CidrBlock: string, zone: string) => (await ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock, AvailabilityZone: `us-east-1${zone}` }))).Subnet?.SubnetId ?? '';
	const [a, b, sameZone] = [await subnet('10.8.0.0/24', 'a'), await subnet('10.8.1.0/24', 'b'), await subnet('10.8.2.0/24', 'a')];
	const tell = async (...ids: string[]) => assertBalancerNetwork(await optionsFor(aws, { DOMAIN: domain, HOSTED_ZONE_ID: zone, VPC_ID: VpcId, SUBNET_IDS: [a, b].join(), BALANCER_SUBNET_IDS: ids.join() })).then(() => 'fine', (error: Error) => error.message);
	expect(await tell(a, b)).toMatch(/has no route to an internet gateway \(rtb-\w+\): nobody could reach a load balancer there$/);
	const InternetGatewayId = (await ec2.send(new CreateInternetGatewayCommand({}))).InternetGateway?.InternetGatewayId;
	await ec2.send(new AttachInternetGatewayCommand({ VpcId, InternetGatewayId }));
	const { RouteTables } = await ec2.send(new DescribeRouteTablesCommand({ Filters: [{ Name: 'vpc-id', Values: [VpcId] }] }));
	await ec2.send(new CreateRouteCommand({ RouteTableId: RouteTables?.[0]?.RouteTableId, DestinationCidrBlock: '0.0.0.0/0', GatewayId: InternetGatewayId }));
	expect(await tell(a, b)).toBe('fine');
	expect(await tell(a, sameZone)).toMatch(/lie in the same zone \(us-east-1a\): a load balancer needs two$/);
});

/** The load balancer with all that it needs, without what runs behind it. */
function bringUp(options: TestOptions, keys: readonly string[]) {
	return holding(options, async (held) => {
		const inputs = await stackInputs(options, held.run.states, 'up');
		const { stack, shared } = sharedStack(inputs);
		return up([stack, mainStack(inputs, shared)], { ...held.run, settle: { unclear: 0, missing: 0, pause: 0 } }, { keys, removesOthers: false });
	});
}

test('a lost record is rebuilt from the anchor, although the name is not configured any more', async () => {
	const options = await optionsFor(aws, { DOMAIN: domain, HOSTED_ZONE_ID: zone });
	const keys = ['listener-https', 'listener-http', 'record'];
	expect((await bringUp(options, keys)).failed).toEqual(new Map());
	expect(new Set((await records()).map(({ Type }) => Type))).toEqual(new Set(['A', 'CNAME']));
	await rm(join(options.cwd, '.airflow-deploy'), { recursive: true });
	const unnamed = await optionsFor(aws, {}, options.cwd);
	await recover(unnamed);
	const { entries = {} } = (await readStates(unnamed)).get('main') ?? {};
	expect(Object.keys(entries)).toEqual(expect.arrayContaining([...keys, 'load-balancer', 'target-group', 'certificate', 'certificate-record', 'rule-balancer-https']));
	expect(await tearDown(unnamed)).toMatchObject({ left: [] });
	expect((await records()).map(({ Type }) => Type)).not.toContain('A');
}, 120_000);

test('a validation record that another certificate lives by stays, and is nobody\'s leftover', async () => {
	for (const record of await records()) await change('DELETE', record);
	const options = await optionsFor(aws, { DOMAIN: domain, HOSTED_ZONE_ID: zone });
	expect((await bringUp(options, ['certificate-issued'])).failed).toEqual(new Map());
	const { CertificateArn: other = '' } = await aws.client(ACMClient).send(new RequestCertificateCommand({ DomainName: domain, ValidationMethod: 'DNS' }));
	expect(await tearDown(options)).toMatchObject({ left: [] });
	expect((await records()).map(({ Type }) => Type)).toEqual(['CNAME']);
	const { CertificateSummaryList = [] } = await aws.client(ACMClient).send(new ListCertificatesCommand({ CertificateStatuses: ['ISSUED'] }));
	expect(CertificateSummaryList.map(({ CertificateArn }) => CertificateArn)).toContain(other);
}, 120_000);

test('without another, it goes', async () => {
	const lonely = 'lonely.example.com';
	for (const record of await records()) await change('DELETE', record);
	const options = await optionsFor(aws, { DOMAIN: lonely, HOSTED_ZONE_ID: zone });
	expect((await bringUp(options, ['certificate-issued'])).failed).toEqual(new Map());
	expect(await records()).toHaveLength(1);
	expect(await tearDown(options)).toMatchObject({ left: [] });
	expect(await records()).toEqual([]);
}, 120_000);
