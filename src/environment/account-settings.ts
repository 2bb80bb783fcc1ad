import { DescribeVpcBlockPublicAccessOptionsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { ECSClient, ListAccountSettingsCommand, type Setting } from '@aws-sdk/client-ecs';
import { UserError } from '../errors.ts';
import { unlessRefused } from './not-checked.ts';
import type { Options } from './options.ts';

/**
 * Settings of the account under which every create would succeed and nothing would work.
 * @throws UserError `LongArnsOff`, `PublicAccessBlocked`
 */
export async function assertAccountSettings({ aws, config, warn }: Options): Promise<void> {
	const ask = new ListAccountSettingsCommand({ effectiveSettings: true });
	const [settings, access] = await Promise.all([
		unlessRefused(warn, 'the account settings of ECS', aws.client(ECSClient).send(ask)),
		unlessRefused(warn, "the region's block of public access to VPCs", aws.client(EC2Client).send(new DescribeVpcBlockPublicAccessOptionsCommand({}))),
	]);
	assertLongArns(settings?.settings ?? []);
	assertPublicAccess(access?.VpcBlockPublicAccessOptions?.InternetGatewayBlockMode ?? 'off', { own: config.vpcId === undefined, region: aws.region, warn });
}

/** An account from before 2018 may have them off, and ECS then refuses tags. */
export function assertLongArns(settings: readonly Setting[]): void {
	const off = settings.find(({ name, value }) => /^(service|task)LongArnFormat$/.test(name ?? '') && value !== 'enabled');
	if (!off) return;
	throw new UserError('LongArnsOff', `ECS has the setting ${off.name} ${off.value} in this account, and then takes no tags`, {
		hint: `aws ecs put-account-setting-default --name ${off.name} --value enabled`,
	});
}

/** `block-bidirectional` stops every pull of an image, `block-ingress` the web page. A VPC of the user's may be excluded from it. */
function assertPublicAccess(mode: string, { own, region, warn }: { own: boolean; region: string; warn: (line: string) => void }): void {
	if (mode === 'off') return;
	const what = mode === 'block-ingress' ? 'nothing from the internet in: the web page could not be reached' : 'nothing in or out: no image could be pulled';
	const text = `VPC Block Public Access of ${region} is ${mode} and lets ${what}`;
	if (!own) return warn(`${text}, unless your VPC is excluded from it`);
	throw new UserError('PublicAccessBlocked', text, {
		hint: 'set AIRFLOW_DEPLOY_VPC_ID and AIRFLOW_DEPLOY_SUBNET_IDS to a VPC that is excluded from it; an administrator excludes one: aws ec2 create-vpc-block-public-access-exclusion',
	});
}
