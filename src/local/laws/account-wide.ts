import type { Account, Laws } from '../account.ts';
import { type Call, form, json, memberOf } from '../front/call.ts';
import { AwsError, jsonAnswer, queryAnswer } from '../front/failure.ts';
import { items, parseXml, textOf } from '../xml.ts';

const namespace = 'https://sts.amazonaws.com/doc/2011-06-15/';

export function stsLaws(account: Account): Laws {
	const { id, callers } = account;
	const known = new Set<string>();
	return {
		GetCallerIdentity: {
			async before({ region, caller }) {
				if (!known.has(region)) await assertRegion(account, region);
				known.add(region);
				return queryAnswer('query', 'GetCallerIdentity', namespace, { Arn: caller ?? `arn:${partitionOf(region)}:iam::${id}:user/local`, UserId: 'AIDALOCAL00000000000', Account: id });
			},
		},
		AssumeRole: {
			before: (call) => requireTrust(account, call),
			after(call, answer) {
				const { RoleArn = '', RoleSessionName = '' } = Object.fromEntries(form(call));
				const key = textOf(parseXml(answer.body.toString()), 'AssumeRoleResult', 'Credentials', 'AccessKeyId');
				if (answer.status === 200 && key !== undefined) callers.learnKey(key, callers.session(RoleArn, RoleSessionName));
				return answer;
			},
		},
	};
}

/** The account's own callers may assume a role that trusts the account, or them. */
async function requireTrust({ moto, id }: Account, { body, url, caller }: Call): Promise<void> {
	const RoleArn = form({ body, url }).get('RoleArn') ?? '';
	const answer = await moto.query({ service: 'iam', region: 'us-east-1', operation: 'GetRole' }, { RoleName: RoleArn.split('/').at(-1) ?? '' }).catch(() => undefined);
	const trust = decodeURIComponent(textOf(answer, 'GetRoleResult', 'Role', 'AssumeRolePolicyDocument') ?? '');
	const who = caller ?? `arn:aws:iam::${id}:user/local`;
	if (textOf(answer, 'GetRoleResult', 'Role', 'Arn') === RoleArn && [`iam::${id}:root`, `"${id}"`, `"${who}"`].some((principal) => trust.includes(principal))) return;
	throw new AwsError('AccessDenied', `User: ${who} is not authorized to perform: sts:AssumeRole on resource: ${RoleArn}`, { status: 403 });
}

/**
 * A region that does not exist has no hosts: AWS's clients say that its name cannot be resolved, in these words.
 * @throws AwsError
 */
async function assertRegion({ moto }: Account, region: string): Promise<void> {
	const home = homes[partitionOf(region)];
	if (home === undefined) return;
	const answer = await moto.query({ service: 'ec2', region: home, operation: 'DescribeRegions' }, { AllRegions: 'true' });
	const names = items(answer, 'regionInfo').map((info) => textOf(info, 'regionName'));
	if (!names.includes(region)) throw new AwsError('ENOTFOUND', `getaddrinfo ENOTFOUND sts.${region}.amazonaws.com`);
}

/** A region of each partition whose regions are known. */
const homes: Readonly<Record<string, string>> = { aws: 'us-east-1', 'aws-cn': 'cn-north-1', 'aws-us-gov': 'us-gov-west-1' };

/** The prefixes of regions outside the commercial partition; botocore's partitions.json. */
const partitions = [['cn-', 'aws-cn'], ['us-gov-', 'aws-us-gov'], ['eusc-', 'aws-eusc']] as const;

function partitionOf(region: string): string {
	return partitions.find(([prefix]) => region.startsWith(prefix))?.[1] ?? 'aws';
}

/** AWS's defaults of the quotas that a deployment meets. */
const quotas: Readonly<Record<string, { name: string; value: number }>> = {
	'ec2/L-0263D0A3': { name: 'EC2-VPC Elastic IPs', value: 5 },
	'fargate/L-3032A538': { name: 'Fargate On-Demand vCPU resource count', value: 6 },
	'vpc/L-F678F1CE': { name: 'VPCs per Region', value: 5 },
	'vpc/L-A4707A72': { name: 'Internet gateways per Region', value: 5 },
	'rds/L-7B6409FD': { name: 'DB instances', value: 40 },
	'elasticfilesystem/L-848C634D': { name: 'File systems per account', value: 1000 },
};

export function serviceQuotasLaws({ id }: Account): Laws {
	return {
		GetServiceQuota: {
			before(call) {
				const [service = '', code = ''] = ['ServiceCode', 'QuotaCode'].map((name) => memberOf(json(call), name));
				const quota = quotas[`${service}/${code}`];
				if (!quota) return undefined;
				const arn = `arn:${partitionOf(call.region)}:servicequotas:${call.region}:${id}:${service}/${code}`;
				return jsonAnswer(200, { Quota: { ServiceCode: service, ServiceName: service, QuotaArn: arn, QuotaCode: code, QuotaName: quota.name, Value: quota.value, Unit: 'None', Adjustable: true, GlobalQuota: false } });
			},
		},
	};
}

export function freeTierLaws({ id }: Account): Laws {
	return { GetAccountPlanState: { before: () => jsonAnswer(200, { accountId: id, accountPlanType: 'PAID', accountPlanStatus: 'ACTIVE' }) } };
}
