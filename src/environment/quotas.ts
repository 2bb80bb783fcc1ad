import { EC2Client, paginateDescribeInternetGateways, paginateDescribeVpcs } from '@aws-sdk/client-ec2';
import { paginateDescribeDBInstances, RDSClient } from '@aws-sdk/client-rds';
import { GetServiceQuotaCommand, ServiceQuotasClient } from '@aws-sdk/client-service-quotas';
import { accountNotOpened } from '../aws/account-errors.ts';
import type { Aws } from '../aws/clients.ts';
import type { Config } from '../config/config.ts';
import { UserError } from '../errors.ts';
import { parallelismOf } from '../stacks/executor-settings.ts';
import type { StackInputs } from '../stacks/inputs.ts';
import { unlessRefused } from './not-checked.ts';
import type { Options } from './options.ts';

interface Quota {
	readonly service: string;
	readonly code: string;
	/** What there may be so many of in a region. */
	readonly what: string;
	need(config: Config): number;
	used(aws: Aws): Promise<number>;
	/** Another way out than a higher quota. */
	readonly instead?: string;
}

/** Names and codes of Service Quotas. */
const fargate: Quota = { service: 'fargate', code: 'L-3032A538', what: 'Fargate vCPUs', need: vcpusNeeded, used: async () => 0 };
const fargateForBranch: Quota = { ...fargate, need: ({ branchCpu }) => branchCpu / 1024 };
const database: Quota = { service: 'rds', code: 'L-7B6409FD', what: 'RDS instances', need: () => 1, used: databases };
const instead = 'set AIRFLOW_DEPLOY_VPC_ID and AIRFLOW_DEPLOY_SUBNET_IDS to a VPC that you have';
const ownNetwork: readonly Quota[] = [
	{ service: 'vpc', code: 'L-F678F1CE', what: 'VPCs', need: () => 1, used: vpcs, instead },
	{ service: 'vpc', code: 'L-A4707A72', what: 'internet gateways', need: () => 1, used: gateways, instead },
];

/**
 * Whether there is room for all that a first deployment makes.
 * @throws UserError `QuotaTooLow`; `AccountNotOpened` where Fargate's is 0
 */
export async function assertQuotas(options: Options, { branch, hasNetwork = false }: Partial<Pick<StackInputs, 'branch'>> & { hasNetwork?: boolean } = {}): Promise<void> {
	const quotas = [...(branch ? [fargateForBranch] : [fargate, database]), ...(options.config.vpcId === undefined && !hasNetwork ? ownNetwork : [])];
	await Promise.all(quotas.map((quota) => assertRoom(options, quota)));
}

/** With the ECS executor: says where fewer tasks fit at once than may run; the others wait for room, but not for ever. */
export async function remarkOnWorkers({ aws, config, warn }: Options, inputs: Pick<StackInputs, 'executor' | 'config' | 'branch'>): Promise<void> {
	const ask = new GetServiceQuotaCommand({ ServiceCode: fargate.service, QuotaCode: fargate.code });
	const most = (await unlessRefused(warn, `the quota of ${fargate.what}`, aws.client(ServiceQuotasClient).send(ask)))?.Quota?.Value;
	if (most === undefined) return;
	const [tasks, each] = [parallelismOf(inputs), config.workerCpu / 1024];
	const room = Math.max(0, Math.floor((most - (inputs.branch ? fargateForBranch : fargate).need(config)) / each));
	if (room >= tasks) return;
	warn(`beside the services this account has room for ${room} tasks of ${each} vCPU at once in ${aws.region} (its quota of Fargate vCPUs is ${most}), and ${tasks} may run: those that find no room within about five minutes fail. AIRFLOW_DEPLOY_PARALLELISM=${Math.max(1, room)}, or: ${increase(aws, fargate, Math.ceil(most + (tasks - room) * each))}`);
}

/** At the peak of each release: the webserver twice (it rolls), the scheduler, and the init task's half. */
function vcpusNeeded({ webserverCpu, schedulerCpu }: Config): number {
	return (2 * webserverCpu + schedulerCpu + 512) / 1024;
}

async function assertRoom({ aws, config, warn }: Options, quota: Quota): Promise<void> {
	const ask = new GetServiceQuotaCommand({ ServiceCode: quota.service, QuotaCode: quota.code });
	const both = Promise.all([aws.client(ServiceQuotasClient).send(ask), quota.used(aws)]);
	const [answer, used = 0] = (await unlessRefused(warn, `the quota of ${quota.what}`, both)) ?? [];
	const most = answer?.Quota?.Value;
	if (most === undefined || used + quota.need(config) <= most) return;
	if (quota.code === fargate.code && most === 0) throw accountNotOpened('Fargate', `its quota of vCPUs in ${aws.region} is 0`);
	throw tooLow(aws, quota, { most, used, need: quota.need(config) });
}

function tooLow(aws: Aws, quota: Quota, { most, used, need }: { most: number; used: number; need: number }): UserError {
	const taken = used === 0 ? '' : `, has ${used}`;
	const ask = increase(aws, quota, Math.ceil(used + need * 2));
	const { what, instead } = quota;
	return new UserError('QuotaTooLow', `this account may have ${most} ${what} in ${aws.region}${taken}, and ${need} more are needed`, { hint: instead === undefined ? ask : `${instead}, or: ${ask}` });
}

function increase({ region }: Aws, { service, code }: Quota, wanted: number): string {
	return `aws service-quotas request-service-quota-increase --service-code ${service} --quota-code ${code} --desired-value ${wanted} --region ${region}`;
}

async function vpcs(aws: Aws): Promise<number> {
	return countOf(paginateDescribeVpcs({ client: aws.client(EC2Client) }, {}), ({ Vpcs }) => Vpcs);
}

async function gateways(aws: Aws): Promise<number> {
	return countOf(paginateDescribeInternetGateways({ client: aws.client(EC2Client) }, {}), ({ InternetGateways }) => InternetGateways);
}

async function databases(aws: Aws): Promise<number> {
	return countOf(paginateDescribeDBInstances({ client: aws.client(RDSClient) }, {}), ({ DBInstances }) => DBInstances);
}

async function countOf<Page>(pages: AsyncIterable<Page>, listed: (page: Page) => readonly unknown[] | undefined): Promise<number> {
	let count = 0;
	for await (const page of pages) count += listed(page)?.length ?? 0;
	return count;
}
