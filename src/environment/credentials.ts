import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { CredentialsDocument, ProviderCredentialsDocument } from './documents.ts';
import type { LoginOptions } from '../stacks/login.ts';
import { describeLogin, loginOf } from './login-option.ts';
import type { Options } from './options.ts';
import { readStates } from './session.ts';
import { currentAddress, assertRecorded } from './recorded.ts';

/** URL, user name and password of the web page: the only place where a secret is shown. None where people log in through a provider. */
export async function credentials(options: Options): Promise<CredentialsDocument | ProviderCredentialsDocument> {
	const entries = (await readStates(options)).get(options.config.environment)?.entries ?? {};
	const secret = entries['secret-admin-password'];
	assertRecorded(options, secret);
	const login = loginOf(entries);
	if (login.auth !== 'db') return withoutPassword(login, await currentAddress(options, entries));
	const { SecretString = '' } = await options.aws.client(SecretsManagerClient).send(new GetSecretValueCommand({ SecretId: secret.arn ?? secret.id ?? '' }));
	return { url: await currentAddress(options, entries), username: 'admin', password: SecretString };
}

function withoutPassword(login: LoginOptions, url: string | null): ProviderCredentialsDocument {
	return { url, username: null, password: null, login: describeLogin(login, url) };
}
