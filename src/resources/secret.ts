import { randomBytes, randomUUID } from 'node:crypto';
import {
	CreateSecretCommand,
	DeleteSecretCommand,
	DescribeSecretCommand,
	type DescribeSecretResponse,
	ListSecretsCommand,
	PutSecretValueCommand,
	RestoreSecretCommand,
	SecretsManagerClient,
	TagResourceCommand,
	UntagResourceCommand,
} from '@aws-sdk/client-secrets-manager';
import type { Aws } from '../aws/clients.ts';
import { type Context, defineResource } from '../engine/resource.ts';
import { UserError } from '../errors.ts';
import { carriesNonce, nonceOf } from './ownership.ts';
import { retrying } from './retrying.ts';
import { foreign, ignoring, isOurs, required, tagList, until } from './support.ts';
import { tagging } from './tagging.ts';

/** 256 random bits. base64url needs no escaping in URLs and shells, and RDS accepts it. */
const token = (): string => randomBytes(32).toString('base64url');
/** cryptography.fernet takes 32 bytes as URL-safe base64 with padding. */
const fernetKey = (): string => `${token()}=`;
const login = (url: string | undefined, password = token()) => ({ password, ...(url === undefined ? {} : { url: url.replace('{password}', password) }) });

/** How each kind of value is made. @param url of a database, with `{password}` in its place, where it is known beforehand */
const generators = {
	password: token,
	token,
	'fernet-key': fernetKey,
	database: (url?: string) => JSON.stringify(login(url)),
	/** For an environment that holds all in one secret, which costs less. */
	'database-and-keys': (url?: string) => JSON.stringify({ ...login(url), fernetKey: fernetKey(), webserverKey: token() }),
};

type Named = {
	/** Must not end in a hyphen and six characters: AWS then takes the end for its own suffix. */
	name: string;
	description: string;
};
type Props = Named & {
	/** What value is made; it is stored in Secrets Manager and nowhere else. */
	value: keyof typeof generators;
	/** Of the database whose password it holds: a JSON member `url`, made from this with the password in place of `{password}`. */
	url?: string;
};
export type SecretOutputs = {
	name: string;
	arn: string;
	/** Id of the current version: another one is another value, whoever put it. */
	version: string;
};

const secrets = ['arn:{partition}:secretsmanager:{region}:{account}:secret:{project}-*'];

export const Secret = defineResource<Aws, Props, SecretOutputs>({
	type: 'AWS::SecretsManager::Secret',
	immutable: ['name', 'value'],
	replacement: 'delete-first',
	collides: true,
	permissions: [
		{ actions: ['secretsmanager:DescribeSecret'], on: secrets },
		{ actions: ['secretsmanager:ListSecrets'], on: ['*'] },
		{ actions: ['secretsmanager:CreateSecret', 'secretsmanager:TagResource', 'secretsmanager:UntagResource', 'secretsmanager:RestoreSecret', 'secretsmanager:PutSecretValue'], on: secrets, for: 'up' },
		{ actions: ['secretsmanager:DeleteSecret'], on: secrets, for: 'teardown' },
	],

	id: ({ arn }) => arn,
	arn: ({ arn }) => arn,

	async find(ctx, { name }) {
		const secret = await describe(ctx, name);
		// Scheduled for deletion is as good as absent: `create` restores it where it is ours.
		if (!secret || secret.DeletedDate) return undefined;
		if (!isOurs(ctx, secret.Tags)) throw carriesAllButNonce(ctx, secret.Tags) ? kept(name) : foreign('the secret', name);
		return { name, arn: required(secret.ARN), version: currentVersion(secret) };
	},

	create: (ctx, { value, url, ...named }) => createSecret(ctx, named, () => generators[value](url)),

	matches: () => true,

	tag: tagging(
		({ aws }, { arn }, Tags) => aws.client(SecretsManagerClient).send(new TagResourceCommand({ SecretId: arn, Tags })),
		({ aws }, { arn }, TagKeys) => aws.client(SecretsManagerClient).send(new UntagResourceCommand({ SecretId: arn, TagKeys })),
	),

	async remove(ctx, { arn }) {
		const secret = await describe(ctx, arn);
		if (!secret || !carriesNonce(ctx, secret.Tags)) return;
		const remove = new DeleteSecretCommand({ SecretId: arn, ForceDeleteWithoutRecovery: true });
		await ignoring(['ResourceNotFoundException'], ctx.aws.client(SecretsManagerClient).send(remove));
		// The deletion is asynchronous and the name stays taken meanwhile.
		await until(ctx, async () => (await describe(ctx, arn)) === undefined, 'secret to be deleted', { atMost: 300 });
	},

	async exists(ctx, { arn }) {
		const secret = await describe(ctx, arn);
		return secret !== undefined && secret.DeletedDate === undefined && carriesNonce(ctx, secret.Tags);
	},

	async siblings(ctx) {
		const list = new ListSecretsCommand({ Filters: [{ Key: 'tag-value', Values: [nonceOf(ctx)] }], MaxResults: 100 });
		const { SecretList } = await ctx.aws.client(SecretsManagerClient).send(list);
		return (SecretList ?? []).map(({ ARN }) => required(ARN));
	},
});

