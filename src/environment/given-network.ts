import { DescribeDhcpOptionsCommand, DescribeVpcAttributeCommand, DescribeVpcsCommand, EC2Client, type Vpc } from '@aws-sdk/client-ec2';
import type { Aws } from '../aws/clients.ts';
import type { Config } from '../config/config.ts';
import { ignoring } from '../resources/support.ts';
import { networkUnfit } from './network-unfit.ts';
import { unlessRefused } from './not-checked.ts';
import type { Options } from './options.ts';
import { type GivenSubnet, givenSubnets } from './given-subnets.ts';
import { missingEndpoints } from './vpc-endpoints.ts';
import { fitZones } from './zones.ts';

/** Free addresses that one subnet may have to give: to all that a first deployment makes, and to a release beside what stands. */
export const addressesNeeded = { first: 6, release: 2 };

/**
 * The user's own VPC and subnets: whether tasks in them find their file system, pull their image and reach AWS.
 * @param addresses that must be free in each subnet
 * @throws UserError `NetworkUnfit`, before anything is made
 */
export async function assertGivenNetwork(options: Options, vpcId: string, addresses = addressesNeeded.first): Promise<void> {
	const { aws, config, warn } = options;
	const [subnets, zones] = await Promise.all([givenSubnets(aws, vpcId, config.subnetIds), fitZones(aws, config), assertNamesResolve(options, vpcId)]);
	assertZones(aws, subnets, zones, config);
	for (const { subnetId, free } of subnets) {
		if (free < addresses) throw networkUnfit(`${subnetId} has ${free} free addresses, and ${addresses} may be needed`, 'set AIRFLOW_DEPLOY_SUBNET_IDS to larger subnets');
	}
	await assertWayOut(aws, config, subnets);
	const shut = subnets.filter(({ wayOut }) => wayOut !== 'internet gateway');
	if (shut.length > 0) warn(`tasks in ${shut.map(({ subnetId }) => subnetId).join(', ')} cannot be reached from the internet: neither can the web page`);
}

/** What the subnets' routes need: a task behind an internet gateway has no way out without a public address of its own. */
export async function publicAddresses(aws: Aws, config: Config): Promise<boolean> {
	if (config.assignPublicIp !== undefined) return config.assignPublicIp;
	if (config.vpcId === undefined) return true;
	return (await givenSubnets(aws, config.vpcId, config.subnetIds)).some(({ wayOut }) => wayOut === 'internet gateway');
}

/** EFS allows one mount target a zone, RDS wants two zones. */
function assertZones({ region }: Aws, subnets: readonly GivenSubnet[], fit: readonly string[], { dbInstanceClass }: Config): void {
	const [a, b] = subnets;
	if (a?.zone === b?.zone) throw networkUnfit(`${a?.subnetId} and ${b?.subnetId} lie in the same zone (${a?.zone}): EFS and RDS need two`, 'set AIRFLOW_DEPLOY_SUBNET_IDS to subnets in different zones');
	const bad = subnets.find(({ zone }) => !fit.includes(zone));
	if (bad) throw networkUnfit(`${bad.subnetId} lies in ${bad.zone}, which lacks Fargate, EFS or ${dbInstanceClass}`, `set AIRFLOW_DEPLOY_SUBNET_IDS to subnets in ${fit.join(', ') || `other zones of ${region}`}`);
}

async function assertWayOut(aws: Aws, config: Config, subnets: readonly GivenSubnet[]): Promise<void> {
	const closed = subnets.filter(({ wayOut }) => wayOut === 'none' || (wayOut === 'internet gateway' && config.assignPublicIp === false));
	const [first] = closed;
	if (!first) return;
	const why = first.wayOut === 'none' ? 'has no route to 0.0.0.0/0' : 'leads to an internet gateway, which carries public addresses only, and AIRFLOW_DEPLOY_ASSIGN_PUBLIC_IP is false';
	const missing = await missingEndpoints(aws, first.vpcId, closed.map(({ routeTableId }) => routeTableId));
	if (missing.length > 0) throw networkUnfit(`${first.subnetId} ${why} (${first.routeTableId}), and its VPC has no endpoint for ${missing.join(', ')}: tasks could not start`, 'add a route to a NAT gateway, or these endpoints with private DNS, or choose other subnets');
	if (config.image !== undefined && !/\.dkr\.ecr\./.test(config.image)) throw networkUnfit(`${first.subnetId} ${why}, so ${config.image} cannot be pulled: only ECR can be reached through endpoints`, 'copy the image into ECR and set AIRFLOW_DEPLOY_IMAGE to it');
}

/** Both DNS attributes of the VPC, and who resolves for it: else tasks say `Failed to resolve "fs-….efs…"`. */
async function assertNamesResolve({ aws, warn }: Options, vpcId: string): Promise<void> {
	const ec2 = aws.client(EC2Client);
	const answer = await ignoring(['InvalidVpcID.NotFound'], ec2.send(new DescribeVpcsCommand({ VpcIds: [vpcId] })));
	const vpc = answer?.Vpcs?.[0];
	if (!vpc) throw networkUnfit(`there is no VPC ${vpcId} in ${aws.region}`, `aws ec2 describe-vpcs --region ${aws.region} --query 'Vpcs[].VpcId'`);
	const [support, hostnames] = await Promise.all([
		ec2.send(new DescribeVpcAttributeCommand({ VpcId: vpcId, Attribute: 'enableDnsSupport' })),
		ec2.send(new DescribeVpcAttributeCommand({ VpcId: vpcId, Attribute: 'enableDnsHostnames' })),
	]);
	if (support.EnableDnsSupport?.Value !== true) throw dnsOff(vpcId, 'enableDnsSupport', '--enable-dns-support');
	if (hostnames.EnableDnsHostnames?.Value !== true) throw dnsOff(vpcId, 'enableDnsHostnames', '--enable-dns-hostnames');
	const servers = await unlessRefused(warn, `the DNS servers of ${vpcId}`, dnsServers(aws, vpc));
	if (servers !== undefined && servers.length > 0 && !servers.includes('AmazonProvidedDNS')) {
		warn(`${vpcId} asks ${servers.join(', ')} for names: they must forward *.efs.${aws.region}.* to AWS's resolver, or tasks do not find their file system`);
	}
}

function dnsOff(vpcId: string, attribute: string, flag: string): Error {
	return networkUnfit(`${vpcId} has ${attribute} off: tasks could not find their file system`, `aws ec2 modify-vpc-attribute --vpc-id ${vpcId} ${flag}`);
}

async function dnsServers(aws: Aws, { DhcpOptionsId }: Vpc): Promise<string[]> {
	if (DhcpOptionsId === undefined || DhcpOptionsId === 'default') return [];
	const { DhcpOptions = [] } = await aws.client(EC2Client).send(new DescribeDhcpOptionsCommand({ DhcpOptionsIds: [DhcpOptionsId] }));
	const servers = DhcpOptions.flatMap(({ DhcpConfigurations = [] }) => DhcpConfigurations).find(({ Key }) => Key === 'domain-name-servers');
	return servers?.Values?.flatMap(({ Value }) => Value ?? []) ?? [];
}
