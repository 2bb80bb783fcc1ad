import { GetObjectCommand, PutObjectCommand, S3Client, CreateBucketCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isLoopback, scopeOf } from '../../src/local/front/caller.ts';
import { plain, startEndpoint, type TestEndpoint } from './endpoint.ts';
import { askFor } from './faults.ts';

let endpoint: TestEndpoint;
beforeAll(async () => {
	endpoint = await startEndpoint();
});
afterAll(() => endpoint.stop());

const stsBody = { method: 'POST', body: 'Action=GetCallerIdentity&Version=2011-06-15', headers: { 'content-type': 'application/x-www-form-urlencoded' } };

describe('who may ask', () => {
	test('loopback names with any port, nothing else', () => {
		const ours = ['127.0.0.1', '127.0.0.1:4566', '127.81.3.7:80', 'localhost', 'LOCALHOST:1', '[::1]', '[::1]:4566'];
		const others = ['example.com', '127.0.0.1.example.com', 'localhost.example.com', '10.0.0.1', '0.0.0.0', '', undefined, '127.1', '[::2]', 'localhost:x', 'a@127.0.0.1'];
		expect([...ours, ...others].filter(isLoopback)).toEqual(ours);
	});

	test('a foreign Host or Origin is refused before anything else', async () => {
		expect((await plain(endpoint.url, { ...stsBody, scope: 'sts', headers: { ...stsBody.headers, host: 'rebound.example.com' } })).status).toBe(403);
		expect((await plain(endpoint.url, { path: '/_endpoint', headers: { origin: 'https://example.com' } })).status).toBe(403);
		expect((await plain(endpoint.url, { method: 'POST', path: '/_endpoint/reset', headers: { origin: 'null' } })).status).toBe(403);
		expect((await plain(endpoint.url, { path: '/_endpoint', headers: { origin: 'http://localhost:3000', host: 'localhost' } })).status).toBe(200);
	});

	test('a page that a browser shows can reach nothing with an image or a link', async () => {
		const path = '/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Credential=A%2F20261124%2Fus-east-1%2Fsts%2Faws4_request';
		expect((await plain(endpoint.url, { path })).body).toContain('000000000000');
		expect((await plain(endpoint.url, { path, headers: { 'sec-fetch-site': 'cross-site' } })).status).toBe(403);
		expect((await plain(endpoint.url, { path, headers: { 'sec-fetch-site': 'same-site' } })).status).toBe(403);
	});

	test('unsigned requests are refused in the words of the protocol they look like', async () => {
		const query = await plain(endpoint.url, stsBody);
		expect([query.status, query.body]).toEqual([403, expect.stringContaining('<Code>MissingAuthenticationToken</Code>')]);
		const json = await plain(endpoint.url, { method: 'POST', headers: { 'x-amz-target': 'AmazonEC2ContainerServiceV20141113.ListClusters' }, body: '{}' });
		expect([json.status, JSON.parse(json.body)]).toEqual([400, expect.objectContaining({ __type: 'MissingAuthenticationTokenException' })]);
		const bucket = await plain(endpoint.url, { path: '/some-bucket/key' });
		expect([bucket.status, bucket.body]).toEqual([403, expect.stringContaining('<Code>AccessDenied</Code>')]);
	});

	test('a signature of another kind is refused', async () => {
		const { status, body } = await plain(endpoint.url, { ...stsBody, headers: { ...stsBody.headers, authorization: 'AWS key:signature' } });
		expect([status, body]).toEqual([400, expect.stringContaining('IncompleteSignature')]);
	});
});

describe('faults that a test asks for', () => {
	const listClusters = () => plain(endpoint.url, { method: 'POST', scope: 'ecs', headers: { 'x-amz-target': 'AmazonEC2ContainerServiceV20141113.ListClusters' }, body: '{}' });

	test('a call is refused as often as asked, in the words of its protocol', async () => {
		await askFor(endpoint.url, { fault: 'refuse', service: 'ecs', operation: 'ListClusters', code: 'ThrottlingException', message: 'Rate exceeded' }, { fault: 'refuse', service: 'sts', operation: 'GetCallerIdentity', code: 'Throttling', message: 'Rate exceeded' });
		const refused = await listClusters();
		expect([refused.status, JSON.parse(refused.body)]).toEqual([400, { __type: 'ThrottlingException', message: 'Rate exceeded' }]);
		expect((await plain(endpoint.url, { ...stsBody, scope: 'sts' })).body).toContain('<Code>Throttling</Code>');
		expect((await listClusters()).status).toBe(200);
	});

	test('only from this machine, and only what there is', async () => {
		const ask = { method: 'POST', path: '/_endpoint/faults', body: '[]' };
		expect((await plain(endpoint.url, { ...ask, headers: { host: 'rebound.example.com' } })).status).toBe(403);
		const unknown = await plain(endpoint.url, { ...ask, body: '[{"fault":"rain"}]' });
		expect([unknown.status, unknown.body]).toEqual([400, expect.stringContaining('ValidationException')]);
	});
});

