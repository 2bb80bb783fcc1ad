import { DescribeSecretCommand, GetSecretValueCommand, PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { Aws } from '../aws/clients.ts';
import { type Context, defineResource } from '../engine/resource.ts';
import { UserError } from '../errors.ts';
import { ignoring, required } from './support.ts';

type Props = { secretArn: string; address: string; port: number; username: string; database: string };
/** The URL itself is a secret: only whether it is as it should be is recorded. */
type Outputs = { secretArn: string; upToDate: boolean };
type Value = { password: string; url?: string };

const secrets = ['arn:{partition}:secretsmanager:{region}:{account}:secret:{project}-*'];

/**
 * The key `url` of a database's secret, put there once the address is known: Airflow's connection string.
 * Task definitions refer to it as `<secret ARN>:url::`.
 */
export const DatabaseUrl = defineResource<Aws, Props, Outputs>({
	type: 'AirflowDeploy::DatabaseUrl',
	permissions: [
		{ actions: ['secretsmanager:GetSecretValue', 'secretsmanager:PutSecretValue'], on: secrets, for: 'up' },
		{ actions: ['secretsmanager:DescribeSecret'], on: secrets },
	],

	id: ({ secretArn }) => `${secretArn}:url`,

	async find(ctx, props) {
		const value = await readDatabaseSecret(ctx, props.secretArn);
		if (value.url === undefined) return undefined;
		return { secretArn: props.secretArn, upToDate: value.url === databaseUrl(props, value.password) };
	},

	create: put,

	matches: (_props, { upToDate }) => upToDate,

	update: put,

	// It goes with its secret.
	async remove() {},

	async exists(ctx, { secretArn }) {
		const secret = await ignoring(['ResourceNotFoundException'], ctx.aws.client(SecretsManagerClient).send(new DescribeSecretCommand({ SecretId: secretArn })));
		return secret !== undefined && secret.DeletedDate === undefined;
	},
});

/**
 * The parsed value of a database's secret. Never log it.
 * @throws UserError `SecretMalformed`
 */
export async function readDatabaseSecret(ctx: Pick<Context<Aws>, 'aws'>, secretArn: string): Promise<Value> {
	const { SecretString } = await ctx.aws.client(SecretsManagerClient).send(new GetSecretValueCommand({ SecretId: secretArn }));
	const value = parse(required(SecretString));
	if (typeof value?.password === 'string') return value;
	throw new UserError('SecretMalformed', `the secret ${secretArn} is not the JSON object {"password": …} that was stored in it: somebody changed it`, {
		hint: `aws secretsmanager put-secret-value --secret-id ${secretArn} --secret-string '{"password":"<the password of the database>"}'`,
	});
}

function parse(text: string): Value | undefined {
	try {
		return JSON.parse(text) as Value;
	} catch {
		// Its message would quote the secret.
		return undefined;
	}
}

async function put(ctx: Context<Aws>, props: Props): Promise<Outputs> {
	const { password } = await readDatabaseSecret(ctx, props.secretArn);
	const value: Value = { password, url: databaseUrl(props, password) };
	await ctx.aws.client(SecretsManagerClient).send(new PutSecretValueCommand({ SecretId: props.secretArn, SecretString: JSON.stringify(value) }));
	return { secretArn: props.secretArn, upToDate: true };
}

/** `sslmode=require`: RDS refuses plain connections from PostgreSQL 15 on, and an image as given has no CA bundle. */
function databaseUrl({ address, port, username, database }: Props, password: string): string {
	return `postgresql+psycopg2://${username}:${encodeURIComponent(password)}@${address}:${port}/${database}?sslmode=require`;
}
