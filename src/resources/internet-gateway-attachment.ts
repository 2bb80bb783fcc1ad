import { AttachInternetGatewayCommand, DescribeInternetGatewaysCommand, DetachInternetGatewayCommand, EC2Client } from '@aws-sdk/client-ec2';
import type { Aws } from '../aws/clients.ts';
import { type Context, defineResource } from '../engine/resource.ts';
import { ec2Arn, filter, notYetVisible } from './ec2.ts';
import { removeWhenFree } from './held.ts';
import { holderGrants, interfaceHolders } from './network-interfaces.ts';
import { grantsObject } from './ownership.ts';
import { retrying } from './retrying.ts';
import { ignoring, until } from './support.ts';

type Attachment = { vpcId: string; internetGatewayId: string };

export const InternetGatewayAttachment = defineResource<Aws, Attachment, Attachment>({
	type: 'AWS::EC2::VPCGatewayAttachment',
	standsOn: ['AWS::EC2::InternetGateway', 'AWS::EC2::VPC'],
	immutable: ['vpcId', 'internetGatewayId'],
	// A VPC takes one internet gateway.
	replacement: 'delete-first',
	permissions: [
		{ actions: ['ec2:DescribeInternetGateways'], on: ['*'] },
		...holderGrants,
		{ actions: ['ec2:AttachInternetGateway'], on: [ec2Arn('internet-gateway'), ec2Arn('vpc')], for: 'up', condition: grantsObject },
		{ actions: ['ec2:DetachInternetGateway'], on: [ec2Arn('internet-gateway'), ec2Arn('vpc')], condition: grantsObject },
	],

	id: ({ vpcId, internetGatewayId }) => `${internetGatewayId}|${vpcId}`,

	find: async (ctx, props) => ((await state(ctx, props)) === undefined ? undefined : props),

	async create(ctx, props) {
		await retrying(ctx, () =>
			ignoring(['Resource.AlreadyAssociated'], ctx.aws.client(EC2Client).send(new AttachInternetGatewayCommand({ VpcId: props.vpcId, InternetGatewayId: props.internetGatewayId }))), notYetVisible);
		return props;
	},

	async wait(ctx, outputs) {
		await until(ctx, async () => ['available', 'attached'].includes((await state(ctx, outputs)) ?? ''), 'the internet gateway to be attached');
		return outputs;
	},

	async remove(ctx, outputs) {
		const { vpcId, internetGatewayId } = outputs;
		if ((await state(ctx, outputs)) === undefined) return;
		const detach = new DetachInternetGatewayCommand({ VpcId: vpcId, InternetGatewayId: internetGatewayId });
		await removeWhenFree(
			ctx,
			`the attachment of ${internetGatewayId}`,
			// "Network vpc-… has some mapped public address(es)": tasks and balancers hold the gateway through them.
			() => interfaceHolders(ctx, [filter('vpc-id', vpcId)], ({ Association }) => Association?.PublicIp !== undefined),
			() => ignoring(['Gateway.NotAttached', 'InvalidInternetGatewayID.NotFound', 'InvalidVpcID.NotFound'], ctx.aws.client(EC2Client).send(detach)),
		);
		await until(ctx, async () => (await state(ctx, outputs)) === undefined, 'the internet gateway to be detached');
	},

	exists: async (ctx, outputs) => (await state(ctx, outputs)) !== undefined,
});

async function state(ctx: Context<Aws>, { vpcId, internetGatewayId }: Attachment): Promise<string | undefined> {
	const answer = await ignoring(
		['InvalidInternetGatewayID.NotFound'],
		ctx.aws.client(EC2Client).send(new DescribeInternetGatewaysCommand({ InternetGatewayIds: [internetGatewayId] })),
	);
	const attachment = answer?.InternetGateways?.[0]?.Attachments?.find(({ VpcId }) => VpcId === vpcId);
	return attachment?.State === 'detached' ? undefined : attachment?.State;
}
