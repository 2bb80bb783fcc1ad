import type { Page } from 'playwright-core';
import type { LoginDocument } from '../environment/documents.ts';
import { CheckFailed } from './check.ts';
import { assertNotRefused, assertWelcome } from './provider-answer.ts';
import type { Person } from './web-page.ts';

/** Pages of an issuer for tests between its first one and ours: who are you, may Airflow know it. */
const mostPages = 6;

/** The button on the login page, and where it leads to. */
export async function toProvider(page: Page, url: string, { auth, redirectUri }: LoginDocument): Promise<{ url: string }> {
	await page.goto('/login/', { waitUntil: 'domcontentloaded' });
	const button = page.locator('#sign-in');
	if ((await button.count()) === 0) throw new CheckFailed(`the login page has no button for ${auth}`, { hint: 'airflow-deploy deploy' });
	const answered = page.waitForResponse((answer) => answer.request().isNavigationRequest() && !(answer.status() >= 300 && answer.status() < 400));
	await button.click();
	const status = (await answered).status();
	await page.waitForLoadState('domcontentloaded');
	const text = await page.content();
	if (isOurs(page, url)) {
		assertNotRefused(text);
		// The provider knew the person already.
		return { url: page.url() };
	}
	assertWelcome({ status, text: `${text} ${page.url()}`, redirectUri, url: page.url() });
	return { url: page.url() };
}

export function personAt(page: Page, url: string): Person {
	return {
		async isBelieved(email) {
			for (let pages = 0; !isOurs(page, url); pages += 1) {
				if (pages === mostPages) throw new CheckFailed(`the issuer's pages do not end: the last one is ${page.url()}`);
				await fillIn(page, email);
			}
			await assertLoggedIn(page);
		},
		async logsIn(seconds) {
			await page.waitForURL((at) => at.origin === new URL(url).origin, { timeout: seconds * 1000, waitUntil: 'domcontentloaded' }).catch((error: unknown) => {
				throw new CheckFailed(`nobody has logged in within ${seconds} s: the browser shows ${new URL(page.url()).host}`, { cause: error, hint: 'airflow-deploy validate --headed, and log in there' });
			});
			await assertLoggedIn(page);
		},
	};
}

function isOurs(page: Page, url: string): boolean {
	return new URL(page.url()).origin === new URL(url).origin;
}

async function fillIn(page: Page, email: string): Promise<void> {
	const fields = page.locator('input:visible:not([type=submit]):not([type=checkbox]):not([type=radio]):not([type=button])');
	for (const field of await fields.all()) await field.fill(email);
	const before = page.url();
	await page.locator('button[type=submit]:visible, input[type=submit]:visible, button:visible').first().click();
	await page.waitForURL((at) => at.href !== before, { waitUntil: 'domcontentloaded' });
}

async function assertLoggedIn(page: Page): Promise<void> {
	assertNotRefused(await page.content());
	if (new URL(page.url()).pathname.startsWith('/login')) throw new CheckFailed('the provider sent the person back, and the web page asks to log in again');
}
