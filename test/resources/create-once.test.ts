import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { DescribeInternetGatewaysCommand, DescribeVpcsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { ECSClient, ListTaskDefinitionsCommand } from '@aws-sdk/client-ecs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Aws } from '../../src/aws/clients.ts';
import { InternetGateway } from '../../src/resources/internet-gateway.ts';
import { EcsTaskDefinition } from '../../src/resources/ecs-task-definition.ts';
import { Vpc } from '../../src/resources/vpc.ts';
import { startEndpoint, type TestEndpoint } from './endpoint.ts';
import { contextOf, world } from './sample.ts';

/** Stands between the clients and the endpoint: what it does with each create call, in turn; then it lets all pass. */
type Fate = 'lost' | 'failed' | 'not done' | 'throttled';
const fates: Fate[] = [];
let sent = 0;

let endpoint: TestEndpoint;
let aws: Aws;
const between = createServer((from, to) => void relay(from, to));
beforeAll(async () => {
	endpoint = await startEndpoint();
	await once(between.listen(0, '127.0.0.1'), 'listening');
	aws = await endpoint.clients({ through: `http://127.0.0.1:${(between.address() as AddressInfo).port}` });
}, 60_000);
afterAll(async () => {
	between.close();
	between.closeAllConnections();
	await endpoint.close();
});
beforeEach(() => {
	fates.length = 0;
	sent = 0;
});

const throttled = {
	xml: '<Response><Errors><Error><Code>RequestLimitExceeded</Code><Message>Slow down</Message></Error></Errors></Response>',
	json: '{"__type":"ThrottlingException","message":"Rate exceeded"}',
};
const creates = /Action=Create|RegisterTaskDefinition/;

async function relay(from: IncomingMessage, to: ServerResponse): Promise<void> {
	const body = await buffer(from);
	const isCreate = creates.test(`${String(body)} ${String(from.headers['x-amz-target'])}`);
	if (isCreate) sent += 1;
	const fate = isCreate ? fates.shift() : undefined;
	if (fate === 'not done') return void to.writeHead(500).end();
	if (fate === 'throttled') return void to.writeHead(400).end(from.headers['x-amz-target'] === undefined ? throttled.xml : throttled.json);
	const forward = request(`${endpoint.url}${from.url}`, { method: from.method, headers: from.headers }, (answer) => {
		if (fate === 'lost') answer.resume().on('end', () => to.destroy());
		else answer.pipe(to.writeHead(fate === 'failed' ? 500 : (answer.statusCode ?? 500), answer.headers));
	});
	forward.end(body);
}

const kinds = [
	{
		name: 'a VPC',
		make: async () => {
			const ctx = contextOf(world(aws), 'vpc');
			return { ctx, kind: Vpc, outputs: await Vpc.create(ctx, { cidr: '10.9.0.0/16' }) };
		},
		count: async () => (await aws.client(EC2Client).send(new DescribeVpcsCommand({ Filters: [{ Name: 'tag-key', Values: ['airflow-deploy:key'] }] }))).Vpcs?.length,
	},
	{
		name: 'an internet gateway',
		make: async () => {
			const ctx = contextOf(world(aws), 'internet-gateway');
			return { ctx, kind: InternetGateway, outputs: await InternetGateway.create(ctx, {}) };
		},
		count: async () => (await aws.client(EC2Client).send(new DescribeInternetGatewaysCommand({}))).InternetGateways?.filter(({ Tags }) => Tags?.some(({ Key }) => Key === 'airflow-deploy:key')).length,
	},
	{
		name: 'a task definition',
		make: async () => {
			const ctx = contextOf(world(aws), 'task-definition');
			const definition = { family: 'once', containerDefinitions: [{ name: 'a', image: 'b', memory: 128 }] };
			return { ctx, kind: EcsTaskDefinition, outputs: await EcsTaskDefinition.create(ctx, { cluster: 'none', definition }) };
		},
		count: async () => (await aws.client(ECSClient).send(new ListTaskDefinitionsCommand({ familyPrefix: 'once' }))).taskDefinitionArns?.length,
	},
];

describe.each(kinds)('$name is made once', ({ make, count }) => {
	test.each<{ what: string; fate: Fate[]; calls: number }>([
		{ what: 'the answer is lost on the way', fate: ['lost'], calls: 1 },
		{ what: 'AWS answers 500 and has done it', fate: ['failed'], calls: 1 },
		{ what: 'AWS answers 500 and has not done it', fate: ['not done'], calls: 2 },
		{ what: 'AWS throttles the call', fate: ['throttled'], calls: 2 },
		{ what: 'first not done, then lost', fate: ['not done', 'lost'], calls: 2 },
	])('where $what', async ({ fate, calls }) => {
		fates.push(...fate);
		const { ctx, kind, outputs } = await make();
		expect([await count(), sent]).toEqual([1, calls]);
		await (kind as unknown as { remove(ctx: unknown, outputs: unknown): Promise<void> }).remove(ctx, outputs);
		expect(await count()).toBe(0);
	});

	test('and what fails for good is an error after three calls', async () => {
		fates.push('not done', 'not done', 'not done');
		await expect(make()).rejects.toMatchObject({ $metadata: { httpStatusCode: 500 } });
		expect([await count(), sent]).toEqual([0, 3]);
	});
});
