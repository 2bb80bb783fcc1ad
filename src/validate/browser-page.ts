import type { Browser, Page } from 'playwright-core';
import { airflowApi } from './airflow-api.ts';
import { CheckFailed } from './check.ts';
import type { HttpRequest } from './http-request.ts';
import { personAt, toProvider } from './provider-page.ts';
import type { WebPage } from './web-page.ts';

/** Milliseconds that a page, or something on it, may take to appear. */
const patience = 20_000;

/** The web page as a person sees it. The REST calls beside it are in the browser's session. */
export async function browserPage({ browser, name: agent }: { browser: Browser; name: string }, url: string, request: HttpRequest): Promise<WebPage> {
	const context = await browser.newContext({ baseURL: url, viewport: { width: 1280, height: 800 }, locale: 'en-US', timezoneId: 'UTC' });
	context.setDefaultTimeout(patience);
	const page = await context.newPage();
	const api = airflowApi(async (method, path, { body, accept }) => {
		const cookie = (await context.cookies(url)).map(({ name, value }) => `${name}=${value}`).join('; ');
		return request(url + path, { method, headers: { accept, cookie, ...(body ? { 'content-type': 'application/json' } : {}) }, ...(body ? { body: JSON.stringify(body) } : {}) });
	});
	const open = (path: string): Promise<number> => openPage(page, path);
	return {
		kind: 'browser',
		agent,
		api,
		login: (username, password) => login(page, username, password),
		toProvider: (login) => toProvider(page, url, login),
		person: personAt(page, url),
		async useSession(cookie) {
			const [name = '', value = ''] = cookie.split(/=(.*)/s);
			await context.addCookies([{ name, value, url, httpOnly: true, sameSite: 'Lax' }]);
			await open('/home');
		},
		async dagList() {
			await open('/home?status=all');
			const errors = page.locator('.dag-import-error');
			// They stand in a folded panel: a person unfolds it.
			if ((await errors.count()) > 0) await page.locator('#alerts-accordion-toggle').click();
			const dags = await page.locator('input.switch-input[data-dag-id]').evaluateAll((inputs) => inputs.map((input) => input.getAttribute('data-dag-id') ?? ''));
			return { dags, importErrors: await errors.allTextContents() };
		},
		async unpause(dagId) {
			await open(`/dags/${encodeURIComponent(dagId)}/grid`);
			const toggle = page.locator('#pause_resume');
			if (await toggle.isChecked()) return;
			const answered = page.waitForResponse((answer) => new URL(answer.url()).pathname.endsWith('/paused'));
			// The input itself is hidden behind its label.
			await page.locator('label:has(#pause_resume)').click();
			const status = (await answered).status();
			if (status >= 300) throw new CheckFailed(`the switch that unpauses ${dagId} answered ${status}`);
		},
		trigger: (dagId, runId) => trigger(page, dagId, runId),
		openRun: async (dagId, runId) => void (await open(runPath(dagId, runId))),
		async showsRun(dagId, runId, state) {
			// The grid refreshes itself only while it believes that something runs.
			await open(runPath(dagId, runId));
			await expectSeen(page.getByText(runId).first(), `the page of ${dagId} does not show run ${runId}`);
			await expectSeen(page.locator('tr', { hasText: 'Status' }).getByText(state, { exact: true }).first(), `the page of ${dagId} does not show run ${runId} as ${state}`);
		},
		async taskLog(dagId, run, { task_id, map_index }) {
			await open(`/log?${query({ dag_id: dagId, task_id, execution_date: run.logical_date, map_index: String(map_index) })}`);
			// The spinner goes when the last part has come.
			await page.locator('.tab-pane.active img[id^="loading-"]').waitFor({ state: 'hidden' });
			return (await page.locator('.tab-pane.active code').allInnerTexts()).join('\n');
		},
		async visit(path) {
			const status = await open(path);
			return { status, text: await page.locator('body').innerText() };
		},
		screenshot: async () => (page.url() === 'about:blank' ? undefined : page.screenshot({ timeout: 5000, animations: 'disabled' })),
		close: () => browser.close(),
	};
}

function runPath(dagId: string, runId: string): string {
	return `/dags/${encodeURIComponent(dagId)}/grid?${query({ dag_run_id: runId })}`;
}

function query(parameters: Record<string, string>): string {
	return new URLSearchParams(parameters).toString();
}

/** @throws CheckFailed where the server failed to make the page */
async function openPage(page: Page, path: string): Promise<number> {
	const answer = await page.goto(path, { waitUntil: 'domcontentloaded' });
	const status = answer?.status() ?? 0;
	if (status >= 500) throw new CheckFailed(`the web page answered ${status} to ${path.split('?')[0]}`);
	return status;
}

async function login(page: Page, username: string, password: string): Promise<void> {
	await openPage(page, '/login/');
	await page.locator('#username').fill(username);
	await page.locator('#password').fill(password);
	await page.locator('input[type=submit]').click();
	await page.waitForLoadState('domcontentloaded');
	// A refused login comes back to the form.
	if (new URL(page.url()).pathname.startsWith('/login')) {
		const said = (await alerts(page)).find(Boolean)?.replace(/\.$/, '');
		throw new CheckFailed(`the login form refuses user ${username}${said === undefined ? '' : `: ${said}`}`);
	}
}

async function trigger(page: Page, dagId: string, runId: string): Promise<void> {
	const origin = runPath(dagId, runId);
	await openPage(page, `/trigger?${query({ dag_id: dagId, origin })}`);
	await page.locator('input[name=run_id]').fill(runId);
	// The run id would be out of sight in the form's narrow box; the grid shows it.
	await page.getByRole('button', { name: 'Trigger', exact: true }).click();
	await page.waitForLoadState('domcontentloaded');
	const said = await alerts(page);
	if (!said.some((text) => text.startsWith(`Triggered ${dagId}`))) throw new CheckFailed(`the button that triggers ${dagId} did not: ${said.find(Boolean) ?? 'the page says nothing'}`);
}

/** What the page says above its content, without the crosses that close it. */
async function alerts(page: Page): Promise<string[]> {
	return (await page.locator('.alert:visible').allInnerTexts()).map((text) => text.replace('×', '').trim());
}

async function expectSeen(what: ReturnType<Page['locator']>, otherwise: string): Promise<void> {
	await what.waitFor({ state: 'visible' }).catch((error: unknown) => {
		throw new CheckFailed(otherwise, { cause: error });
	});
}
