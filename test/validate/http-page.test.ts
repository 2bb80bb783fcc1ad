import type { IncomingMessage, ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { httpPage } from '../../src/validate/http-page.ts';
import { httpRequest } from '../../src/validate/http-request.ts';
import { serve } from './server.ts';

/** As Airflow with users in its database: basic authentication for the API, a form for the pages. */
const airflow = (): Promise<string> =>
	serve((request, response) => {
		const { pathname, searchParams } = new URL(request.url ?? '', 'http://x');
		if (pathname.startsWith('/api/')) {
			const [status, text] = request.headers.authorization === `Basic ${btoa('admin:right')}` ? api(pathname, Number(searchParams.get('offset'))) : [401, '{"title":"Unauthorized","detail":null}'];
			response.writeHead(status).end(text);
		} else if (request.method === 'GET') response.setHeader('set-cookie', 'session=form; HttpOnly').end('<input name="csrf_token" type="hidden" value="t0k">');
		else answerForm(request, response);
	});

function api(pathname: string, offset: number): [number, string] {
	if (pathname.endsWith('/details')) return [404, '{"title":"DAG not found","detail":"nope"}'];
	if (pathname.endsWith('/importErrors')) return [500, 'oops'];
	const dags = Array.from({ length: offset === 0 ? 100 : 7 }, (_, index) => ({ dag_id: `dag-${offset + index}` }));
	return [200, JSON.stringify({ dags, total_entries: 107 })];
}

function answerForm(request: IncomingMessage, response: ServerResponse): void {
	let body = '';
	request.on('data', (part: Buffer) => (body += part.toString())).on('end', () => {
		// As Flask-WTF does over HTTPS.
		if (!request.headers.referer?.endsWith('/login/')) return void response.writeHead(400).end('The referrer header is missing.');
		const right = body === 'csrf_token=t0k&username=admin&password=right' && request.headers.cookie === 'session=form';
		return void response.writeHead(302, { location: right ? '/home' : '/login/', 'set-cookie': 'session=in' }).end();
	});
}

test('the password must be good for the API and for the form', async () => {
	const page = httpPage(await airflow(), httpRequest);
	await expect(page.login('admin', 'wrong')).rejects.toThrow("Airflow's REST API refuses user admin (401)");
	await page.login('admin', 'right');
	expect(await page.api.dag('nope')).toBeUndefined();
});

test('lists are read to their end, and refusals carry what Airflow says', async () => {
	const page = httpPage(await airflow(), httpRequest);
	await page.login('admin', 'right');
	expect(await page.api.dags()).toHaveLength(107);
	await expect(page.api.importErrors()).rejects.toThrow("Airflow's REST API answered 500 to GET /importErrors");
});
