import {
	CreateVpcCommand,
	DeleteVpcCommand,
	DescribeInternetGatewaysCommand,
	DescribeRouteTablesCommand,
	DescribeSecurityGroupsCommand,
	DescribeSubnetsCommand,
	DescribeVpcsCommand,
	EC2Client,
	type Vpc as Description,
} from '@aws-sdk/client-ec2';
import type { Aws } from '../aws/clients.ts';
import { type Context, defineResource } from '../engine/resource.ts';
import { createOnce } from './create-once.ts';
import { byIdentity, ec2Grants, filter, specification, tagEc2 } from './ec2.ts';
import { described, type Holder, removeWhenFree, tagsText } from './held.ts';
import { holderGrants, interfaceHolders } from './network-interfaces.ts';
import { assertOurs } from './ownership.ts';
import { ignoring, required, until } from './support.ts';

type Props = { cidr: string };
type Outputs = { vpcId: string };

export const Vpc = defineResource<Aws, Props, Outputs>({
	type: 'AWS::EC2::VPC',
	immutable: ['cidr'],
	permissions: [
		...ec2Grants({ type: 'vpc', create: 'CreateVpc', describe: ['DescribeVpcs', 'DescribeSubnets', 'DescribeSecurityGroups', 'DescribeInternetGateways', 'DescribeRouteTables'], remove: 'DeleteVpc' }),
		...holderGrants,
	],

	id: ({ vpcId }) => vpcId,

	find,

	create(ctx, { cidr }) {
		const command = new CreateVpcCommand({ CidrBlock: cidr, TagSpecifications: specification(ctx, 'vpc') });
		const send = async (): Promise<Outputs> => {
			const { Vpc } = await ctx.aws.cautious(EC2Client).send(command);
			return { vpcId: required(Vpc?.VpcId) };
		};
		return createOnce(ctx, send, () => find(ctx));
	},

	async wait(ctx, outputs) {
		await until(ctx, async () => (await describe(ctx, outputs))?.State === 'available', 'VPC to become available');
		return outputs;
	},

	tag: tagEc2(({ vpcId }) => [vpcId]),

	async remove(ctx, outputs) {
		const vpc = await describe(ctx, outputs);
		if (!vpc) return;
		assertOurs(ctx, `VPC ${outputs.vpcId}`, vpc.Tags);
		await removeWhenFree(
			ctx,
			`VPC ${outputs.vpcId}`,
			() => contents(ctx, outputs),
			() => ignoring(['InvalidVpcID.NotFound'], ctx.aws.client(EC2Client).send(new DeleteVpcCommand({ VpcId: outputs.vpcId }))),
		);
	},

	exists: async (ctx, outputs) => (await describe(ctx, outputs)) !== undefined,
});

async function find(ctx: Context<Aws>): Promise<Outputs | undefined> {
	const { Vpcs } = await ctx.aws.client(EC2Client).send(new DescribeVpcsCommand({ Filters: byIdentity(ctx) }));
	const vpc = Vpcs?.find(({ VpcId }) => !ctx.superseded.has(required(VpcId)));
	return vpc && { vpcId: required(vpc.VpcId) };
}

async function describe(ctx: Context<Aws>, { vpcId }: Outputs): Promise<Description | undefined> {
	const answer = await ignoring(['InvalidVpcID.NotFound'], ctx.aws.client(EC2Client).send(new DescribeVpcsCommand({ VpcIds: [vpcId] })));
	return answer?.Vpcs?.[0];
}

/** What DeleteVpc does not take along; the default group, the main route table and the default ACL it does. */
async function contents(ctx: Context<Aws>, { vpcId }: Outputs): Promise<Holder[]> {
	const ec2 = ctx.aws.client(EC2Client);
	const inside = { Filters: [filter('vpc-id', vpcId)] };
	const [interfaces, { Subnets }, { SecurityGroups }, { RouteTables }, { InternetGateways }] = await Promise.all([
		interfaceHolders(ctx, inside.Filters),
		ec2.send(new DescribeSubnetsCommand(inside)),
		ec2.send(new DescribeSecurityGroupsCommand(inside)),
		ec2.send(new DescribeRouteTablesCommand(inside)),
		ec2.send(new DescribeInternetGatewaysCommand({ Filters: [filter('attachment.vpc-id', vpcId)] })),
	]);
	const others = [
		...(Subnets ?? []).map(({ SubnetId, Tags }) => described(`subnet ${SubnetId}`, tagsText(Tags))),
		...(SecurityGroups ?? []).filter(({ GroupName }) => GroupName !== 'default').map(({ GroupId, GroupName, Description, Tags }) => described(`security group ${GroupId}`, GroupName, Description, tagsText(Tags))),
		...(RouteTables ?? []).filter(({ Associations }) => !Associations?.some(({ Main }) => Main)).map(({ RouteTableId, Tags }) => described(`route table ${RouteTableId}`, tagsText(Tags))),
		...(InternetGateways ?? []).map(({ InternetGatewayId, Tags }) => described(`internet gateway ${InternetGatewayId}`, tagsText(Tags))),
	];
	return [...interfaces, ...others.map((what) => ({ what, goesAway: false }))];
}
