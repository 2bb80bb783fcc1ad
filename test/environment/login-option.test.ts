import { tmpdir } from 'node:os';
import { describe, expect, test } from 'vitest';
import { type Config, loadConfig } from '../../src/config/config.ts';
import { assertCompleteLogin, assertSafeReturn, describeLogin, loginOption, recordedLogin } from '../../src/environment/login-option.ts';
import { loginDocument, type LoginOptions, loginSettings, passwords } from '../../src/stacks/login.ts';

async function config(settings: Record<string, string> = {}): Promise<Config> {
	const env = Object.fromEntries(Object.entries(settings).map(([name, value]) => [`AIRFLOW_DEPLOY_${name}`, value]));
	return (await loadConfig({ env, cwd: tmpdir() })).config;
}

const main = { isBranch: false };
const oidc: LoginOptions = { ...passwords, auth: 'oidc', issuer: 'https://issuer.example.com', clientId: 'airflow', allowedDomains: ['example.com'], adminEmails: ['boss@example.com'] };
const recorded = { allowedCidrs: [], login: loginDocument(oidc) };

describe('what a login is made from', () => {
	test('a new environment has passwords, and so has one of before', async () => {
		expect(loginOption(await config(), undefined, main)).toEqual(passwords);
		expect(loginOption(await config(), { allowedCidrs: [] }, main)).toEqual(passwords);
	});

	test('what an anchor keeps is what was put there', () => {
		expect(recordedLogin(recorded)).toEqual(oidc);
		expect(recordedLogin({ login: { auth: 'saml', allowedDomains: 'all', adminEmails: [7] } })).toEqual(passwords);
	});

	test('what is not said stays; what is said changes, also to nobody', async () => {
		expect(loginOption(await config(), recorded, main)).toEqual(oidc);
		const changed = await config({ ALLOWED_DOMAINS: 'none', ADMIN_EMAILS: 'a@example.com, b@example.com', DEFAULT_ROLE: 'Op', ROLE_MAPPING: 'data=Op' });
		expect(loginOption(changed, recorded, main)).toEqual({ ...oidc, allowedDomains: [], adminEmails: ['a@example.com', 'b@example.com'], defaultRole: 'Op', roleMapping: ['data=Op'] });
	});

	test('another provider begins without issuer and client, and passwords need none; who gets in stays', async () => {
		expect(loginOption(await config({ AUTH: 'google', OAUTH_CLIENT_ID: 'other' }), recorded, main)).toEqual({ ...oidc, auth: 'google', issuer: null, clientId: 'other' });
		expect(loginOption(await config({ AUTH: 'db' }), recorded, main)).toEqual({ ...oidc, auth: 'db', issuer: null, clientId: null });
	});

	test('a branch has passwords, whatever is configured', async () => {
		expect(loginOption(await config({ AUTH: 'oidc' }), recorded, { isBranch: true })).toEqual(passwords);
	});
});

