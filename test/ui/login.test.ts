import { expect, test } from 'vitest';
import pc from 'picocolors';
import { renderCredentials } from '../../src/ui/render/credentials.ts';
import { loginLines } from '../../src/ui/render/login.ts';

const style = { colour: pc.createColors(false), width: 80 };

test('how people log in', () => {
	expect(loginLines({ auth: 'db', redirectUri: null }, style)).toEqual([]);
	expect(loginLines({ auth: 'github', redirectUri: null }, style)).toEqual(['log in     with GitHub: there is no password here', 'register   <address of the web page>/oauth-authorized/github', '           at the provider, as redirect URI']);
	const url = 'https://airflow.example.com';
	expect(renderCredentials({ url, username: null, password: null, login: { auth: 'google', redirectUri: `${url}/oauth-authorized/google` } }, style)).toMatchInlineSnapshot(`
		"web page   https://airflow.example.com
		log in     with Google: there is no password here
		register   https://airflow.example.com/oauth-authorized/google
		           at the provider, as redirect URI"
	`);
});
