import { CreateInternetGatewayCommand, DeleteInternetGatewayCommand, DescribeInternetGatewaysCommand, EC2Client, type InternetGateway as Description } from '@aws-sdk/client-ec2';
import type { Aws } from '../aws/clients.ts';
import { type Context, defineResource } from '../engine/resource.ts';
import { byIdentity, ec2Grants, specification } from './ec2.ts';
import { removeWhenFree } from './held.ts';
import { assertOurs } from './ownership.ts';
import { ignoring, required } from './support.ts';

type Outputs = { internetGatewayId: string };

export const InternetGateway = defineResource<Aws, Record<string, never>, Outputs>({
	type: 'AWS::EC2::InternetGateway',
	permissions: ec2Grants({ type: 'internet-gateway', create: 'CreateInternetGateway', describe: ['DescribeInternetGateways'], remove: 'DeleteInternetGateway' }),

	id: ({ internetGatewayId }) => internetGatewayId,

	async find(ctx) {
		const { InternetGateways } = await ctx.aws.client(EC2Client).send(new DescribeInternetGatewaysCommand({ Filters: byIdentity(ctx) }));
		const gateway = InternetGateways?.find(({ InternetGatewayId }) => !ctx.superseded.has(required(InternetGatewayId)));
		return gateway && { internetGatewayId: required(gateway.InternetGatewayId) };
	},

	async create(ctx) {
		const { InternetGateway } = await ctx.aws.client(EC2Client).send(new CreateInternetGatewayCommand({ TagSpecifications: specification(ctx, 'internet-gateway') }));
		return { internetGatewayId: required(InternetGateway?.InternetGatewayId) };
	},

	async remove(ctx, outputs) {
		const gateway = await describe(ctx, outputs);
		if (!gateway) return;
		const what = `internet gateway ${outputs.internetGatewayId}`;
		assertOurs(ctx, what, gateway.Tags);
		await removeWhenFree(
			ctx,
			what,
			async () => ((await describe(ctx, outputs))?.Attachments ?? []).map(({ VpcId }) => ({ what: `its attachment to ${VpcId}`, goesAway: false })),
			() => ignoring(['InvalidInternetGatewayID.NotFound'], ctx.aws.client(EC2Client).send(new DeleteInternetGatewayCommand({ InternetGatewayId: outputs.internetGatewayId }))),
		);
	},

	exists: async (ctx, outputs) => (await describe(ctx, outputs)) !== undefined,
});

async function describe(ctx: Context<Aws>, { internetGatewayId }: Outputs): Promise<Description | undefined> {
	const answer = await ignoring(
		['InvalidInternetGatewayID.NotFound'],
		ctx.aws.client(EC2Client).send(new DescribeInternetGatewaysCommand({ InternetGatewayIds: [internetGatewayId] })),
	);
	return answer?.InternetGateways?.[0];
}
