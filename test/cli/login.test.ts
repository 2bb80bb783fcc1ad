import { describe, expect, test } from 'vitest';
import { run } from './run.ts';

/** Of a place that does not exist: a call there ends with its name. */
const env = { AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'x', AWS_ENDPOINT_URL: 'https://aws.invalid', AIRFLOW_DEPLOY_OAUTH_CLIENT_ID: 'id', AIRFLOW_DEPLOY_OAUTH_CLIENT_SECRET: 'not-to-be-shown', AIRFLOW_DEPLOY_ADMIN_EMAILS: 'boss@example.com' };

describe('a login whose answers would cross the network in plain text', () => {
	test.each(['up', 'deploy', 'db-init', 'upload'])('%s refuses it before the first call', async (command) => {
		const { exit, stderr } = await run([command, '--yes', '--verbose'], { env: { ...env, AIRFLOW_DEPLOY_AUTH: 'google' } });
		expect(stderr).toMatchInlineSnapshot(`
			"error: the configuration is not valid: AIRFLOW_DEPLOY_AUTH: google would send people back to plain HTTP at an address that is not on this machine, where anybody on the way can take over their session
			hint:  set AIRFLOW_DEPLOY_DOMAIN with AIRFLOW_DEPLOY_HOSTED_ZONE_ID or AIRFLOW_DEPLOY_CERTIFICATE_ARN, which gives the web page HTTPS; or leave AIRFLOW_DEPLOY_AUTH=db
			"
		`);
		expect(exit).toBe(2);
	});

	test('with a name for the web page it goes on, to the first call', async () => {
		const { stderr } = await run(['up', '--yes', '--verbose'], { env: { ...env, AIRFLOW_DEPLOY_AUTH: 'google', AIRFLOW_DEPLOY_DOMAIN: 'airflow.example.com', AIRFLOW_DEPLOY_HOSTED_ZONE_ID: 'Z1' } });
		expect(stderr).not.toContain('plain HTTP');
		expect(stderr).toContain('aws.invalid');
	});

	test('what is not valid is said without the secret', async () => {
		const { exit, stdout, stderr } = await run(['plan', '--yes'], { env: { ...env, AIRFLOW_DEPLOY_AUTH: 'saml', AIRFLOW_DEPLOY_OAUTH_ISSUER: 'http://localhost:1' } });
		expect(exit).toBe(2);
		expect(stderr).toContain('AIRFLOW_DEPLOY_AUTH: "saml" must be one of db, google, github, oidc');
		expect(stderr).toContain('AIRFLOW_DEPLOY_OAUTH_ISSUER: "http://localhost:1" must be an https:// URL');
		expect(stdout + stderr).not.toContain('not-to-be-shown');
	});
});
