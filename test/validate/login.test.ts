import { describe, expect, test } from 'vitest';
import { passwords } from '../../src/stacks/login.ts';
import { browserPage } from '../../src/validate/browser-page.ts';
import { launchBrowser } from '../../src/validate/browser.ts';
import { login } from '../../src/validate/checks/login.ts';
import { httpRequest } from '../../src/validate/http-request.ts';
import type { Session } from '../../src/validate/session.ts';
import type { WebPage } from '../../src/validate/web-page.ts';
import { deployedAt, sessionOf } from './sample.ts';
import { serve } from './server.ts';

const url = 'https://airflow.example.com';
const at = { url: 'https://accounts.google.com/o/oauth2/v2/auth' };

/** What was done with the page. */
interface Seen {
	readonly done: string[];
	readonly session: Session;
}

function openPage({ issuer, headed, person }: { issuer: string | null; headed: boolean; person: boolean }): Seen {
	const done: string[] = [];
	const page = {
		toProvider: () => Promise.resolve(at),
		useSession: async (cookie: string) => void done.push(cookie),
		...(person ? { person: { isBelieved: async (email: string) => void done.push(email), logsIn: async (seconds: number) => void done.push(`a person within ${seconds} s`) } } : {}),
	} as unknown as WebPage;
	const deployed = { ...deployedAt(url), credentials: undefined, login: { ...passwords, auth: 'oidc' as const, issuer, adminEmails: ['boss@example.com'] } };
	return { done, session: sessionOf(deployed, { page, wishes: { dags: [], all: false, timeout: 300, browser: person, headed }, containerSession: () => Promise.resolve('session=x') }) };
}

describe('the login through a provider', () => {
	const real = 'https://accounts.google.com';

	test('an issuer of this machine believes the first admin', async () => {
		const { session, done } = openPage({ issuer: 'http://127.0.0.2:8000', headed: false, person: true });
		expect(await login.run(session)).toEqual({ detail: 'boss@example.com is logged in through the issuer at accounts.google.com' });
		expect(done).toEqual(['boss@example.com']);
	});

	test.each([[real], ['http://127.0.0.2:8000']])('whoever sees the browser logs in, at %s', async (issuer) => {
		const { session, done } = openPage({ issuer, headed: true, person: true });
		expect((await login.run(session)).leftOut).toBeUndefined();
		expect(done).toEqual(['a person within 300 s']);
	});

	test('a real one is looked at as far as its page; what that does not prove is said, and the container opens the rest', async () => {
		const { session, done } = openPage({ issuer: real, headed: false, person: true });
		expect(await login.run(session)).toEqual({ leftOut: true, detail: expect.stringMatching(/^accounts\.google\.com takes the request; not proved: that a person gets in there \(airflow-deploy validate --headed, where you log in, does\)/) as string });
		expect(done).toEqual(['session=x']);
	});

	test('so is any without a browser', async () => {
		const { session, done } = openPage({ issuer: 'http://127.0.0.2:8000', headed: false, person: false });
		expect(await login.run(session)).toMatchObject({ leftOut: true });
		expect(done).toEqual(['session=x']);
	});
});

test('a browser goes on in a session of the container, and at a provider that is not ours', async () => {
	const launched = await launchBrowser({ env: process.env, headed: false, say: () => {} });
	if (launched === undefined) throw new Error('no browser starts here');
	const cookies: (string | undefined)[] = [];
	const refusing = await serve((_, response) => response.writeHead(400, { 'content-type': 'text/html' }).end('Error 400: redirect_uri_mismatch'));
	const page = await serve((request, response) => {
		cookies.push(request.headers.cookie);
		if (request.url === '/login/google') response.writeHead(302, { location: `${refusing}/auth` }).end();
		else response.setHeader('content-type', 'text/html').end('<a id="sign-in" href="/login/google">Sign in</a>');
	});
	const opened = await browserPage(launched, page, httpRequest);
	try {
		const redirectUri = `${page}/oauth-authorized/google`;
		await expect(opened.toProvider({ auth: 'google', redirectUri })).rejects.toThrow(`does not know the redirect URI ${redirectUri} (400): Error 400: redirect_uri_mismatch`);
		await opened.useSession('session=abc.d=f');
		expect(cookies.at(-1)).toBe('session=abc.d=f');
	} finally {
		await opened.close();
	}
});
