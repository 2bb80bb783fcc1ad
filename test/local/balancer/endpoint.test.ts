import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { text } from 'node:stream/consumers';
import { ACMClient, DeleteCertificateCommand, DescribeCertificateCommand, GetCertificateCommand, ImportCertificateCommand, ListCertificatesCommand, RequestCertificateCommand } from '@aws-sdk/client-acm';
import { CreateSecurityGroupCommand, CreateSubnetCommand, CreateVpcCommand, DeleteSecurityGroupCommand, DescribeNetworkInterfacesCommand, EC2Client } from '@aws-sdk/client-ec2';
import {
	CreateListenerCommand,
	CreateLoadBalancerCommand,
	CreateTargetGroupCommand,
	DeleteListenerCommand,
	DeleteLoadBalancerCommand,
	DeleteTargetGroupCommand,
	DescribeLoadBalancersCommand,
	DescribeTargetGroupsCommand,
	DescribeTargetHealthCommand,
	ElasticLoadBalancingV2Client,
	ModifyLoadBalancerAttributesCommand,
	RegisterTargetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { type Change, ChangeResourceRecordSetsCommand, CreateHostedZoneCommand, type ResourceRecordSet, Route53Client } from '@aws-sdk/client-route-53';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newAuthority } from '../../../src/local/runtime/certificate.ts';
import { eventually, refusal, startEndpoint, type TestEndpoint } from '../endpoint.ts';

let endpoint: TestEndpoint;
let [elb, acm, route53, ec2]: [ElasticLoadBalancingV2Client, ACMClient, Route53Client, EC2Client] = [] as never;
let network: { vpc: string; subnets: string[]; sameZone: string; group: string };
beforeAll(async () => {
	endpoint = await startEndpoint();
	[elb, acm, route53, ec2] = [endpoint.client(ElasticLoadBalancingV2Client), endpoint.client(ACMClient), endpoint.client(Route53Client), endpoint.client(EC2Client)];
	const vpc = (await ec2.send(new CreateVpcCommand({ CidrBlock: '10.1.0.0/16' }))).Vpc?.VpcId ?? '';
	const subnet = async (third: number, zone: string) => (await ec2.send(new CreateSubnetCommand({ VpcId: vpc, CidrBlock: `10.1.${third}.0/24`, AvailabilityZone: zone }))).Subnet?.SubnetId ?? '';
	const group = (await ec2.send(new CreateSecurityGroupCommand({ VpcId: vpc, GroupName: 'balancer', Description: 'd' }))).GroupId ?? '';
	network = { vpc, group, subnets: [await subnet(1, 'us-east-1a'), await subnet(2, 'us-east-1b')], sameZone: await subnet(3, 'us-east-1a') };
});
afterAll(() => endpoint.stop());

async function newBalancer(Name: string) {
	const { LoadBalancers } = await elb.send(new CreateLoadBalancerCommand({ Name, Subnets: network.subnets, SecurityGroups: [network.group] }));
	return LoadBalancers?.[0] ?? {};
}

async function newGroup(Name: string): Promise<string> {
	const { TargetGroups } = await elb.send(new CreateTargetGroupCommand({ Name, VpcId: network.vpc, Port: 8080, Protocol: 'HTTP', TargetType: 'ip', HealthCheckPath: '/health' }));
	return TargetGroups?.[0]?.TargetGroupArn ?? '';
}

async function newZone(Name: string): Promise<string> {
	const { HostedZone } = await route53.send(new CreateHostedZoneCommand({ Name, CallerReference: Name }));
	return HostedZone?.Id?.replace('/hostedzone/', '') ?? '';
}

const change = (HostedZoneId: string, ...Changes: Change[]) => route53.send(new ChangeResourceRecordSetsCommand({ HostedZoneId, ChangeBatch: { Changes } }));
const cname = (Name: string, Value: string): ResourceRecordSet => ({ Name, Type: 'CNAME', TTL: 300, ResourceRecords: [{ Value }] });

