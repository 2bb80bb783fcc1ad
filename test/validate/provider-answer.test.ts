import { describe, expect, test } from 'vitest';
import { httpPage } from '../../src/validate/http-page.ts';
import { httpRequest } from '../../src/validate/http-request.ts';
import { assertNotRefused, assertWelcome } from '../../src/validate/provider-answer.ts';
import { serve } from './server.ts';

const redirectUri = 'https://airflow.example.com/oauth-authorized/google';
const url = 'https://accounts.google.com/o/oauth2/v2/auth?client_id=x';

describe('what a provider answers', () => {
	test.each([
		[400, '<h1>Access blocked</h1>Error 400: redirect_uri_mismatch', `the provider at accounts.google.com does not know the redirect URI ${redirectUri} (400)`],
		[401, 'Error 401: invalid_client. The OAuth client was not found.', 'does not know the client id (401)'],
		[302, 'https://github.com/x?error=redirect_uri_mismatch', `does not know the redirect URI ${redirectUri}`],
		[404, '<title>Not Found</title>', 'answers with an error (404): Not Found'],
		[400, 'Error 400: invalid_scope', 'refuses the request (400)'],
	])('%i %s', (status, text, said) => {
		expect(() => assertWelcome({ status, text, redirectUri, url })).toThrow(said);
	});

	test('its page, or the way to it, is no error', () => {
		expect(() => {
			assertWelcome({ status: 200, text: '<input name=login>', redirectUri, url });
			assertWelcome({ status: 303, text: '/interaction/abc', redirectUri, url });
		}).not.toThrow();
	});
});

test('a page of ours that refuses is told with its reason', () => {
	const page = '<div id="refused" data-code="wrong-client"><p id="reason">You are not logged in: the provider&#39;s <b>no</b>.</p></div>';
	expect(() => assertNotRefused(page)).toThrow("the web page refuses the login (wrong-client): You are not logged in: the provider's no .");
	expect(() => assertNotRefused('<p>Sign in</p>')).not.toThrow();
});

describe('without a browser', () => {
	const login = { auth: 'oidc' as const, redirectUri };

	test('the button is followed as far as the provider', async () => {
		const issuer = await serve((_, response) => response.writeHead(303, { location: '/interaction/1' }).end());
		const page = await serve((_, response) => response.writeHead(302, { location: `${issuer}/auth?state=x` }).end());
		expect(await httpPage(page, httpRequest).toProvider(login)).toEqual({ url: `${issuer}/auth?state=x` });
	});

	test('a login page that does not lead there is a failure', async () => {
		const page = await serve((_, response) => response.end('an old page'));
		await expect(httpPage(page, httpRequest).toProvider(login)).rejects.toThrow('the web page answered 200 to /login/oidc');
	});

	test('a session of the container opens the REST API', async () => {
		const asked: (string | undefined)[] = [];
		const page = await serve((request, response) => {
			asked.push(request.headers.cookie, request.headers.authorization);
			response.setHeader('content-type', 'application/json').end('{"version": "2.5.3"}');
		});
		const opened = httpPage(page, httpRequest);
		await opened.useSession('session=abc.def');
		expect(await opened.api.version()).toBe('2.5.3');
		expect(asked).toEqual(['session=abc.def', undefined, 'session=abc.def', undefined]);
	});
});
