import { CreateSubnetCommand, DeleteSubnetCommand, DescribeSubnetsCommand, EC2Client, type Subnet as Description } from '@aws-sdk/client-ec2';
import type { Aws } from '../aws/clients.ts';
import { type Context, defineResource } from '../engine/resource.ts';
import { byIdentity, ec2Grants, filter, notYetVisible, specification, tagEc2 } from './ec2.ts';
import { removeWhenFree } from './held.ts';
import { holderGrants, interfaceHolders } from './network-interfaces.ts';
import { assertOurs } from './ownership.ts';
import { retrying } from './retrying.ts';
import { ignoring, required, until } from './support.ts';

type Props = { vpcId: string; cidr: string; zone: string };
type Outputs = { subnetId: string; zone: string };

export const Subnet = defineResource<Aws, Props, Outputs>({
	type: 'AWS::EC2::Subnet',
	standsOn: ['AWS::EC2::VPC'],
	immutable: ['vpcId', 'cidr', 'zone'],
	// Two subnets cannot share a range.
	replacement: 'delete-first',
	permissions: [...ec2Grants({ type: 'subnet', create: 'CreateSubnet', describe: ['DescribeSubnets'], remove: 'DeleteSubnet', within: ['vpc'] }), ...holderGrants],

	id: ({ subnetId }) => subnetId,

	async find(ctx) {
		const { Subnets } = await ctx.aws.client(EC2Client).send(new DescribeSubnetsCommand({ Filters: byIdentity(ctx) }));
		const subnet = Subnets?.find(({ SubnetId }) => !ctx.superseded.has(required(SubnetId)));
		return subnet && outputsOf(subnet);
	},

	// No client token: a second call would meet the first one's range (InvalidSubnet.Conflict), and the subnet is then found.
	async create(ctx, { vpcId, cidr, zone }) {
		const command = new CreateSubnetCommand({ VpcId: vpcId, CidrBlock: cidr, AvailabilityZone: zone, TagSpecifications: specification(ctx, 'subnet') });
		const { Subnet } = await retrying(ctx, () => ctx.aws.client(EC2Client).send(command), notYetVisible);
		return outputsOf(required(Subnet));
	},

	async wait(ctx, outputs) {
		await until(ctx, async () => (await describe(ctx, outputs))?.State === 'available', 'subnet to become available');
		return outputs;
	},

	tag: tagEc2(({ subnetId }) => [subnetId]),

	async remove(ctx, outputs) {
		const subnet = await describe(ctx, outputs);
		if (!subnet) return;
		assertOurs(ctx, `subnet ${outputs.subnetId}`, subnet.Tags);
		await removeWhenFree(
			ctx,
			`subnet ${outputs.subnetId}`,
			() => interfaceHolders(ctx, [filter('subnet-id', outputs.subnetId)]),
			() => ignoring(['InvalidSubnetID.NotFound'], ctx.aws.client(EC2Client).send(new DeleteSubnetCommand({ SubnetId: outputs.subnetId }))),
		);
	},

	exists: async (ctx, outputs) => (await describe(ctx, outputs)) !== undefined,
});

function outputsOf({ SubnetId, AvailabilityZone }: Description): Outputs {
	return { subnetId: required(SubnetId), zone: required(AvailabilityZone) };
}

async function describe(ctx: Context<Aws>, { subnetId }: Outputs): Promise<Description | undefined> {
	const answer = await ignoring(['InvalidSubnetID.NotFound'], ctx.aws.client(EC2Client).send(new DescribeSubnetsCommand({ SubnetIds: [subnetId] })));
	return answer?.Subnets?.[0];
}
