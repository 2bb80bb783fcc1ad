import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../../src/aws/connect.ts';

/** Answers as AWS does in a region that is switched off; `status` is what DescribeRegions says of it elsewhere. */
let status = '';
const asked: string[] = [];
const server = createServer((from, to) => {
	void text(from).then((body) => {
		const [, region = ''] = /Credential=[^/]+\/\d+\/([\w-]+)\//.exec(from.headers.authorization ?? '') ?? [];
		const action = new URLSearchParams(body).get('Action') ?? '';
		asked.push(`${action} in ${region}`);
		if (action === 'GetCallerIdentity') to.writeHead(403).end('<ErrorResponse><Error><Code>InvalidClientTokenId</Code><Message>The security token included in the request is invalid</Message></Error></ErrorResponse>');
		else if (status === '') to.writeHead(401).end('<Response><Errors><Error><Code>AuthFailure</Code><Message>AWS was not able to validate the provided access credentials</Message></Error></Errors></Response>');
		else to.end(`<DescribeRegionsResponse><regionInfo><item><regionName>me-central-1</regionName><optInStatus>${status}</optInStatus></item></regionInfo></DescribeRegionsResponse>`);
	});
});
beforeAll(async () => void (await once(server.listen(0, '127.0.0.1'), 'listening')));
afterAll(() => void server.close());

const failure = (region: string) =>
	connect({ region, endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, credentials: { accessKeyId: 'a', secretAccessKey: 'b' } }).then(
		() => undefined,
		(error: unknown) => error,
	);

test('a region that is not enabled is told from bad keys', async () => {
	status = 'not-opted-in';
	expect(await failure('me-central-1')).toMatchObject({ code: 'RegionNotOptedIn', message: 'region me-central-1 is not enabled for this account, so it does not know your credentials', hint: expect.stringContaining('enable-region --region-name me-central-1') as string });
	expect(asked).toEqual(['GetCallerIdentity in me-central-1', 'DescribeRegions in us-east-1']);
});

test('bad keys are bad keys, in a region that is enabled and where nobody answers', async () => {
	status = 'opted-in';
	expect(await failure('eu-west-1')).toMatchObject({ code: 'UnknownCredentials' });
	status = '';
	expect(await failure('eu-west-1')).toMatchObject({ code: 'UnknownCredentials' });
	asked.length = 0;
	expect(await failure('us-east-1')).toMatchObject({ code: 'UnknownCredentials' });
	expect(asked).toEqual(['GetCallerIdentity in us-east-1']);
});
