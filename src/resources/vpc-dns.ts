import { DescribeVpcAttributeCommand, EC2Client, ModifyVpcAttributeCommand } from '@aws-sdk/client-ec2';
import type { Aws } from '../aws/clients.ts';
import { type Context, defineResource } from '../engine/resource.ts';
import { ec2Arn, notYetVisible } from './ec2.ts';
import { grantsObject } from './ownership.ts';
import { retrying } from './retrying.ts';
import { ignoring } from './support.ts';

type Props = { vpcId: string };
type Outputs = { vpcId: string; enableDnsSupport: boolean; enableDnsHostnames: boolean };

/**
 * DNS in a VPC: without host names no task finds its file system (`Failed to resolve "fs-….efs.…"`).
 * A new VPC has support and no host names, so it exists once host names are on.
 */
export const VpcDns = defineResource<Aws, Props, Outputs>({
	type: 'AWS::EC2::VPCDnsAttributes',
	immutable: ['vpcId'],
	permissions: [
		{ actions: ['ec2:DescribeVpcAttribute'], on: ['*'] },
		{ actions: ['ec2:ModifyVpcAttribute'], on: [ec2Arn('vpc')], condition: grantsObject },
	],

	id: ({ vpcId }) => vpcId,

	async find(ctx, { vpcId }) {
		const found = await describe(ctx, vpcId);
		return found?.enableDnsHostnames === true ? found : undefined;
	},

	create: turnOn,
	matches: (_props, { enableDnsSupport, enableDnsHostnames }) => enableDnsSupport && enableDnsHostnames,
	update: turnOn,

	async remove(ctx, { vpcId }) {
		await ignoring(['InvalidVpcID.NotFound'], ctx.aws.client(EC2Client).send(new ModifyVpcAttributeCommand({ VpcId: vpcId, EnableDnsHostnames: { Value: false } })));
	},

	exists: (ctx, { vpcId }) => isOn(ctx, vpcId, 'enableDnsHostnames').then((on) => on === true),
});

/** ModifyVpcAttribute takes one attribute a call; host names need support. */
async function turnOn(ctx: Context<Aws>, { vpcId }: Props): Promise<Outputs> {
	const modify = (attribute: object): Promise<unknown> =>
		retrying(ctx, () => ctx.aws.client(EC2Client).send(new ModifyVpcAttributeCommand({ VpcId: vpcId, ...attribute })), notYetVisible);
	await modify({ EnableDnsSupport: { Value: true } });
	await modify({ EnableDnsHostnames: { Value: true } });
	return { vpcId, enableDnsSupport: true, enableDnsHostnames: true };
}

async function describe(ctx: Context<Aws>, vpcId: string): Promise<Outputs | undefined> {
	const [enableDnsSupport, enableDnsHostnames] = await Promise.all([isOn(ctx, vpcId, 'enableDnsSupport'), isOn(ctx, vpcId, 'enableDnsHostnames')]);
	return enableDnsSupport === undefined || enableDnsHostnames === undefined ? undefined : { vpcId, enableDnsSupport, enableDnsHostnames };
}

/** Undefined where there is no such VPC. */
async function isOn(ctx: Context<Aws>, vpcId: string, attribute: 'enableDnsSupport' | 'enableDnsHostnames'): Promise<boolean | undefined> {
	const ask = new DescribeVpcAttributeCommand({ VpcId: vpcId, Attribute: attribute });
	const answer = await ignoring(['InvalidVpcID.NotFound'], ctx.aws.client(EC2Client).send(ask));
	return answer && (attribute === 'enableDnsSupport' ? answer.EnableDnsSupport : answer.EnableDnsHostnames)?.Value === true;
}
