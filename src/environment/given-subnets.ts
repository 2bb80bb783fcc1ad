import { DescribeSubnetsCommand, EC2Client, paginateDescribeRouteTables, type Route, type RouteTable, type Subnet } from '@aws-sdk/client-ec2';
import type { Aws } from '../aws/clients.ts';
import { ignoring } from '../resources/support.ts';
import { networkUnfit } from './network-unfit.ts';

export interface GivenSubnet {
	readonly subnetId: string;
	readonly vpcId: string;
	/** By name. */
	readonly zone: string;
	/** Free IPv4 addresses. */
	readonly free: number;
	readonly routeTableId: string;
	/** Where its route to 0.0.0.0/0 leads; `behind an address` is a NAT, a transit gateway, a firewall: it carries private addresses. */
	readonly wayOut: 'internet gateway' | 'behind an address' | 'none';
}

/**
 * The user's subnets as AWS shows them, in the order given.
 * @throws UserError `NetworkUnfit` for one that does not exist or lies in another VPC
 */
export async function givenSubnets(aws: Aws, vpcId: string, subnetIds: readonly string[]): Promise<GivenSubnet[]> {
	const ask = aws.client(EC2Client).send(new DescribeSubnetsCommand({ SubnetIds: [...subnetIds] }));
	const [answer, tables] = await Promise.all([ignoring(['InvalidSubnetID.NotFound'], ask), routeTables(aws, vpcId)]);
	return subnetIds.map((id) => {
		const subnet = answer?.Subnets?.find(({ SubnetId }) => SubnetId === id);
		if (!subnet) throw networkUnfit(`one of ${subnetIds.join(', ')} does not exist in ${aws.region}`, `aws ec2 describe-subnets --region ${aws.region} --filters Name=vpc-id,Values=${vpcId} --query 'Subnets[].SubnetId'`);
		if (subnet.VpcId !== vpcId) throw networkUnfit(`${id} lies in ${subnet.VpcId}, not in ${vpcId}`, 'set AIRFLOW_DEPLOY_SUBNET_IDS to two subnets of AIRFLOW_DEPLOY_VPC_ID');
		return describe(subnet, vpcId, tables);
	});
}

async function routeTables(aws: Aws, vpcId: string): Promise<RouteTable[]> {
	const tables: RouteTable[] = [];
	for await (const page of paginateDescribeRouteTables({ client: aws.client(EC2Client) }, { Filters: [{ Name: 'vpc-id', Values: [vpcId] }] })) tables.push(...(page.RouteTables ?? []));
	return tables;
}

/** A subnet without an association of its own uses the VPC's main table. */
function describe({ SubnetId = '', AvailabilityZone = '', AvailableIpAddressCount = 0 }: Subnet, vpcId: string, tables: readonly RouteTable[]): GivenSubnet {
	const own = tables.find(({ Associations = [] }) => Associations.some((association) => association.SubnetId === SubnetId));
	const table = own ?? tables.find(({ Associations = [] }) => Associations.some(({ Main }) => Main === true));
	const route = table?.Routes?.find(({ DestinationCidrBlock, State }) => DestinationCidrBlock === '0.0.0.0/0' && State !== 'blackhole');
	return { subnetId: SubnetId, vpcId, zone: AvailabilityZone, free: AvailableIpAddressCount, routeTableId: table?.RouteTableId ?? '', wayOut: wayOutOf(route) };
}

function wayOutOf(route: Route | undefined): GivenSubnet['wayOut'] {
	if (!route) return 'none';
	return route.GatewayId?.startsWith('igw-') === true ? 'internet gateway' : 'behind an address';
}
