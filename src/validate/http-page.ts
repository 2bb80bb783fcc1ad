import type { LoginDocument } from '../environment/documents.ts';
import { airflowApi } from './airflow-api.ts';
import { CheckFailed } from './check.ts';
import type { HttpRequest } from './http-request.ts';
import { assertNotRefused, assertWelcome } from './provider-answer.ts';
import type { WebPage } from './web-page.ts';

/** The same without a browser: Airflow's REST API with the password, and the login form for pages that have no API. */
export function httpPage(url: string, request: HttpRequest): WebPage {
	let headers: Record<string, string> = {};
	let cookie = '';
	const api = airflowApi((method, path, { body, accept }) =>
		request(url + path, {
			method,
			headers: { ...headers, accept, ...(body ? { 'content-type': 'application/json' } : {}) },
			...(body ? { body: JSON.stringify(body) } : {}),
		}),
	);
	return {
		kind: 'http',
		agent: 'no browser: REST API',
		api,
		async login(username, password) {
			headers = { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` };
			const { status } = await request(`${url}/api/v1/dags?limit=1`, { headers });
			if (status === 401 || status === 403) throw new CheckFailed(`Airflow's REST API refuses user ${username} (${status})`);
			if (status >= 300) throw new CheckFailed(`Airflow's REST API answered ${status} to the first call with the password`);
			cookie = await formLogin(request, url, username, password);
		},
		toProvider: (login) => toProvider(request, url, login),
		async useSession(session) {
			cookie = session;
			headers = { cookie };
			const { status } = await request(`${url}/api/v1/dags?limit=1`, { headers });
			if (status >= 300) throw new CheckFailed(`Airflow's REST API answered ${status} to the first call in a session that was made in the container`);
		},
		async dagList() {
			const [dags, errors] = await Promise.all([api.dags(), api.importErrors()]);
			return { dags: dags.map(({ dag_id }) => dag_id), importErrors: errors.map(({ filename, stack_trace }) => `Broken DAG: [${filename}] ${stack_trace}`) };
		},
		unpause: (dagId) => api.setPaused(dagId, false),
		trigger: (dagId, runId) => api.trigger(dagId, runId),
		openRun: async () => {},
		showsRun: async () => {},
		taskLog: (dagId, run, task) => api.log(dagId, run.dag_run_id, task),
		visit: (path) => request(url + path, { headers: { cookie } }),
		screenshot: async () => undefined,
		close: async () => {},
	};
}

/** Without a browser: what the provider answers to the address that it is given. */
async function toProvider(request: HttpRequest, url: string, { auth, redirectUri }: LoginDocument): Promise<{ url: string }> {
	const started = await request(`${url}/login/${auth}`);
	assertNotRefused(started.text);
	const location = started.headers.get('location');
	if (started.status !== 302 || location === null) throw new CheckFailed(`the web page answered ${started.status} to /login/${auth}`);
	const answered = await request(location);
	const next = answered.headers.get('location') ?? '';
	assertWelcome({ status: answered.status, text: `${answered.text} ${next}`, redirectUri, url: location });
	return { url: location };
}

/** Flask-AppBuilder's form (AUTH_DB): a token, then a session cookie. Over HTTPS it takes only what comes from its own page. */
async function formLogin(request: HttpRequest, url: string, username: string, password: string): Promise<string> {
	const page = `${url}/login/`;
	const form = await request(page);
	const token = /name="csrf_token"[^>]*value="([^"]+)"/.exec(form.text)?.[1] ?? '';
	const answer = await request(page, { method: 'POST', headers: { cookie: cookiesOf(form.headers), referer: page }, body: new URLSearchParams({ csrf_token: token, username, password }) });
	if (answer.status !== 302) throw new CheckFailed(`the login form answered ${answer.status} to user ${username}`);
	if (answer.headers.get('location')?.includes('/login') === true) throw new CheckFailed(`the login form refuses user ${username}`);
	return cookiesOf(answer.headers);
}

function cookiesOf(headers: Headers): string {
	return headers.getSetCookie().map((cookie) => cookie.split(';')[0]).join('; ');
}
