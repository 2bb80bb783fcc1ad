import { DescribeSecretCommand, GetSecretValueCommand, PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { Aws } from '../aws/clients.ts';
import { type Context, defineResource } from '../engine/resource.ts';
import { UserError } from '../errors.ts';
import { carriesNonce } from './ownership.ts';
import { ignoring, required } from './support.ts';

type Props = {
	secretArn: string;
	/** SQLAlchemy's or Airflow's name of dialect and driver. */
	scheme: string;
	address: string;
	port: number;
	username: string;
	database: string;
	/** What follows the question mark, e.g. `sslmode=require`. */
	query: string;
};
/** The URL itself is a secret: recorded is where it leads, and whether it holds the password of the same secret. */
type Outputs = { secretArn: string; target: string; passwordMatches: boolean };
type Value = { password: string; url?: string };

const secrets = ['arn:{partition}:secretsmanager:{region}:{account}:secret:{project}-*'];

/**
 * The key `url` of a database's secret, put there once the address is known: Airflow's connection string.
 * Task definitions refer to it as `<secret ARN>:url::`.
 */
export const DatabaseUrl = defineResource<Aws, Props, Outputs>({
	type: 'AirflowDeploy::DatabaseUrl',
	standsOn: ['AWS::SecretsManager::Secret'],
	permissions: [
		{ actions: ['secretsmanager:GetSecretValue', 'secretsmanager:PutSecretValue'], on: secrets },
		{ actions: ['secretsmanager:DescribeSecret'], on: secrets, for: 'teardown' },
	],

	id: ({ secretArn }) => `${secretArn}:url`,

	async find(ctx, props) {
		const value = await readDatabaseSecret(ctx, props.secretArn);
		if (value.url === undefined) return undefined;
		return { secretArn: props.secretArn, ...partsOf(value.url, value.password) };
	},

	create: put,

	matches: (props, { target, passwordMatches }) => passwordMatches && target === targetOf(props),

	update: put,

	async remove(ctx, { secretArn }) {
		const secrets = ctx.aws.client(SecretsManagerClient);
		const parent = await ignoring(['ResourceNotFoundException'], secrets.send(new DescribeSecretCommand({ SecretId: secretArn })));
		if (!parent || parent.DeletedDate || !carriesNonce(ctx, parent.Tags)) return;
		const { url, ...rest } = (await valueOf(ctx, secretArn)) ?? {};
		if (url !== undefined) await secrets.send(new PutSecretValueCommand({ SecretId: secretArn, SecretString: JSON.stringify(rest) }));
	},

	exists: async (ctx, { secretArn }) => (await valueOf(ctx, secretArn))?.url !== undefined,
});

/** Undefined for a secret that is gone, or scheduled for deletion, or holds no JSON. */
async function valueOf(ctx: Context<Aws>, secretArn: string): Promise<Partial<Value> | undefined> {
	const gone = ['ResourceNotFoundException', 'InvalidRequestException'];
	const answer = await ignoring(gone, ctx.aws.client(SecretsManagerClient).send(new GetSecretValueCommand({ SecretId: secretArn })));
	return parse(answer?.SecretString ?? '');
}

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
	return { secretArn: props.secretArn, target: targetOf(props), passwordMatches: true };
}

function targetOf({ scheme, address, port, username, database, query }: Props): string {
	return `${scheme}://${username}@${address}:${port}/${database}?${query}`;
}

function databaseUrl(props: Props, password: string): string {
	return targetOf(props).replace('@', `:${encodeURIComponent(password)}@`);
}

function partsOf(url: string, password: string): Pick<Outputs, 'target' | 'passwordMatches'> {
	const [, start = '', found = '', end = ''] = /^([^:]+:\/\/[^:@]*):([^@]*)(@.*)$/.exec(url) ?? [];
	return { target: start + end, passwordMatches: found === encodeURIComponent(password) };
}
