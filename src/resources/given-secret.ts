import { randomUUID } from 'node:crypto';
import { DescribeSecretCommand, GetSecretValueCommand, PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { Aws } from '../aws/clients.ts';
import { type Context, defineResource, type Resource } from '../engine/resource.ts';
import { Exit, UserError } from '../errors.ts';
import { createSecret, Secret, type SecretOutputs } from './secret.ts';
import { ignoring, required } from './support.ts';

type Props = { name: string; description: string };
/** Whether it holds what was given, where anything was. */
type Outputs = SecretOutputs & { isCurrent: boolean };

/**
 * A secret whose value somebody else made and the user gives us, once. It goes to Secrets Manager and nowhere else: props and outputs
 * are recorded, so the value is no part of them. By its type alone it is a secret like the others.
 * @param value undefined: what is stored there stays
 */
export function givenSecret(value: string | undefined): Resource<Aws, Props, Outputs> {
	return defineResource<Aws, Props, Outputs>({
		type: Secret.type,
		permissions: Secret.permissions,
		immutable: ['name'],
		replacement: 'delete-first',
		id: ({ arn }) => arn,
		arn: ({ arn }) => arn,

		async find(ctx, props, recorded) {
			const found = await Secret.find(ctx, { ...props, value: 'token' }, recorded);
			return found && { ...found, isCurrent: value === undefined || (await storedValue(ctx, found.arn)) === value };
		},

		async create(ctx, props) {
			if (value === undefined) throw missingSecret();
			return { ...(await createSecret(ctx, props, () => value)), isCurrent: true };
		},

		matches: (_props, { isCurrent }) => isCurrent,

		async update(ctx, _props, outputs) {
			const put = new PutSecretValueCommand({ SecretId: outputs.arn, SecretString: value, ClientRequestToken: randomUUID() });
			const { VersionId } = await ctx.aws.client(SecretsManagerClient).send(put);
			return { ...outputs, version: required(VersionId), isCurrent: true };
		},

		remove: (ctx, outputs) => Secret.remove(ctx, outputs),
		exists: (ctx, outputs) => Secret.exists(ctx, outputs),
	});
}

async function storedValue({ aws }: Context<Aws>, arn: string): Promise<string | undefined> {
	return (await aws.client(SecretsManagerClient).send(new GetSecretValueCommand({ SecretId: arn }))).SecretString;
}

/** Whether there is a secret of that name, and not only until its deletion. */
export async function isStored(aws: Aws, name: string): Promise<boolean> {
	const secret = await ignoring(['ResourceNotFoundException'], aws.client(SecretsManagerClient).send(new DescribeSecretCommand({ SecretId: name })));
	return secret !== undefined && secret.DeletedDate === undefined;
}

/** Nothing stored and nothing given. */
export function missingSecret(): UserError {
	return new UserError('ClientSecretMissing', 'the client secret of the login provider is not stored yet, and none is given', {
		hint: "export AIRFLOW_DEPLOY_OAUTH_CLIENT_SECRET='<from the provider>'   # for this run only; then it is in Secrets Manager",
		exit: Exit.usage,
	});
}
