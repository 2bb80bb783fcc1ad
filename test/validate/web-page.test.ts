import { describe, expect, test } from 'vitest';
import { CheckFailed } from '../../src/validate/check.ts';
import { scheduler } from '../../src/validate/checks/scheduler.ts';
import { webPage } from '../../src/validate/checks/web-page.ts';
import { httpPage } from '../../src/validate/http-page.ts';
import { type HttpRequest, httpRequest } from '../../src/validate/http-request.ts';
import { deployedAt, sessionOf } from './sample.ts';
import { deadUrl, serve } from './server.ts';

const health = (heartbeat: Date, database = 'healthy'): string =>
	JSON.stringify({ metadatabase: { status: database }, scheduler: { status: 'healthy', latest_scheduler_heartbeat: heartbeat.toISOString() } });

const failureOf = async (url: string | null, running = 1): Promise<CheckFailed> => {
	const error = await webPage.run(sessionOf(deployedAt(url, running))).catch((reason: unknown) => reason);
	if (!(error instanceof CheckFailed)) throw new Error('the check passed');
	return error;
};

describe('the web page', () => {
	test('passes where it answers and has its database', async () => {
		const url = await serve((request, response) => void response.end(request.url === '/health' ? health(new Date()) : 'a form'));
		expect((await webPage.run(sessionOf(deployedAt(url)))).detail).toBe(`answers at ${url}, and has its database`);
	});

	test('without its database is no web page', async () => {
		const url = await serve((_, response) => void response.end(health(new Date(), 'unhealthy')));
		expect((await failureOf(url)).message).toBe('Airflow cannot use its database: it says unhealthy about it');
	});

	test('502 is somebody in its place', async () => {
		const url = await serve((_, response) => void response.writeHead(502).end('Bad Gateway'));
		const { message, hint } = await failureOf(url);
		expect(message).toBe(`${url}/health answered 502: something answers in the webserver's place, and has no healthy webserver behind it`);
		expect(hint).toBe('airflow-deploy logs webserver');
	});

	test('502 behind a healthy health page is seen too', async () => {
		const url = await serve((request, response) => void (request.url === '/health' ? response.end(health(new Date())) : response.writeHead(502).end()));
		expect((await failureOf(url)).message).toContain('/login/ answered 502');
	});

	test('another server is not Airflow', async () => {
		const url = await serve((_, response) => void response.end('<h1>It works!</h1>'));
		expect((await failureOf(url)).message).toBe(`${url}/health is not Airflow's: it answers "<h1>It works!</h1>"`);
	});

	test('a refused connection is a webserver that is not there', async () => {
		const url = await deadUrl();
		expect((await failureOf(url)).message).toBe(`nothing listens at ${url}: the connection is refused (ECONNREFUSED), so the webserver is starting, or has died`);
	});

	test('silence is a security group or a firewall, and what lets this machine in is named', async () => {
		const url = await serve(() => {});
		const request: HttpRequest = (address, options) => httpRequest(address, { ...options, seconds: 0.2 });
		const silent = (allowedCidrs: readonly string[]) => webPage.run(sessionOf({ ...deployedAt(url), request, allowedCidrs })).catch((reason: unknown) => reason);
		const asked = `${url} does not answer (no answer within 10 s): its security group lets in`;
		expect(await silent(['203.0.113.7/32'])).toMatchObject({ message: `${asked} 203.0.113.7/32, and this machine is 127.0.0.0/8`, hint: 'AIRFLOW_DEPLOY_ALLOWED_CIDRS=127.0.0.0/8 airflow-deploy up' });
		expect(await silent(['127.0.0.0/8'])).toMatchObject({ message: `${asked} 127.0.0.0/8, and this machine is 127.0.0.0/8`, hint: expect.stringMatching(/firewall or proxy between here and AWS may block port 8080: .* run it inside the VPC/) as string });
	});

	test('no address: no task, or a task in private subnets', async () => {
		expect((await failureOf(null, 0)).message).toContain('no webserver runs, service airflow-main-webserver has 0 of 1 tasks running');
		const hidden = await failureOf(null);
		expect(hidden.message).toBe('the web page has no public address: its task runs in private subnets');
		expect(hidden.hint).toContain('AIRFLOW_DEPLOY_ASSIGN_PUBLIC_IP=true airflow-deploy up');
	});
});

describe('the scheduler', () => {
	test('is judged by its heartbeat, not by the page being there', async () => {
		const old = new Date(Date.now() - 75_000);
		const url = await serve((_, response) => void response.end(health(old)));
		const session = sessionOf(deployedAt(url), { page: httpPage(url, httpRequest) });
		await expect(scheduler.run(session)).rejects.toThrow("the scheduler's last heartbeat is 75 s old");
	});

	test('without tasks does not run, however young the heartbeat', async () => {
		const url = await serve((_, response) => void response.end(health(new Date())));
		await expect(scheduler.run(sessionOf(deployedAt(url, 0), { page: httpPage(url, httpRequest) }))).rejects.toThrow('no scheduler runs: service airflow-main-scheduler has 0 of 1 tasks running');
	});
});