describe('refused before anything is made', () => {
	test.each([
		['google', {}, undefined],
		['github', {}, undefined],
		['oidc', {}, 'http://aws.example.com:4566'],
	] as const)('%s without HTTPS, away from this machine', (auth, settings, endpoint) => {
		expect(() => assertSafeReturn(auth, { domain: undefined, ...settings }, endpoint)).toThrow(expect.objectContaining({ code: 'InvalidConfiguration', exit: 2, message: expect.stringContaining('plain HTTP') as string, hint: expect.stringContaining('AIRFLOW_DEPLOY_DOMAIN') as string }) as Error);
	});

	test('not with HTTPS, on loopback, or with passwords', () => {
		expect(() => {
			assertSafeReturn('google', { domain: 'airflow.example.com' }, undefined);
			assertSafeReturn('google', { domain: undefined }, 'http://127.0.0.1:4566');
			assertSafeReturn('db', { domain: undefined }, undefined);
			assertSafeReturn(undefined, { domain: undefined }, undefined);
		}).not.toThrow();
	});

	test.each<[Partial<LoginOptions>, string]>([
		[{ clientId: null }, 'AIRFLOW_DEPLOY_OAUTH_CLIENT_ID: is needed with AIRFLOW_DEPLOY_AUTH=oidc'],
		[{ issuer: null }, 'AIRFLOW_DEPLOY_OAUTH_ISSUER: is needed with AIRFLOW_DEPLOY_AUTH=oidc'],
		[{ auth: 'google' }, 'AIRFLOW_DEPLOY_OAUTH_ISSUER: Google has its own'],
		[{ auth: 'github', roleMapping: ['a=Op'] }, 'AIRFLOW_DEPLOY_ROLE_MAPPING: GitHub tells no groups'],
		[{ allowedDomains: [], adminEmails: [] }, 'with oidc nobody could log in'],
	])('a login that is not complete: %o', (changes, said) => {
		expect(() => assertCompleteLogin({ ...oidc, ...changes })).toThrow(said);
		expect(() => assertCompleteLogin(oidc)).not.toThrow();
	});

	test.each([
		['OAUTH_ISSUER', 'http://issuer.example.com', 'must be an https:// URL'],
		['OAUTH_ISSUER', 'http://localhost:8000', 'must be an https:// URL'],
		['OAUTH_ISSUER', 'http://127.0.0.1:8000', 'which is the task itself'],
		['OAUTH_ISSUER', 'https://issuer.example.com?x=1', 'must be an https:// URL'],
		['OAUTH_ISSUER', 'https://user@issuer.example.com', 'must be an https:// URL'],
		['ALLOWED_DOMAINS', 'example', '"example" is no domain'],
		['ALLOWED_DOMAINS', '@example.com', '"@example.com" is no domain'],
		['ADMIN_EMAILS', 'boss @example.com', '"boss @example.com" is no e-mail address'],
		['ALLOWED_EMAILS', 'a@example.com,b', '"b" is no e-mail address'],
		['ROLE_MAPPING', 'data', '"data" is not group=Role'],
		['AUTH', 'saml', 'must be one of db, google, github, oidc'],
	])('AIRFLOW_DEPLOY_%s=%s', async (name, value, said) => {
		await expect(config({ [name]: value })).rejects.toThrow(said);
	});

	test.each(['https://issuer.example.com/realms/a/', 'https://login.example.com:8443', 'http://127.0.0.2:8000', 'http://127.10.0.1:8000'])('%s is an issuer', async (url) => {
		expect((await config({ OAUTH_ISSUER: url })).oauthIssuer).toBe(url.replace(/\/$/, ''));
	});
});

describe('what the webserver is told', () => {
	test('with passwords the REST API takes them, with a provider only sessions', () => {
		expect(loginSettings(passwords, undefined)).toEqual({ AIRFLOW_DEPLOY_AUTH: 'db', AIRFLOW__API__AUTH_BACKENDS: 'airflow.api.auth.backend.session,airflow.api.auth.backend.basic_auth' });
		expect(loginSettings(oidc, 'v2')).toMatchObject({
			AIRFLOW__API__AUTH_BACKENDS: 'airflow.api.auth.backend.session',
			AIRFLOW_DEPLOY_AUTH: 'oidc', AIRFLOW_DEPLOY_ALLOWED_DOMAINS: 'example.com', AIRFLOW_DEPLOY_ADMIN_EMAILS: 'boss@example.com', AIRFLOW_DEPLOY_OAUTH_CLIENT_SECRET_VERSION: 'v2',
		});
	});

	test('what is to be registered', () => {
		expect(describeLogin(oidc, 'https://airflow.example.com')).toEqual({ auth: 'oidc', redirectUri: 'https://airflow.example.com/oauth-authorized/oidc' });
		expect(describeLogin(oidc, null)).toEqual({ auth: 'oidc', redirectUri: null });
		expect(describeLogin(passwords, 'https://airflow.example.com')).toEqual({ auth: 'db', redirectUri: null });
	});
});