async function describe(ctx: Context<Aws>, id: string): Promise<DescribeSecretResponse | undefined> {
	return ignoring(['ResourceNotFoundException'], ctx.aws.client(SecretsManagerClient).send(new DescribeSecretCommand({ SecretId: id })));
}

/**
 * Makes it, or restores one of ours that is scheduled for deletion. A name that was deleted for good a moment ago is still taken
 * for some seconds.
 * @param make the value, which goes to Secrets Manager and nowhere else
 */
export function createSecret(ctx: Context<Aws>, named: Named, make: () => string): Promise<SecretOutputs> {
	const passing = { passing: /ResourceNotFoundException|already scheduled for deletion/, why: 'waiting for the name of the deleted secret to become free' };
	return retrying(ctx, async () => (await createNew(ctx, named, make)) ?? restore(ctx, named, make), passing);
}

/** Undefined where a secret of that name is scheduled for deletion. */
async function createNew(ctx: Context<Aws>, { name, description }: Named, make: () => string): Promise<SecretOutputs | undefined> {
	const create = new CreateSecretCommand({ Name: name, Description: description, SecretString: make(), ClientRequestToken: ctx.token, Tags: tagList(ctx.tags) });
	try {
		const { ARN, VersionId } = await ctx.aws.client(SecretsManagerClient).send(create);
		return { name, arn: required(ARN), version: required(VersionId) };
	} catch (error) {
		if (error instanceof Error && error.name === 'InvalidRequestException' && /scheduled for deletion/.test(error.message)) return undefined;
		throw error;
	}
}

async function restore(ctx: Context<Aws>, { name }: Named, make: () => string): Promise<SecretOutputs> {
	const secrets = ctx.aws.client(SecretsManagerClient);
	const old = await secrets.send(new DescribeSecretCommand({ SecretId: name }));
	if (!isOurs(ctx, old.Tags)) throw reserved(name);
	await secrets.send(new RestoreSecretCommand({ SecretId: name }));
	const { VersionId } = await secrets.send(new PutSecretValueCommand({ SecretId: name, SecretString: make(), ClientRequestToken: randomUUID() }));
	return { name, arn: required(old.ARN), version: required(VersionId) };
}

function currentVersion({ VersionIdsToStages = {} }: DescribeSecretResponse): string {
	return Object.entries(VersionIdsToStages).find(([, stages]) => stages.includes('AWSCURRENT'))?.[0] ?? '';
}

/** Our anchor stands, so who made it is gone: a teardown with a final snapshot keeps the Fernet key. */
function kept(name: string): UserError {
	return new UserError('ForeignObject', `the secret ${name} was kept by an earlier teardown of this environment: the final snapshot of its database needs it`, {
		hint: `copy its value to where the snapshot is noted, then: aws secretsmanager delete-secret --secret-id ${name} --force-delete-without-recovery`,
	});
}

function carriesAllButNonce({ identity }: Context<Aws>, tags: DescribeSecretResponse['Tags']): boolean {
	const { 'airflow-deploy:nonce': _, ...others } = identity;
	return isOurs({ identity: others }, tags);
}

function reserved(name: string): UserError {
	return new UserError('ForeignObject', `the secret ${name} was made by something else and is scheduled for deletion: its name is taken until then`, {
		hint: `aws secretsmanager delete-secret --secret-id ${name} --force-delete-without-recovery, if nobody needs it any more`,
	});
}
