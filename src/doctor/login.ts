import { pageUrl } from '../config/page-url.ts';
import { anchorOptionsOf, assertCompleteLogin, assertSafeReturn, describeLogin, loginOption } from '../environment/login-option.ts';
import { currentAddress } from '../environment/recorded.ts';
import { type LoginOptions, passwords } from '../stacks/login.ts';
import { type AccountPatient, type Check, failed, type Finding, notChecked, ok } from './check.ts';

/** How long the provider may take to answer, milliseconds. */
const patience = 5000;

/** Whether people could log in through their provider. */
export const loginChecks: readonly Check<AccountPatient>[] = [{ name: 'login', run: login }];

async function login(patient: AccountPatient): Promise<Finding> {
	const { config, aws, recorded } = patient;
	const before = anchorOptionsOf(recorded.own);
	const wanted = loginOption(config, before, { isBranch: before?.['kind'] === 'branch' });
	if (wanted.auth === passwords.auth) return ok('with passwords that Airflow keeps');
	assertSafeReturn(wanted.auth, config, aws.endpoint);
	assertCompleteLogin(wanted);
	const { redirectUri } = describeLogin(wanted, pageUrl(config) ?? (await currentAddress(patient.options(() => {}), recorded.own)));
	const register = redirectUri === null ? 'register the redirect URI that up prints: the web page has no address yet' : `register ${redirectUri} as redirect URI there`;
	return (await discovery(wanted)) ?? ok(`through ${wanted.auth}; ${register}`);
}

/**
 * The issuer's own description of itself (OpenID Connect Discovery 1.0, section 4): the web page reads it as well.
 * @returns undefined where it is as it should be, or the provider has none
 */
async function discovery({ auth, issuer }: LoginOptions): Promise<Finding | undefined> {
	if (auth !== 'oidc' || issuer === null) return undefined;
	const answer = await fetch(`${issuer}/.well-known/openid-configuration`, { signal: AbortSignal.timeout(patience) }).catch(() => undefined);
	if (answer === undefined) return notChecked(`${issuer} cannot be reached from here`);
	const { issuer: itself } = (await answer.json().catch(() => ({}))) as { issuer?: unknown };
	if (typeof itself === 'string' && itself.replace(/\/+$/, '') === issuer) return undefined;
	const says = typeof itself === 'string' ? `calls itself ${itself}` : `has no discovery document (${answer.status})`;
	return failed(`the issuer ${issuer} ${says}`, 'set AIRFLOW_DEPLOY_OAUTH_ISSUER as the provider has it');
}
