import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Aws } from '../../src/aws/clients.ts';
import { startEndpoint, type TestEndpoint } from './endpoint.ts';
import { contextOf, type Made, makeNeeds, removeAll, type Sample, world } from './sample.ts';
import { samples as samplesA } from './samples-a.ts';
import { samples as samplesB } from './samples-b.ts';
import { samples as samplesC } from './samples-c.ts';

/** IAM's name of each service, by the SDK's; S3's actions are not named after its calls. */
const prefixes: Readonly<Record<string, string>> = { EC2: 'ec2', EFS: 'elasticfilesystem', ECS: 'ecs', ECR: 'ecr', RDS: 'rds', IAM: 'iam', SecretsManager: 'secretsmanager', CloudWatchLogs: 'logs', ElasticLoadBalancingV2: 'elasticloadbalancing', ACM: 'acm', Route53: 'route53', Scheduler: 'scheduler' };

let endpoint: TestEndpoint;
let aws: Aws;
let called = new Set<string>();
beforeAll(async () => {
	endpoint = await startEndpoint();
	aws = await endpoint.clients({ observe: ({ service, operation }) => void called.add(`${prefixes[service] ?? service}:${operation}`) });
});
afterAll(() => endpoint.close());

const samples: readonly Sample[] = [...samplesA, ...samplesB, ...samplesC].filter(({ kind }) => !kind.type.startsWith('AWS::S3') && kind.type !== 'AirflowDeploy::Anchor');

test.each(samples.map((sample) => [sample.kind.type, sample] as const))('%s makes no call that its grants do not allow', async (_type, sample) => {
	const here = world(aws);
	const made: Made = [];
	try {
		const needs = await makeNeeds(here, sample, made);
		const { up, teardown } = await callsOf(sample, needs, contextOf(here, sample.key));
		expect(up.length, 'a kind that calls nothing').toBeGreaterThan(0);
		expect(up.filter((action) => !allowed(sample, 'up').has(action)), 'during up').toEqual([]);
		expect(teardown.filter((action) => !allowed(sample, 'teardown').has(action)), 'during teardown').toEqual([]);
	} finally {
		await removeAll(made);
	}
}, 60_000);

function allowed({ kind }: Sample, during: 'up' | 'teardown'): Set<string> {
	return new Set(kind.permissions.filter((grant) => (grant.for ?? during) === during).flatMap(({ actions }) => actions));
}

async function callsOf({ kind, props, changed }: Sample, needs: Parameters<Sample['props']>[0], ctx: ReturnType<typeof contextOf>): Promise<{ up: string[]; teardown: string[] }> {
	called = new Set();
	const wanted = props(needs, aws);
	const created = (await kind.find(ctx, wanted, undefined)) ?? (await kind.create(ctx, wanted));
	let outputs = (await kind.wait?.(ctx, created, wanted)) ?? created;
	if (changed && kind.update) outputs = await kind.update(ctx, changed(needs, aws), outputs);
	const up = [...called];
	called = new Set();
	await kind.remove(ctx, outputs);
	await kind.exists(ctx, outputs);
	return { up, teardown: [...called] };
}