describe('where a request goes', () => {
	test('the scope names service and region, whatever the path', () => {
		const authorization = 'AWS4-HMAC-SHA256 Credential=AKID/20261124/eu-central-1/ecs/aws4_request, SignedHeaders=host, Signature=abc';
		expect(scopeOf({ headers: { authorization } }, new URL('http://x/'))).toEqual({ accessKey: 'AKID', region: 'eu-central-1', service: 'ecs' });
		expect(scopeOf({ headers: {} }, new URL('http://x/b/k?X-Amz-Credential=AKID%2F20261124%2Fus-east-1%2Fs3%2Faws4_request'))).toEqual({ accessKey: 'AKID', region: 'us-east-1', service: 's3' });
		expect(scopeOf({ headers: {} }, new URL('http://x/'))).toBeUndefined();
	});

	test('any access key is account 000000000000', async () => {
		const { body } = await plain(endpoint.url, { ...stsBody, scope: 'sts' });
		expect(body).toContain('<Account>000000000000</Account>');
		const made = await plain(endpoint.url, { ...stsBody, body: 'Action=CreateVpc&Version=2016-11-15&CidrBlock=10.9.0.0/16', scope: 'ec2/eu-central-1' });
		expect(made.body).toContain('<ownerId>000000000000</ownerId>');
	});

	test('ECS is answered by the local ECS', async () => {
		const headers = { 'x-amz-target': 'AmazonEC2ContainerServiceV20141113.ListClusters', 'content-type': 'application/x-amz-json-1.1' };
		const { status, body } = await plain(endpoint.url, { method: 'POST', headers, body: '{}', scope: 'ecs' });
		expect([status, JSON.parse(body)]).toEqual([200, { clusterArns: [] }]);
		expect((await plain(endpoint.url, { path: '/v4/0123456789abcdef' })).headers['content-type']).toContain('json');
	});

	test("moto's own pages cannot be reached", async () => {
		for (const path of ['/moto-api/data.json', '/%6Doto-api/reset', '//moto-api/reset', '/latest/meta-data/', '/favicon.ico', '/x/../moto-api/data.json', '/%']) {
			const { status, body } = await plain(endpoint.url, { path, scope: 's3' });
			expect([path, status, body]).toEqual([path, 400, expect.stringContaining('InvalidURI')]);
		}
	});

	test('what moto cannot do is answered at once, in a way that no SDK repeats', async () => {
		const { status, body } = await plain(endpoint.url, { ...stsBody, body: 'Action=DescribeInstanceTopology&Version=2016-11-15', scope: 'ec2' });
		expect([status, body]).toEqual([501, expect.stringContaining('ec2:DescribeInstanceTopology')]);
		const json = await plain(endpoint.url, { method: 'POST', headers: { 'x-amz-target': 'Logs_20140328.ListAnomalies' }, body: '{}', scope: 'logs' });
		expect([json.status, JSON.parse(json.body).__type]).toEqual([501, 'NotImplemented']);
	});

	test('a body that is no JSON is a SerializationException', async () => {
		const { status, body } = await plain(endpoint.url, { method: 'POST', headers: { 'x-amz-target': 'secretsmanager.CreateSecret' }, body: '{', scope: 'secretsmanager' });
		expect([status, JSON.parse(body).__type]).toEqual([400, 'SerializationException']);
	});

	test('a call of more than 32 MiB is refused', async () => {
		const answer = await plain(endpoint.url, { method: 'POST', headers: { 'x-amz-target': 'Logs_20140328.PutLogEvents' }, body: Buffer.alloc(33 * 1024 * 1024, ' '), scope: 'logs' }).catch(() => undefined);
		expect(answer?.status ?? 413).toBe(413);
		expect((await plain(endpoint.url, { path: '/_endpoint' })).status).toBe(200);
	});

	test('every answer has a request id', async () => {
		for (const scope of ['sts', undefined] as const) expect((await plain(endpoint.url, scope ? { ...stsBody, scope } : stsBody)).headers['x-amzn-requestid']).toMatch(/\S/);
		expect((await plain(endpoint.url, { path: '/', scope: 's3' })).headers['x-amzn-requestid']).toMatch(/\S/);
	});
});

test('objects go through whole, also by a presigned URL', async () => {
	const s3 = endpoint.client(S3Client);
	const body = Buffer.alloc(3 * 1024 * 1024, 'airflow ');
	await s3.send(new CreateBucketCommand({ Bucket: 'front-objects' }));
	await s3.send(new PutObjectCommand({ Bucket: 'front-objects', Key: 'a folder/ünd.bin', Body: body, Metadata: { sha256: 'abc' } }));
	const { Body, Metadata } = await s3.send(new GetObjectCommand({ Bucket: 'front-objects', Key: 'a folder/ünd.bin' }));
	expect(Buffer.from((await Body?.transformToByteArray()) ?? []).equals(body)).toBe(true);
	expect(Metadata).toEqual({ sha256: 'abc' });
	const query = 'X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKID%2F20261124%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20261124T000000Z&X-Amz-Expires=600&X-Amz-SignedHeaders=host&X-Amz-Signature=0';
	const presigned = await plain(endpoint.url, { path: `/front-objects/a%20folder/%C3%BCnd.bin?${query}` });
	expect([presigned.status, presigned.body.length]).toEqual([200, body.length]);
});
