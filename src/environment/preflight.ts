import { DescribeVpcsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { GetServiceQuotaCommand, ServiceQuotasClient } from '@aws-sdk/client-service-quotas';
import type { Aws } from '../aws/clients.ts';
import type { Config } from '../config/config.ts';
import { UserError } from '../errors.ts';
import type { Options } from './options.ts';

/**
 * What would stop a first deployment late, looked at before the first create.
 * A quota that cannot be read is reported as not checked, never as a failure.
 */
export async function preflight({ aws, config, warn }: Options): Promise<void> {
	await Promise.all([fargateQuota(aws, config, warn), config.vpcId === undefined ? vpcQuota(aws, warn) : undefined]);
}

/** Fargate vCPUs at the peak of a first deployment and of each release: webserver twice (it rolls), scheduler, init. */
function vcpusNeeded({ webserverCpu, schedulerCpu }: Config): number {
	return (2 * webserverCpu + schedulerCpu + 512) / 1024;
}

async function fargateQuota(aws: Aws, config: Config, warn: Options['warn']): Promise<void> {
	const quota = await quotaOf(aws, 'fargate', 'L-3032A538');
	if (quota === undefined) return warn('not checked: the quota of Fargate vCPUs (Service Quotas did not answer)');
	const needed = vcpusNeeded(config);
	if (quota >= needed) return;
	throw new UserError('QuotaTooLow', `this account may run ${quota} Fargate vCPUs at once in ${aws.region}, and a release needs ${needed}`, {
		hint: `aws service-quotas request-service-quota-increase --service-code fargate --quota-code L-3032A538 --desired-value ${Math.ceil(needed * 2)} --region ${aws.region}`,
	});
}

async function vpcQuota(aws: Aws, warn: Options['warn']): Promise<void> {
	const [quota, { Vpcs = [] }] = await Promise.all([quotaOf(aws, 'vpc', 'L-F678F1CE'), aws.client(EC2Client).send(new DescribeVpcsCommand({}))]);
	if (quota === undefined) return warn('not checked: the quota of VPCs (Service Quotas did not answer)');
	if (Vpcs.length < quota) return;
	throw new UserError('QuotaTooLow', `${aws.region} has ${Vpcs.length} VPCs already, and the quota is ${quota}`, {
		hint: 'set AIRFLOW_DEPLOY_VPC_ID and AIRFLOW_DEPLOY_SUBNET_IDS to a VPC that you have, or ask AWS for a higher quota (L-F678F1CE)',
	});
}

async function quotaOf(aws: Aws, ServiceCode: string, QuotaCode: string): Promise<number | undefined> {
	const call = aws.client(ServiceQuotasClient).send(new GetServiceQuotaCommand({ ServiceCode, QuotaCode }));
	return (await call.catch(() => undefined))?.Quota?.Value;
}
