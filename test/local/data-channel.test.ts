import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { plain, startEndpoint, type TestEndpoint } from './endpoint.ts';

let endpoint: TestEndpoint;
beforeAll(async () => {
	endpoint = await startEndpoint();
});
afterAll(() => endpoint.stop());

const path = '/v1/data-channel/ecs-execute-command-0123456789abcdef0?role=publish_subscribe';

/** How the endpoint answers somebody who wants a WebSocket. */
async function answer(target: string, headers: Record<string, string> = {}): Promise<string> {
	const socket = new WebSocket(`${endpoint.url.replace('http', 'ws')}${target}`, { headers });
	const [error] = (await once(socket, 'error')) as [Error];
	return error.message;
}

test('a page of elsewhere, and a name of elsewhere, get no data channel', async () => {
	expect(await answer(path, { origin: 'https://example.com' })).toContain('403');
	expect(await answer(path, { host: 'rebound.example.com' })).toContain('403');
	expect(await answer(path, { 'sec-fetch-site': 'cross-site' })).toContain('403');
});

test('a session that does not exist has none, nor has any other path', async () => {
	expect(await answer(path)).toContain('404');
	expect(await answer(path, { origin: 'http://localhost:3000' })).toContain('404');
	expect(await answer('/')).toContain('404');
	expect(await answer('/v1/data-channel/../x')).toContain('404');
});

test('what belongs to Session Manager is answered under the scope of ECS as well', async () => {
	const resume = (scope: string) => plain(endpoint.url, { method: 'POST', scope, headers: { 'x-amz-target': 'AmazonSSM.ResumeSession', 'content-type': 'application/x-amz-json-1.1' }, body: '{"SessionId":"x"}' });
	for (const scope of ['ecs', 'ssm']) expect(await resume(scope)).toMatchObject({ status: 200, body: '{"SessionId":"x"}' });
});
