import { CreateInternetGatewayCommand, DeleteInternetGatewayCommand, DescribeInternetGatewaysCommand, EC2Client, type InternetGateway as Description } from '@aws-sdk/client-ec2';
import type { Aws } from '../aws/clients.ts';
import { type Context, defineResource } from '../engine/resource.ts';
import { createOnce } from './create-once.ts';
import { byIdentity, ec2Grants, specification, tagEc2 } from './ec2.ts';
import { removeWhenFree } from './held.ts';
import { assertOurs } from './ownership.ts';
import { ignoring, required } from './support.ts';

type Outputs = { internetGatewayId: string };

export const InternetGateway = defineResource<Aws, Record<string, never>, Outputs>({
	type: 'AWS::EC2::InternetGateway',
	permissions: ec2Grants({ type: 'internet-gateway', create: 'CreateInternetGateway', describe: ['DescribeInternetGateways'], remove: 'DeleteInternetGateway' }),

	id: ({ internetGatewayId }) => internetGatewayId,

	find,

	create(ctx) {
		const command = new CreateInternetGatewayCommand({ TagSpecifications: specification(ctx, 'internet-gateway') });
		const send = async (): Promise<Outputs> => {
			const { InternetGateway } = await ctx.aws.cautious(EC2Client).send(command);
			return { internetGatewayId: required(InternetGateway?.InternetGatewayId) };
		};
		return createOnce(ctx, send, () => find(ctx));
	},

	tag: tagEc2(({ internetGatewayId }) => [internetGatewayId]),

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

async function find(ctx: Context<Aws>): Promise<Outputs | undefined> {
	const { InternetGateways } = await ctx.aws.client(EC2Client).send(new DescribeInternetGatewaysCommand({ Filters: byIdentity(ctx) }));
	const gateway = InternetGateways?.find(({ InternetGatewayId }) => !ctx.superseded.has(required(InternetGatewayId)));
	return gateway && { internetGatewayId: required(gateway.InternetGatewayId) };
}

async function describe(ctx: Context<Aws>, { internetGatewayId }: Outputs): Promise<Description | undefined> {
	const answer = await ignoring(
		['InvalidInternetGatewayID.NotFound'],
		ctx.aws.client(EC2Client).send(new DescribeInternetGatewaysCommand({ InternetGatewayIds: [internetGatewayId] })),
	);
	return answer?.InternetGateways?.[0];
}
