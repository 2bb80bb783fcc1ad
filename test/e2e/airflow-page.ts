/** Airflow's web page as a browser's HTTP sees it: a session cookie after the login form. */
export interface AirflowPage {
	get(path: string): Promise<{ status: number; text: string }>;
}

/** Logs in through the form (Flask-AppBuilder, AUTH_DB). @throws where the login is refused */
export async function login(url: string, username: string, password: string): Promise<AirflowPage> {
	const form = await fetch(`${url}/login/`);
	const token = /name="csrf_token"[^>]*value="([^"]+)"/.exec(await form.text())?.[1] ?? '';
	const answer = await fetch(`${url}/login/`, {
		method: 'POST',
		redirect: 'manual',
		headers: { cookie: cookiesOf(form), 'content-type': 'application/x-www-form-urlencoded' },
		body: new URLSearchParams({ csrf_token: token, username, password }),
	});
	const location = answer.headers.get('location') ?? '';
	if (answer.status !== 302 || location.includes('/login')) throw new Error(`the login was refused: ${answer.status} ${location}`);
	const cookie = cookiesOf(answer);
	return {
		async get(path) {
			const page = await fetch(`${url}${path}`, { headers: { cookie } });
			return { status: page.status, text: await page.text() };
		},
	};
}

function cookiesOf(answer: Response): string {
	return answer.headers.getSetCookie().map((cookie) => cookie.split(';')[0]).join('; ');
}
