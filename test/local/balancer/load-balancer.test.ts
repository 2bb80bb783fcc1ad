import { once } from 'node:events';
import { createServer, type IncomingMessage, request as httpRequest, type ServerResponse } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { LoadBalancer, type Action, type Listener } from '../../../src/local/balancer/load-balancer.ts';
import { TargetGroup, type TargetGroupSettings } from '../../../src/local/balancer/target-group.ts';
import { newAuthority } from '../../../src/local/runtime/certificate.ts';
import { eventually } from '../endpoint.ts';

const authority = newAuthority('test authority');
const identity = authority.issue(['airflow.example.com']);
const check = { path: '/health', port: undefined, matcher: '200', intervalSeconds: 0.1, timeoutSeconds: 1, healthyThreshold: 2, unhealthyThreshold: 2 };

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** A target on a free port that is healthy unless told otherwise. */
async function target(handler: Handler = (_request, response) => response.end('hello')) {
	const state = { health: 200, checks: 0 };
	const server = createServer((request, response) => {
		if (request.url !== '/health') return handler(request, response);
		state.checks += 1;
		response.writeHead(state.health).end();
	});
	await once(server.listen(0, '127.0.0.1'), 'listening');
	onTestFinished(() => {
		server.closeAllConnections();
		server.close();
	});
	return { id: '10.0.0.1', port: (server.address() as AddressInfo).port, server, state };
}

/** Groups whose targets' ports are ports of this machine. */
function group(settings: Partial<TargetGroupSettings> = {}): TargetGroup {
	const made = new TargetGroup({ check, deregistrationSeconds: 5, placeOf: ({ port }) => ({ host: '127.0.0.1', port }), ...settings }, () => {});
	made.use(true);
	onTestFinished(() => made.close());
	return made;
}

const forwarding: Action = { type: 'forward', targetGroup: 'group' };
const listener = (action: Action, changes: Partial<Listener> = {}): Listener => ({ arn: 'https', port: 443, protocol: 'HTTPS', action, identity, minVersion: 'TLSv1.2', ...changes });

async function balancer(targets: TargetGroup | undefined, ...listeners: Listener[]) {
	// Ports that any user may take.
	const made = await LoadBalancer.start(() => targets, [8000]);
	onTestFinished(() => made.close());
	for (const each of listeners) await made.listen(each);
	const [host, port] = made.dnsName.split(':');
	const ask = async (path = '/', { tls = true, ...options }: { tls?: boolean; headers?: Record<string, string>; method?: string; body?: string; maxVersion?: 'TLSv1.2' } = {}) => {
		const { body, headers, ...more } = options;
		const send = tls ? httpsRequest : httpRequest;
		const request = send({ host, port: tls ? port : 8080, path, agent: false, ca: authority.certificate, servername: 'airflow.example.com', headers: { host: 'airflow.example.com', ...headers }, ...more });
		request.end(body);
		const [answer] = (await once(request, 'response')) as [IncomingMessage];
		return { status: answer.statusCode, headers: answer.headers, text: await text(answer) };
	};
	return { made, ask };
}

const states = (targets: TargetGroup): (string | undefined)[] => targets.health().map(({ state, reason }) => (reason ? `${state} ${reason.code}` : state));

test('it ends TLS, passes on what the client said, and says who asked', async () => {
	let seen: { headers: IncomingMessage['headers']; url: string | undefined; body: string } | undefined;
	const one = await target((request, response) => {
		void text(request).then((body) => {
			seen = { headers: request.headers, url: request.url, body };
			response.writeHead(201, { 'set-cookie': ['a=1', 'b=2'], 'x-own': 'yes' }).end('made');
		});
	});
	const targets = group();
	targets.register(one);
	await eventually('the target is healthy', () => states(targets)[0] === 'healthy');
	const { ask } = await balancer(targets, listener(forwarding));
	const answer = await ask('/a?b=%20c', { method: 'POST', body: 'some text', headers: { 'x-forwarded-for': '203.0.113.9', 'x-forwarded-proto': 'http', 'x-forwarded-port': '80', connection: 'x-private', 'x-private': '1' } });
	expect(answer).toMatchObject({ status: 201, text: 'made', headers: { 'set-cookie': ['a=1', 'b=2'], 'x-own': 'yes' } });
	expect(seen).toMatchObject({ url: '/a?b=%20c', body: 'some text', headers: { host: 'airflow.example.com', 'x-forwarded-proto': 'https', 'x-forwarded-port': '443', 'x-forwarded-for': expect.stringMatching(/^203\.0\.113\.9, 127\./) as string } });
	expect(seen?.headers['x-amzn-trace-id']).toMatch(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/);
	expect(seen?.headers['x-private']).toBeUndefined();
});

test('the policy says from which version of TLS on', async () => {
	const here: Action = { type: 'fixed-response', status: 200, contentType: 'text/plain', body: 'here' };
	const { ask, made } = await balancer(undefined, listener(here));
	expect((await ask('/', { maxVersion: 'TLSv1.2' })).text).toBe('here');
	await made.unlisten('https');
	await made.listen(listener(here, { minVersion: 'TLSv1.3' }));
	await expect(ask('/', { maxVersion: 'TLSv1.2' })).rejects.toThrow(/alert protocol version/);
});

