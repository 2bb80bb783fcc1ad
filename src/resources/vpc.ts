import { CreateVpcCommand, DeleteVpcCommand, DescribeVpcsCommand, EC2Client, type Vpc as Description } from '@aws-sdk/client-ec2';
import type { Aws } from '../aws/clients.ts';
import { type Context, defineResource } from '../engine/resource.ts';
import { byIdentity, specification } from './ec2.ts';
import { ignoring, required, until } from './support.ts';

type Props = { cidr: string };
type Outputs = { vpcId: string };

export const Vpc = defineResource<Aws, Props, Outputs>({
	type: 'AWS::EC2::VPC',
	immutable: ['cidr'],
	permissions: [
		{ actions: ['ec2:DescribeVpcs'], on: ['*'] },
		{ actions: ['ec2:CreateVpc', 'ec2:CreateTags'], on: ['arn:{partition}:ec2:{region}:{account}:vpc/*'], for: 'up' },
		{ actions: ['ec2:DeleteVpc'], on: ['arn:{partition}:ec2:{region}:{account}:vpc/*'], for: 'teardown' },
	],

	id: ({ vpcId }) => vpcId,

	async find(ctx) {
		const { Vpcs } = await ctx.aws.client(EC2Client).send(new DescribeVpcsCommand({ Filters: byIdentity(ctx) }));
		const vpc = Vpcs?.find(({ VpcId }) => !ctx.superseded.has(required(VpcId)));
		return vpc && { vpcId: required(vpc.VpcId) };
	},

	async create(ctx, { cidr }) {
		const { Vpc } = await ctx.aws.client(EC2Client).send(new CreateVpcCommand({ CidrBlock: cidr, TagSpecifications: specification(ctx, 'vpc') }));
		return { vpcId: required(Vpc?.VpcId) };
	},

	async wait(ctx, outputs) {
		await until(ctx, async () => (await describe(ctx, outputs))?.State === 'available', 'VPC to become available');
		return outputs;
	},

	async remove(ctx, { vpcId }) {
		await ignoring(['InvalidVpcID.NotFound'], ctx.aws.client(EC2Client).send(new DeleteVpcCommand({ VpcId: vpcId })));
	},

	exists: async (ctx, outputs) => (await describe(ctx, outputs)) !== undefined,
});

async function describe(ctx: Context<Aws>, { vpcId }: Outputs): Promise<Description | undefined> {
	const answer = await ignoring(['InvalidVpcID.NotFound'], ctx.aws.client(EC2Client).send(new DescribeVpcsCommand({ VpcIds: [vpcId] })));
	return answer?.Vpcs?.[0];
}
