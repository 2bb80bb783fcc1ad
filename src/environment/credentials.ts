import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { CredentialsDocument } from './documents.ts';
import type { Options } from './options.ts';
import { readStates } from './session.ts';
import { currentAddress, assertRecorded } from './recorded.ts';

/** URL, user name and password of the web page: the only place where a secret is shown. */
export async function credentials(options: Options): Promise<CredentialsDocument> {
	const entries = (await readStates(options)).get(options.config.environment)?.entries ?? {};
	const secret = entries['secret-admin-password'];
	assertRecorded(options, secret);
	const { SecretString = '' } = await options.aws.client(SecretsManagerClient).send(new GetSecretValueCommand({ SecretId: secret.arn ?? secret.id ?? '' }));
	return { url: await currentAddress(options, entries), username: 'admin', password: SecretString };
}