async function request(address: string, { tls, ca, host = 'airflow.example.com' }: { tls: boolean; ca?: string; host?: string }): Promise<{ status: number | undefined; headers: IncomingMessage['headers']; text: string }> {
	const [name, port] = address.split(':');
	// A plain user's balancer listens 8000 above.
	const offset = port === undefined ? 0 : 8000;
	const asked = (tls ? httpsRequest : httpRequest)({ host: name, port: (tls ? 443 : 80) + offset, path: '/a?b', agent: false, servername: host, headers: { host }, ...(ca === undefined ? {} : { ca }) });
	asked.end();
	const [answer] = (await once(asked, 'response')) as [IncomingMessage];
	return { status: answer.statusCode, headers: answer.headers, text: await text(answer) };
}

test('a certificate is pending until its record stands in its zone, then a balancer serves it', async () => {
	const zone = await newZone('example.com');
	const { CertificateArn } = await acm.send(new RequestCertificateCommand({ DomainName: 'airflow.example.com', ValidationMethod: 'DNS' }));
	const describe = async () => (await acm.send(new DescribeCertificateCommand({ CertificateArn }))).Certificate;
	expect((await describe())?.DomainValidationOptions?.[0]).not.toHaveProperty('ResourceRecord');
	await eventually('the record to make is shown', async () => (await describe())?.DomainValidationOptions?.[0]?.ResourceRecord !== undefined);
	const pending = await describe();
	expect(pending).toMatchObject({ Status: 'PENDING_VALIDATION', InUseBy: [] });
	expect(pending).not.toHaveProperty('NotAfter');
	expect(await refusal(acm.send(new GetCertificateCommand({ CertificateArn })))).toMatch(/^RequestInProgressException/);

	const { LoadBalancerArn, DNSName = '', CanonicalHostedZoneId } = await newBalancer('serving');
	const TargetGroupArn = await newGroup('serving');
	const https = { LoadBalancerArn, Port: 443, Protocol: 'HTTPS' as const, SslPolicy: 'ELBSecurityPolicy-TLS13-1-2-2021-06', Certificates: [{ CertificateArn }], DefaultActions: [{ Type: 'forward' as const, TargetGroupArn }] };
	expect(await refusal(elb.send(new CreateListenerCommand(https)))).toMatch(/^UnsupportedCertificate(Exception)?: The certificate '.*' must have a fully-qualified domain name/);

	const { Name = '', Value = '' } = pending?.DomainValidationOptions?.[0]?.ResourceRecord ?? {};
	await change(zone, { Action: 'UPSERT', ResourceRecordSet: cname(Name, Value) });
	expect(await describe()).toMatchObject({ Status: 'ISSUED', Type: 'AMAZON_ISSUED' });
	const { Certificate = '', CertificateChain = '' } = await acm.send(new GetCertificateCommand({ CertificateArn }));
	expect(new X509Certificate(Certificate).checkIssued(new X509Certificate(CertificateChain))).toBe(true);

	expect(await refusal(change(zone, { Action: 'CREATE', ResourceRecordSet: { Name: 'airflow.example.com', Type: 'A', AliasTarget: { DNSName: 'nobody.elb.amazonaws.com', HostedZoneId: CanonicalHostedZoneId, EvaluateTargetHealth: false } } }))).toMatch(/^InvalidChangeBatch: \[Tried to create an alias that targets nobody\.elb\.amazonaws\.com\., type A in zone .*, but that target was not found\]/);
	await change(zone, { Action: 'CREATE', ResourceRecordSet: { Name: 'airflow.example.com', Type: 'A', AliasTarget: { DNSName, HostedZoneId: CanonicalHostedZoneId, EvaluateTargetHealth: false } } });

	const { Listeners } = await elb.send(new CreateListenerCommand(https));
	expect(await refusal(elb.send(new CreateListenerCommand({ ...https, Protocol: 'HTTP', SslPolicy: undefined, Certificates: undefined })))).toMatch(/^DuplicateListener(Exception)?: A listener already exists on this port/);
	expect((await describe())?.InUseBy).toEqual([LoadBalancerArn]);
	expect(await refusal(acm.send(new DeleteCertificateCommand({ CertificateArn })))).toMatch(/^ResourceInUseException: .* is in use\.$/);
	expect(await refusal(elb.send(new DeleteTargetGroupCommand({ TargetGroupArn })))).toMatch(/^ResourceInUse(Exception)?: .* is currently in use by a listener or a rule/);
	expect(await request(DNSName, { tls: true, ca: CertificateChain })).toMatchObject({ status: 503, headers: { server: 'awselb/2.0' } });
	await expect(request(DNSName, { tls: true })).rejects.toThrow(/self-signed certificate in certificate chain/);

	await elb.send(new CreateListenerCommand({ LoadBalancerArn, Port: 80, Protocol: 'HTTP', DefaultActions: [{ Type: 'redirect', RedirectConfig: { Protocol: 'HTTPS', Port: '443', StatusCode: 'HTTP_301' } }] }));
	expect(await request(DNSName, { tls: false })).toMatchObject({ status: 301, headers: { location: 'https://airflow.example.com:443/a?b' } });

	await elb.send(new DeleteListenerCommand({ ListenerArn: Listeners?.[0]?.ListenerArn }));
	await expect(request(DNSName, { tls: true, ca: CertificateChain })).rejects.toThrow(/ECONNREFUSED/);
	await elb.send(new DeleteTargetGroupCommand({ TargetGroupArn }));
	await acm.send(new DeleteCertificateCommand({ CertificateArn }));
	await elb.send(new DeleteLoadBalancerCommand({ LoadBalancerArn }));
	await expect(request(DNSName, { tls: false })).rejects.toThrow(/ECONNREFUSED/);
	expect(await refusal(ec2.send(new DeleteSecurityGroupCommand({ GroupId: network.group })))).toMatch(/^DependencyViolation/);
	const held = async () => (await ec2.send(new DescribeNetworkInterfacesCommand({ Filters: [{ Name: 'group-id', Values: [network.group] }] }))).NetworkInterfaces ?? [];
	expect((await held()).map(({ Description }) => Description)).toEqual([expect.stringMatching(/^ELB app\/serving\/[0-9a-f]{16}$/), expect.stringMatching(/^ELB app\/serving\//)]);
	await eventually('the interfaces of the balancer are gone', async () => (await held()).length === 0);
});

test('what a balancer may not be made of', async () => {
	const make = (more: object) => refusal(elb.send(new CreateLoadBalancerCommand({ Name: 'wrong', Subnets: network.subnets, ...more })));
	expect(await make({ Subnets: network.subnets.slice(0, 1) })).toMatch(/: At least two subnets in two different Availability Zones must be specified$/);
	expect(await make({ Subnets: [...network.subnets, network.sameZone] })).toMatch(/^InvalidConfigurationRequest(Exception)?: A load balancer cannot be attached to multiple subnets in the same Availability Zone$/);
	expect(await make({ Name: 'internal-page' })).toMatch(/cannot begin with 'internal-'$/);
	expect(await make({ Name: `x${'y'.repeat(32)}` })).toMatch(/cannot be longer than '32' characters$/);
	const { LoadBalancerArn } = await newBalancer('taken');
	expect(await make({ Name: 'taken' })).toMatch(/^DuplicateLoadBalancerName(Exception)?: A load balancer with the same name 'taken' exists/);
	await elb.send(new ModifyLoadBalancerAttributesCommand({ LoadBalancerArn, Attributes: [{ Key: 'deletion_protection.enabled', Value: 'true' }] }));
	expect(await refusal(elb.send(new DeleteLoadBalancerCommand({ LoadBalancerArn })))).toMatch(/^OperationNotPermitted(Exception)?: .* deletion protection is enabled$/);
	await elb.send(new ModifyLoadBalancerAttributesCommand({ LoadBalancerArn, Attributes: [{ Key: 'deletion_protection.enabled', Value: 'false' }] }));
	await elb.send(new DeleteLoadBalancerCommand({ LoadBalancerArn }));
	const { LoadBalancers } = await elb.send(new DescribeLoadBalancersCommand({}));
	expect(LoadBalancers).toEqual([]);
});

test('targets of a group that nothing leads to are unused, and it does not remember balancers that are gone', async () => {
	const TargetGroupArn = await newGroup('idle');
	await elb.send(new RegisterTargetsCommand({ TargetGroupArn, Targets: [{ Id: '10.1.1.9' }] }));
	const { TargetHealthDescriptions } = await elb.send(new DescribeTargetHealthCommand({ TargetGroupArn }));
	expect(TargetHealthDescriptions).toMatchObject([{ Target: { Id: '10.1.1.9', Port: 8080 }, TargetHealth: { State: 'unused', Reason: 'Target.NotInUse' } }]);
	const { LoadBalancerArn } = await newBalancer('short-lived');
	await elb.send(new CreateListenerCommand({ LoadBalancerArn, Port: 80, Protocol: 'HTTP', DefaultActions: [{ Type: 'forward', TargetGroupArn }] }));
	const leading = async () => (await elb.send(new DescribeTargetGroupsCommand({ TargetGroupArns: [TargetGroupArn] }))).TargetGroups?.[0]?.LoadBalancerArns;
	expect(await leading()).toEqual([LoadBalancerArn]);
	await elb.send(new DeleteLoadBalancerCommand({ LoadBalancerArn }));
	expect(await leading()).toEqual([]);
	await elb.send(new DeleteTargetGroupCommand({ TargetGroupArn }));
});

test('changes of records are all made or none', async () => {
	const zone = await newZone('records.example.org');
	const one = cname('one.records.example.org', 'elsewhere.example.net');
	await change(zone, { Action: 'CREATE', ResourceRecordSet: one });
	const refused = (...changes: Change[]) => refusal(change(zone, ...changes));
	expect(await refused({ Action: 'CREATE', ResourceRecordSet: one })).toBe("InvalidChangeBatch: [Tried to create resource record set [name='one.records.example.org.', type='CNAME'] but it already exists]");
	expect(await refused({ Action: 'DELETE', ResourceRecordSet: cname('one.records.example.org', 'another.example.net') })).toMatch(/but the values provided do not match the current values\]$/);
	expect(await refused({ Action: 'CREATE', ResourceRecordSet: { Name: 'one.records.example.org', Type: 'A', TTL: 60, ResourceRecords: [{ Value: '192.0.2.1' }] } })).toMatch(/is not permitted because a conflicting RRSet of type CNAME/);
	expect(await refused({ Action: 'CREATE', ResourceRecordSet: cname('one.example.org', 'x.example.net') })).toBe('InvalidChangeBatch: [RRSet with DNS name one.example.org. is not permitted in zone records.example.org.]');
	expect(await refused({ Action: 'DELETE', ResourceRecordSet: one }, { Action: 'DELETE', ResourceRecordSet: cname('two.records.example.org', 'x') })).toMatch(/but it was not found\]$/);
	// The first of these was not made.
	await change(zone, { Action: 'DELETE', ResourceRecordSet: one });
});

test('a certificate that was brought is served with its chain', async () => {
	const authority = newAuthority('my company');
	const { certificate, key } = authority.issue(['airflow.example.com']);
	const { CertificateArn } = await acm.send(new ImportCertificateCommand({ Certificate: Buffer.from(certificate), PrivateKey: Buffer.from(key), CertificateChain: Buffer.from(authority.certificate) }));
	const { LoadBalancerArn, DNSName = '' } = await newBalancer('brought');
	const DefaultActions = [{ Type: 'fixed-response' as const, FixedResponseConfig: { StatusCode: '200', ContentType: 'text/plain', MessageBody: 'here' } }];
	await elb.send(new CreateListenerCommand({ LoadBalancerArn, Port: 443, Protocol: 'HTTPS', Certificates: [{ CertificateArn }], DefaultActions }));
	expect(await request(DNSName, { tls: true, ca: authority.certificate })).toMatchObject({ status: 200, text: 'here' });
	const { CertificateSummaryList } = await acm.send(new ListCertificatesCommand({}));
	expect(CertificateSummaryList).toMatchObject([{ CertificateArn, DomainName: 'airflow.example.com', InUse: true, SubjectAlternativeNameSummaries: ['airflow.example.com'] }]);
	await elb.send(new DeleteLoadBalancerCommand({ LoadBalancerArn }));
	await acm.send(new DeleteCertificateCommand({ CertificateArn }));
});
