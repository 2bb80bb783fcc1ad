import { randomUUID } from 'node:crypto';
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Aws } from '../../src/aws/clients.ts';
import { policyDocuments } from '../../src/commands/policy-documents.ts';
import { unusedGrants } from '../unused-grants.ts';
import { startEndpoint, type TestEndpoint } from './endpoint.ts';
import { contextOf, type Made, makeNeeds, removeAll, type Sample, type World, world } from './sample.ts';
import { samples as samplesA } from './samples-a.ts';
import { samples as samplesB } from './samples-b.ts';
import { samples as samplesC } from './samples-c.ts';

/** An endpoint that allows callers what their policies do. */
let endpoint: TestEndpoint;
let admin: Aws;
beforeAll(async () => {
	endpoint = await startEndpoint({ iam: true });
	admin = await endpoint.clients();
}, 60_000);
afterAll(() => endpoint.close());

const used = new Set<string>();
const samples: readonly Sample[] = [...samplesA, ...samplesB, ...samplesC];

test.each(samples.map((sample) => [sample.kind.type, sample] as const))('%s can do what it does with its own grants alone', async (_type, sample) => {
	const here = world(admin);
	const made: Made = [];
	try {
		const needs = await makeNeeds(here, sample, made);
		const [up, teardown] = [await granted(sample, 'up'), await granted(sample, 'teardown')];
		const outputs = await goesUp(sample, needs, worldOf(here, up.aws));
		expect(endpoint.decisions(up.caller).length, 'a kind that calls nothing').toBeGreaterThan(0);
		const ctx = contextOf(worldOf(here, teardown.aws), sample.key);
		await sample.kind.remove(ctx, outputs);
		await sample.kind.exists(ctx, outputs);
		await sample.kind.siblings?.(ctx, outputs);
		for (const { caller } of [up, teardown]) for (const { action } of endpoint.decisions(caller)) used.add(action);
	} finally {
		await removeAll(made);
	}
}, 120_000);

test('what the kinds ask for is needed', () => {
	const granted = new Set(samples.flatMap(({ kind }) => kind.permissions.flatMap(({ actions }) => actions)));
	expect([...granted].filter((action) => !used.has(action) && !(action in unusedGrants))).toEqual([]);
});

const worldOf = (here: World, aws: Aws): World => ({ ...here, aws });

/** A session of a new role that may do what the kind's grants say. */
async function granted({ kind }: Sample, purpose: 'up' | 'teardown'): Promise<{ aws: Aws; caller: string }> {
	const RoleName = `permissions-${randomUUID().slice(0, 8)}`;
	const trust = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${admin.account}:root` }, Action: 'sts:AssumeRole' }] };
	const { Role } = await admin.client(IAMClient).send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: JSON.stringify(trust) }));
	const documents = policyDocuments(kind.permissions, purpose, { partition: admin.partition, account: admin.account, region: admin.region, project: 'airflow', 'role-path': '/' });
	for (const [index, document] of documents.entries()) await admin.client(IAMClient).send(new PutRolePolicyCommand({ RoleName, PolicyName: `p${index}`, PolicyDocument: JSON.stringify(document) }));
	const { Credentials: { AccessKeyId = '', SecretAccessKey = '', SessionToken = '' } = {}, AssumedRoleUser } = await admin.client(STSClient).send(new AssumeRoleCommand({ RoleArn: Role?.Arn, RoleSessionName: purpose }));
	return { aws: await endpoint.clients({ credentials: { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken } }), caller: AssumedRoleUser?.Arn ?? '' };
}

async function goesUp({ kind, key, props, changed }: Sample, needs: Parameters<Sample['props']>[0], here: World): ReturnType<Sample['kind']['create']> {
	const ctx = contextOf(here, key);
	const wanted = props(needs, here.aws);
	const created = (await kind.find(ctx, wanted, undefined)) ?? (await kind.create(ctx, wanted));
	const outputs = (await kind.wait?.(ctx, created, wanted)) ?? created;
	await kind.tag?.(ctx, outputs, { set: { ...ctx.tags, team: 'data' }, gone: ['team'] });
	return changed && kind.update ? kind.update(ctx, changed(needs, here.aws), outputs) : outputs;
}
