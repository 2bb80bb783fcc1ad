import { DescribeSubnetsCommand, DescribeVpcAttributeCommand, EC2Client } from '@aws-sdk/client-ec2';
import type { Aws } from '../aws/clients.ts';
import { defineAction } from '../engine/resource.ts';
import { Exit, UserError } from '../errors.ts';

const permissions = [{ actions: ['ec2:DescribeVpcAttribute', 'ec2:DescribeSubnets'], on: ['*'], for: 'up' }] as const;

/** The user's own VPC: looked at, never changed, never removed. EFS needs both of its DNS settings. */
export const GivenVpc = defineAction<Aws, { vpcId: string }, { vpcId: string }>({
	type: 'AirflowDeploy::GivenVpc',
	permissions,
	async run(ctx, { vpcId }) {
		for (const Attribute of ['enableDnsSupport', 'enableDnsHostnames'] as const) {
			const answer = await ctx.aws.client(EC2Client).send(new DescribeVpcAttributeCommand({ VpcId: vpcId, Attribute }));
			const value = Attribute === 'enableDnsSupport' ? answer.EnableDnsSupport?.Value : answer.EnableDnsHostnames?.Value;
			if (value !== true) throw unfit(`${vpcId} has ${Attribute} off: tasks could not find their EFS file system`, `aws ec2 modify-vpc-attribute --vpc-id ${vpcId} --${kebab(Attribute)}`);
		}
		return { vpcId };
	},
});

/** One of the user's own subnets. */
export const GivenSubnet = defineAction<Aws, { subnetId: string; vpcId: string }, { subnetId: string; zone: string }>({
	type: 'AirflowDeploy::GivenSubnet',
	permissions,
	async run(ctx, { subnetId, vpcId }) {
		const { Subnets = [] } = await ctx.aws.client(EC2Client).send(new DescribeSubnetsCommand({ SubnetIds: [subnetId] }));
		const [subnet] = Subnets;
		if (subnet?.VpcId !== vpcId) throw unfit(`subnet ${subnetId} lies in ${subnet?.VpcId ?? 'no VPC'}, not in ${vpcId}`, 'set AIRFLOW_DEPLOY_SUBNET_IDS to two subnets of AIRFLOW_DEPLOY_VPC_ID');
		return { subnetId, zone: subnet.AvailabilityZone ?? '' };
	},
});

function unfit(message: string, hint: string): UserError {
	return new UserError('NetworkUnfit', message, { hint, exit: Exit.usage });
}

function kebab(name: string): string {
	return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
