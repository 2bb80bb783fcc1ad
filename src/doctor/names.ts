import { CloudWatchLogsClient, DescribeLogGroupsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { HeadBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { DescribeSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ignoring } from '../resources/support.ts';
import { naming } from '../stacks/inputs.ts';
import { secretRoles } from '../stacks/secrets.ts';
import { type AccountPatient, type Check, failed, type Finding, ok } from './check.ts';

/** Names that something else has, or that a deleted object still holds. */
export const nameChecks: readonly Check<AccountPatient>[] = [
	{ name: 'secret-names', run: secretNames },
	{ name: 'log-group-names', run: logGroupNames },
	{ name: 'bucket-name', run: bucketName },
];

function isRecorded({ recorded }: AccountPatient, type: string, id: string): boolean {
	return Object.values(recorded.own).some((entry) => entry.type === type && entry.id === id);
}

/** A deleted secret keeps its name for 7 to 30 days. */
async function secretNames(patient: AccountPatient): Promise<Finding> {
	const { aws, config } = patient;
	const { object } = naming({ config, place: aws }).in(config.environment);
	const asked = secretRoles.map((role) => ignoring(['ResourceNotFoundException'], aws.client(SecretsManagerClient).send(new DescribeSecretCommand({ SecretId: object(role) }))));
	const found = (await Promise.all(asked)).flatMap((secret) => secret ?? []);
	const deleted = found.filter(({ DeletedDate }) => DeletedDate !== undefined).map(({ Name = '' }) => Name);
	const [tombstone] = deleted;
	if (tombstone !== undefined) {
		return failed(`deleted, and their names held for 7 to 30 days: ${deleted.join(', ')}`, `aws secretsmanager delete-secret --secret-id ${tombstone} --force-delete-without-recovery --region ${aws.region}   # or restore-secret`);
	}
	const foreign = found.filter(({ ARN = '' }) => !isRecorded(patient, 'AWS::SecretsManager::Secret', ARN));
	return taken(patient, 'secret', foreign.map(({ Name = '' }) => Name)) ?? ok(`${object('')}… are ${found.length === 0 ? 'free' : 'ours'}`);
}

async function logGroupNames(patient: AccountPatient): Promise<Finding> {
	const { aws, config } = patient;
	const start = naming({ config, place: aws }).in(config.environment).logGroup('');
	const { logGroups = [] } = await aws.client(CloudWatchLogsClient).send(new DescribeLogGroupsCommand({ logGroupNamePrefix: start }));
	const names = logGroups.map(({ logGroupName = '' }) => logGroupName);
	return taken(patient, 'log group', names.filter((name) => !isRecorded(patient, 'AWS::Logs::LogGroup', name))) ?? ok(`${start}… are ${names.length === 0 ? 'free' : 'ours'}`);
}

/** The names are taken, and this working directory does not know by whom. */
function taken({ config }: AccountPatient, what: string, names: readonly string[]): Finding | undefined {
	const [first] = names;
	if (first === undefined) return undefined;
	return failed(`${names.length} ${what}${names.length === 1 ? '' : 's'} with our names, not recorded here: ${first}${names.length > 1 ? ' …' : ''}`, `airflow-deploy state recover --env ${config.environment}   # if they are ours; else another AIRFLOW_DEPLOY_PROJECT`);
}

/** Names of buckets are shared by the whole world: another account's answers 403. */
async function bucketName(patient: AccountPatient): Promise<Finding> {
	const { aws, config } = patient;
	const { bucket } = naming({ config, place: aws });
	const status = await aws.client(S3Client).send(new HeadBucketCommand({ Bucket: bucket, ExpectedBucketOwner: aws.account })).then(
		() => 200,
		(error: unknown) => (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode ?? Promise.reject(error instanceof Error ? error : new Error(String(error))),
	);
	if (status === 404) return ok(`${bucket} is free`);
	if (status === 200) return ok(`${bucket} is ours`);
	return failed(`${bucket} belongs to another account, or you may not see it (${status})`, 'choose another AIRFLOW_DEPLOY_PROJECT, or have s3:ListBucket on it allowed', 'an account administrator');
}