test('a redirect keeps host, path and query', async () => {
	const toHttps: Action = { type: 'redirect', status: 301, url: { protocol: 'HTTPS', host: '#{host}', port: '443', path: '/#{path}', query: '#{query}' } };
	const { ask } = await balancer(undefined, listener(toHttps, { arn: 'http', port: 80, protocol: 'HTTP', identity: undefined }));
	const answer = await ask('/login/?next=%2Fhome', { tls: false, headers: { host: 'airflow.example.com:8080' } });
	expect(answer).toMatchObject({ status: 301, headers: { location: 'https://airflow.example.com:443/login/?next=%2Fhome', server: 'awselb/2.0' } });
	expect((await ask('/', { tls: false })).headers.location).toBe('https://airflow.example.com:443/');
});

test('only healthy targets get requests, in turn', async () => {
	const [one, two, bad] = [await target((_, response) => response.end('one')), await target((_, response) => response.end('two')), await target((_, response) => response.end('bad'))];
	bad.state.health = 500;
	const targets = group();
	for (const each of [one, two, bad]) targets.register(each);
	await eventually('two are healthy', () => states(targets).filter((state) => state === 'healthy').length === 2);
	await eventually('one is not', () => states(targets)[2] === 'unhealthy Target.ResponseCodeMismatch', 5);
	const { ask } = await balancer(targets, listener(forwarding));
	const answers = [];
	for (let turn = 0; turn < 4; turn += 1) answers.push((await ask()).text);
	expect(answers.toSorted()).toEqual(['one', 'one', 'two', 'two']);
	one.state.health = two.state.health = 500;
	await eventually('none is', () => states(targets).every((state) => state?.startsWith('unhealthy') === true));
	expect(await ask()).toMatchObject({ status: 503, headers: { server: 'awselb/2.0' }, text: expect.stringContaining('<h1>503 Service Temporarily Unavailable</h1>') as string });
	two.state.health = 200;
	await eventually('one came back', () => states(targets)[1] === 'healthy');
	expect((await ask()).text).toBe('two');
});

test('502 where a target breaks off, 504 where it does not answer in time', async () => {
	const one = await target((request, response) => {
		if (request.url === '/break') response.destroy();
	});
	const targets = group();
	targets.register(one);
	await eventually('the target is healthy', () => states(targets)[0] === 'healthy');
	const { ask, made } = await balancer(targets, listener(forwarding));
	made.idleSeconds = 0.2;
	expect(await ask('/break')).toMatchObject({ status: 502, text: expect.stringContaining('502 Bad Gateway') as string });
	expect(await ask('/late')).toMatchObject({ status: 504, text: expect.stringContaining('504 Gateway Time-out') as string });
});

test('a target that leaves answers what it was asked, gets nothing new, and is gone', async () => {
	let seen: (response: ServerResponse) => void = () => {};
	const asked = new Promise<ServerResponse>((resolve) => (seen = resolve));
	const old = await target((_, response) => seen(response));
	const fresh = await target((_, response) => response.end('new'));
	const targets = group();
	targets.register(old);
	await eventually('the target is healthy', () => states(targets)[0] === 'healthy');
	const { ask } = await balancer(targets, listener(forwarding));
	const slow = ask('/slow');
	const answer = await asked;
	targets.register(fresh);
	await eventually('the new target is healthy', () => states(targets)[1] === 'healthy');
	const drained = targets.deregister(old);
	expect(states(targets)[0]).toBe('draining Target.DeregistrationInProgress');
	for (let turn = 0; turn < 3; turn += 1) expect((await ask()).text).toBe('new');
	answer.end('old');
	expect((await slow).text).toBe('old');
	await drained;
	expect(targets.health([old])[0]).toMatchObject({ state: 'unused', reason: { code: 'Target.NotRegistered' } });
});

test('the deregistration delay ends what takes longer', async () => {
	const one = await target(() => {});
	const targets = group({ deregistrationSeconds: 0.3 });
	targets.register(one);
	await eventually('the target is healthy', () => states(targets)[0] === 'healthy');
	const { ask } = await balancer(targets, listener(forwarding));
	const [asked] = [ask('/forever'), await once(one.server, 'request')];
	await targets.deregister(one);
	expect((await asked).status).toBe(502);
});

test('nothing is checked while no listener leads to the group', async () => {
	const one = await target();
	const targets = group();
	targets.use(false);
	targets.register(one);
	expect(states(targets)).toEqual(['unused Target.NotInUse']);
	targets.use(true);
	await eventually('the target is healthy', () => states(targets)[0] === 'healthy');
	expect(one.state.checks).toBeGreaterThan(0);
});

test('another certificate serves new connections, another port takes its place', async () => {
	const { ask, made } = await balancer(undefined, listener({ type: 'fixed-response', status: 200, contentType: 'text/plain', body: 'here' }));
	expect((await ask()).text).toBe('here');
	const stranger = newAuthority('another authority').issue(['airflow.example.com']);
	await made.listen(listener(forwarding, { identity: stranger }));
	await expect(ask()).rejects.toThrow(/unable to verify|self.signed/);
	await made.unlisten('https');
	await expect(ask()).rejects.toThrow(/ECONNREFUSED/);
});
