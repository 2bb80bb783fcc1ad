import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page, Request } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CredentialsDocument, ProviderCredentialsDocument, RecordedObject, UpDocument, ValidateDocument } from '../../src/environment/documents.ts';
import { launchBrowser } from '../../src/validate/browser.ts';
import { airflowApi } from './airflow-api.ts';
import { client, type Issuer, startIssuer } from './oidc-issuer.ts';
import { commandLines } from './secrets.ts';
import { type Workspace, workspace } from './workspace.ts';

/** One environment: with passwords, then with an OpenID Connect provider, then with passwords again. */
describe('login through a provider, on the local target', () => {
	let here: Workspace;
	let issuer: Issuer;
	let browser: Browser;
	/** Of the web page, new with each release. */
	let url: string;
	/** Callbacks that have been answered. */
	const callbacks: string[] = [];
	/** Hosts that browsers asked for. */
	const hosts = new Set<string>();

	beforeAll(async () => {
		const launched = await launchBrowser({ env: process.env, headed: false, say: () => {} });
		if (launched === undefined) throw new Error('no browser starts here');
		[here, issuer] = await Promise.all([workspace(), startIssuer()]);
		browser = launched.browser;
		issuer.claims.set('mallory@example.com', { email_verified: false });
	});
	afterAll(async () => {
		await browser.close();
		await issuer.close();
		await here.dispose();
	});

	/** What a shell would have exported; the secret is given once. */
	const provider = (): Record<string, string> => ({
		AIRFLOW_DEPLOY_AUTH: 'oidc', AIRFLOW_DEPLOY_OAUTH_ISSUER: issuer.url, AIRFLOW_DEPLOY_OAUTH_CLIENT_ID: client.id,
		AIRFLOW_DEPLOY_ALLOWED_DOMAINS: 'example.com', AIRFLOW_DEPLOY_ADMIN_EMAILS: 'boss@elsewhere.org',
	});
	const deploy = async (env: Record<string, string> = {}): Promise<UpDocument> => {
		const { exit, document, stderr } = await here.json<UpDocument>(['deploy', '--local'], { env });
		if (exit !== 0) throw new Error(stderr);
		url = document.webserver.url ?? '';
		if (document.login.redirectUri !== null) issuer.redirectUris.add(document.login.redirectUri);
		return document;
	};
	const withPassword = async () => airflowApi((await here.json<CredentialsDocument>(['credentials', '--local'])).document);
	const rolesOf = async (): Promise<Record<string, string[]>> => {
		const { users } = await (await withPassword()).call<{ users: { email: string; roles: { name: string }[] }[] }>('GET', '/users?limit=100');
		return Object.fromEntries(users.map(({ email, roles }) => [email, roles.map(({ name }) => name)]));
	};
	const person = async (): Promise<{ context: BrowserContext; page: Page }> => {
		const context = await browser.newContext({ baseURL: url });
		const page = await context.newPage();
		page.on('request', (request: Request) => {
			hosts.add(new URL(request.url()).hostname);
			if (new URL(request.url()).pathname.startsWith('/oauth-authorized/')) callbacks.push(request.url());
		});
		return { context, page };
	};
	/** How long logins took from the button on, seconds. */
	const durations: number[] = [];
	/** From the login page to whatever comes at the end. */
	const logIn = async (page: Page, email: string): Promise<void> => {
		await page.goto('/login/');
		const began = performance.now();
		await page.locator('#sign-in').click();
		await page.locator('input[name=login]').fill(email);
		await page.locator('button[type=submit]').click();
		await page.waitForURL(`${url}/**`);
		durations.push((performance.now() - began) / 1000);
	};
	const isLoggedIn = async (page: Page): Promise<boolean> => (await page.request.get('/home', { maxRedirects: 0 })).status() === 200;

	test('an environment with passwords, and a user in it', async () => {
		const { document } = await here.json<UpDocument>(['up', '--local']);
		expect(document).toMatchObject({ phase: 'up', login: { auth: 'db', redirectUri: null } });
		const user = { username: 'carol', email: 'Carol@Example.com', first_name: 'Carol', last_name: 'Jones', password: 'a password', roles: [{ name: 'Op' }] };
		await (await withPassword()).call('POST', '/users', user);
	});

	test('a deploy changes to the provider, and the secret of the client is nowhere but in Secrets Manager', async () => {
		const without = await here.run(['deploy', '--local', '--yes'], { env: provider() });
		expect(without).toMatchObject({ exit: 2, stderr: expect.stringContaining('the client secret of the login provider is not stored yet') as string });

		const { login } = await deploy({ ...provider(), AIRFLOW_DEPLOY_OAUTH_CLIENT_SECRET: client.secret });
		expect(login).toEqual({ auth: 'oidc', redirectUri: `${url}/oauth-authorized/oidc` });
		// Secret and settings are kept: nothing is given, and nothing changes.
		expect((await deploy()).steps.filter(({ action }) => action !== 'none')).toEqual([]);

		expect((await commandLines()).join('\n')).not.toContain(client.secret);
		const files = await readdir(here.path('.airflow-deploy/state'), { recursive: true, withFileTypes: true });
		const records = await Promise.all(files.filter((file) => file.isFile()).map((file) => readFile(join(file.parentPath, file.name), 'utf8')));
		expect(records.join('\n')).toContain('secret-oauth-client-secret');
		expect(records.join('\n')).not.toContain(client.secret);
		const logs = await here.run(['logs', '--local', '--json', '--since', '10m']);
		expect(logs.stdout.split('\n').filter((line) => line.includes('"component":"webserver"')).length).toBeGreaterThan(0);
		expect(logs.stdout.includes(client.secret)).toBe(false);
	});

	test('commands say that there is no password, and what to register', async () => {
		const { document } = await here.json<ProviderCredentialsDocument>(['credentials', '--local']);
		expect(document).toEqual({ url, username: null, password: null, login: { auth: 'oidc', redirectUri: `${url}/oauth-authorized/oidc` } });
		expect((await here.run(['open', '--local', '--print']))).toMatchObject({ exit: 0, stdout: `${url}\n`, stderr: expect.stringContaining('log in with your OpenID Connect provider: there is no password here') as string });
		const plan = await here.succeeds(['plan', '--local']);
		expect(plan.stdout).toContain(`register   ${url}/oauth-authorized/oidc\n           at the provider, as redirect URI\n`);
		const doctor = await here.run(['doctor', '--local']);
		expect(doctor.stdout).toContain(`${url}/oauth-authorized/oidc`);
	});

	test('a first login makes an account', async () => {
		const { context, page } = await person();
		await logIn(page, 'alice@example.com');
		expect(new URL(page.url()).pathname).toBe('/home');
		await expect(page.getByText('tutorial_taskflow_api').first().innerText()).resolves.toBe('tutorial_taskflow_api');
		const cookie = (await context.cookies(url)).find(({ name }) => name === 'session');
		// Plain HTTP on loopback: with HTTPS it is `secure` as well.
		expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Lax', secure: false });
		expect(cookie?.expires).toBeLessThanOrEqual(Date.now() / 1000 + 12 * 3600);
		// A Viewer sees no users.
		expect((await page.request.get('/users/list/', { maxRedirects: 0 })).status()).toBe(302);
	});

	test('a second login finds it, and a logout ends it', async () => {
		const { page } = await person();
		await logIn(page, 'ALICE@example.com');
		expect(await isLoggedIn(page)).toBe(true);
		// A request of the page that is still under way would save the session it began with, after the logout.
		await page.waitForLoadState('networkidle');
		await page.goto('/logout/');
		expect(await isLoggedIn(page)).toBe(false);
		await page.goto('/login/');
		expect(await page.locator('#sign-in').innerText()).toBe('Sign in with single sign-on');
	});

	test('who is listed as admin is one, and who had an account keeps it with its roles', async () => {
		const boss = await person();
		await logIn(boss.page, 'boss@elsewhere.org');
		await boss.page.goto('/users/list/');
		expect(await boss.page.locator('body').innerText()).toContain('alice@example.com');
		const carol = await person();
		await logIn(carol.page, 'carol@example.com');
		expect(await isLoggedIn(carol.page)).toBe(true);
		// What an Op may see, and a Viewer may not.
		expect((await carol.page.request.get('/connection/list/', { maxRedirects: 0 })).status()).toBe(200);
	});

	test.each([
		['eve@example.com.evil.org', 'not-on-list', 'eve@example.com.evil.org is not among the people and domains that this Airflow lets in'],
		['mallory@example.com', 'unverified-email', 'the provider has not verified that mallory@example.com is your e-mail address'],
	])('%s sees why not, and whom to ask', async (email, code, why) => {
		const { page } = await person();
		await logIn(page, email);
		expect(await page.locator('#refused').getAttribute('data-code')).toBe(code);
		expect(await page.locator('#reason').innerText()).toBe(`You are not logged in: ${why}.`);
		expect(await page.locator('#whom-to-ask').innerText()).toContain('boss@elsewhere.org');
		expect(await isLoggedIn(page)).toBe(false);
		// The way out leads to the provider's own question again.
		await page.locator('#again').click();
		await page.locator('input[name=login]').waitFor();
	});

	test('a replayed, a stolen and a forged callback are refused', async () => {
		const { page } = await person();
		await logIn(page, 'alice@example.com');
		const used = callbacks.at(-1) ?? '';
		expect(used).toMatch(/[?&]state=[\w-]{43}(&|$)/);
		const refused = async (at: Page, address: string): Promise<void> => {
			await at.goto(address);
			expect(await at.locator('#refused').getAttribute('data-code')).toBe('forged-answer');
		};
		await refused(page, used);
		// An answer that was meant for another browser: stopped on its way, so that its code is still good.
		const victim = await person();
		const thief = await person();
		await thief.page.route('**/oauth-authorized/**', (route) => route.abort());
		await thief.page.goto('/login/oidc');
		await thief.page.locator('input[name=login]').fill('alice@example.com');
		await thief.page.locator('button[type=submit]').click();
		await expect.poll(() => callbacks.at(-1)).not.toBe(used);
		await refused(victim.page, callbacks.at(-1) ?? '');
		expect(await isLoggedIn(victim.page)).toBe(false);
		await refused(victim.page, `${url}/oauth-authorized/oidc?code=guessed&state=guessed`);
	});

	test('a login takes at most five seconds, no request of any has left this machine, and passwords open nothing meanwhile', async () => {
		process.stdout.write(`login through an issuer of this machine: ${durations.map((seconds) => seconds.toFixed(2)).join(', ')} s\n`);
		// The quickest: the others tell of what else the machine had to do.
		expect(Math.min(...durations)).toBeLessThanOrEqual(5);
		expect([...hosts].filter((host) => !host.startsWith('127.'))).toEqual([]);
		expect(hosts.size).toBeGreaterThanOrEqual(2);
		const answer = await fetch(`${url}/api/v1/dags`, { headers: { authorization: `Basic ${btoa('carol:a password')}` } });
		expect(answer.status).toBe(401);
	});

	test('validate logs in at an issuer of this machine by itself, and through the container without a browser', async () => {
		const own = await here.json<ValidateDocument>(['validate', '--local', '--dag', 'tutorial_taskflow_api']);
		expect(own.document).toMatchObject({ ok: true, mode: 'browser' });
		expect(own.document.checks.find(({ name }) => name === 'login')).toMatchObject({ verdict: 'passed', detail: expect.stringContaining('boss@elsewhere.org is logged in through the issuer at 127.0.0.2') as string });
		const bare = await here.json<ValidateDocument>(['validate', '--local', '--no-browser', '--dag', 'tutorial_taskflow_api']);
		expect(bare.document).toMatchObject({ ok: true, mode: 'http' });
		expect(bare.document.checks.find(({ name }) => name === 'login')).toMatchObject({ verdict: 'left-out', detail: expect.stringContaining('not proved: that a person gets in there') as string });
		expect(bare.document.checks.find(({ name }) => name === 'run:tutorial_taskflow_api')?.verdict).toBe('passed');
	});

	test('a wrong secret is named by the page, by its log and by validate', async () => {
		await deploy({ AIRFLOW_DEPLOY_OAUTH_CLIENT_SECRET: 'not-the-secret' });
		const { exit, document } = await here.json<ValidateDocument>(['validate', '--local', '--dag', 'tutorial']);
		expect(exit).toBe(3);
		const why = 'the provider does not know this Airflow: its client id or client secret is wrong (invalid_client: client authentication failed)';
		expect(document.checks.find(({ name }) => name === 'login')).toMatchObject({ verdict: 'failed', detail: expect.stringContaining(why) as string });
		const logs = await here.run(['logs', 'webserver', '--local', '--json', '--since', '5m', '--grep', 'login refused']);
		expect(logs.stdout).toContain(why);
		expect(logs.stdout).not.toContain('not-the-secret');
	});

	test('a deploy changes back to passwords: users keep their roles, and the secret is gone', async () => {
		await deploy({ AIRFLOW_DEPLOY_AUTH: 'db' });
		const roles = await rolesOf();
		expect(roles).toEqual({ 'admin@example.com': ['Admin'], 'alice@example.com': ['Viewer'], 'boss@elsewhere.org': ['Admin'], 'Carol@Example.com': ['Op'] });
		const { document } = await here.json<RecordedObject[]>(['state', 'list', '--local']);
		expect(JSON.stringify(document)).toContain('secret-admin-password');
		expect(JSON.stringify(document)).not.toContain('secret-oauth-client-secret');
		const answer = await fetch(`${url}/api/v1/dags`, { headers: { authorization: `Basic ${btoa('carol:a password')}` } });
		expect(answer.status).toBe(200);
	});
});
