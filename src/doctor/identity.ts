import { DescribeRegionsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { ECRClient, DescribeRepositoriesCommand } from '@aws-sdk/client-ecr';
import { DescribeClustersCommand, ECSClient } from '@aws-sdk/client-ecs';
import { DescribeFileSystemsCommand, EFSClient } from '@aws-sdk/client-efs';
import { CloudWatchLogsClient, DescribeLogGroupsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { GetRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { DescribeDBInstancesCommand, RDSClient } from '@aws-sdk/client-rds';
import { HeadBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { DescribeSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import type { Aws } from '../aws/clients.ts';
import { explain } from '../aws/errors.ts';
import { naming } from '../stacks/inputs.ts';
import { type AccountPatient, type Check, failed, type Finding, notChecked, ok } from './check.ts';

/** Who we are, where, and whether that answers. */
export const identityChecks: readonly Check<AccountPatient>[] = [
	{ name: 'credentials', run: credentials },
	{ name: 'region', run: region },
	{ name: 'services', run: services },
	{ name: 'clock', run: clock },
];

async function credentials({ aws, env }: AccountPatient): Promise<Finding> {
	const { Arn = '' } = await aws.client(STSClient).send(new GetCallerIdentityCommand({}));
	const overrides = Object.keys(env).filter((name) => name.startsWith('AWS_ENDPOINT_URL_'));
	return ok(`${Arn}${overrides.length === 0 ? '' : `; redirected: ${overrides.join(', ')}`}`);
}

async function region({ aws, region }: AccountPatient): Promise<Finding> {
	const { Regions } = await aws.client(EC2Client).send(new DescribeRegionsCommand({ RegionNames: [aws.region], AllRegions: true }));
	const status = Regions?.[0]?.OptInStatus;
	if (status === 'not-opted-in') return failed(`${aws.region} is not enabled for this account`, `aws account enable-region --region-name ${aws.region} --region us-east-1`, 'an account administrator');
	return ok(`${aws.region} (${region.source})${status === undefined ? '' : `, ${status === 'opt-in-not-required' ? 'always on' : status}`}`);
}

/** One call that reads little, of each service that an environment is made of. */
const calls: Readonly<Record<string, (aws: Aws, bucket: string) => Promise<unknown>>> = {
	ec2: (aws) => aws.client(EC2Client).send(new DescribeRegionsCommand({ RegionNames: [aws.region] })),
	ecs: (aws) => aws.client(ECSClient).send(new DescribeClustersCommand({})),
	ecr: (aws) => aws.client(ECRClient).send(new DescribeRepositoriesCommand({ maxResults: 1 })),
	efs: (aws) => aws.client(EFSClient).send(new DescribeFileSystemsCommand({ MaxItems: 1 })),
	iam: (aws) => aws.client(IAMClient).send(new GetRoleCommand({ RoleName: 'airflow-deploy-doctor' })),
	logs: (aws) => aws.client(CloudWatchLogsClient).send(new DescribeLogGroupsCommand({ limit: 1 })),
	rds: (aws) => aws.client(RDSClient).send(new DescribeDBInstancesCommand({ MaxRecords: 20 })),
	s3: (aws, bucket) => aws.client(S3Client).send(new HeadBucketCommand({ Bucket: bucket })),
	secretsmanager: (aws) => aws.client(SecretsManagerClient).send(new DescribeSecretCommand({ SecretId: 'airflow-deploy/doctor' })),
};

/** Any answer will do, a refusal too. */
async function services({ aws, config }: AccountPatient): Promise<Finding> {
	const { bucket } = naming({ config, place: aws });
	const answers = await Promise.all(Object.entries(calls).map(async ([name, call]) => ({ name, ...(await reach(() => call(aws, bucket))) })));
	const unreached = answers.find(({ error }) => error !== undefined);
	if (unreached) {
		const known = explain(unreached.error, { region: aws.region, endpoint: aws.endpoint });
		return failed(`${unreached.name} cannot be reached: ${known?.message ?? String(unreached.error)}`, known?.hint ?? 'check network, proxy and firewall');
	}
	const slowest = answers.reduce((a, b) => (b.milliseconds > a.milliseconds ? b : a));
	return ok(`${answers.length} answer, the slowest (${slowest.name}) in ${slowest.milliseconds} ms`);
}

async function reach(call: () => Promise<unknown>): Promise<{ milliseconds: number; error?: unknown }> {
	const began = performance.now();
	const error = await call().then(
		() => undefined,
		(reason: unknown) => (isAnswer(reason) ? undefined : reason),
	);
	return { milliseconds: Math.round(performance.now() - began), ...(error === undefined ? {} : { error }) };
}

function isAnswer(error: unknown): boolean {
	return (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode !== undefined;
}

/** AWS refuses signatures that are more than five minutes off; the SDK corrects its own, a task's logs and tokens nobody does. */
const tolerated = { seconds: 300, worthSaying: 30 };

async function clock({ aws }: AccountPatient): Promise<Finding> {
	const client = aws.client(STSClient);
	let theirs = Number.NaN;
	client.middlewareStack.add(
		(next) => async (args) => {
			const result = await next(args);
			const { headers } = (result.response ?? {}) as { headers?: Readonly<Record<string, string>> };
			theirs = Date.parse(headers?.['date'] ?? '');
			return result;
		},
		{ step: 'deserialize', priority: 'low', name: 'dateOfAnswer', override: true },
	);
	const before = Date.now();
	await client.send(new GetCallerIdentityCommand({}));
	client.middlewareStack.remove('dateOfAnswer');
	return Number.isNaN(theirs) ? notChecked('the answer has no date') : skewFinding((before + Date.now()) / 2, theirs);
}

/** @param here @param there milliseconds since 1970; the header has whole seconds */
export function skewFinding(here: number, there: number): Finding {
	const seconds = Math.round((here - there) / 1000);
	const text = `${Math.abs(seconds)} s ${seconds > 0 ? 'ahead of' : 'behind'} AWS`;
	if (Math.abs(seconds) <= 2) return ok('as AWS has it');
	if (Math.abs(seconds) < tolerated.seconds) return ok(Math.abs(seconds) < tolerated.worthSaying ? text : `${text}: AWS tolerates 5 minutes`);
	return failed(text, 'set it: timedatectl set-ntp true, then compare date -u with https://time.is');
}
