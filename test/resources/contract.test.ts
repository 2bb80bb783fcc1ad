import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Aws } from '../../src/aws/clients.ts';
import { type AnyResource, type Context, isAction, type JsonObject } from '../../src/engine/resource.ts';
import { kinds } from '../../src/resources/registry.ts';
import { startEndpoint, type TestEndpoint } from './endpoint.ts';
import { contextOf, type Made, makeNeeds, removeAll, type Sample, world } from './sample.ts';
import { samples as samplesA } from './samples-a.ts';
import { samples as samplesB } from './samples-b.ts';
import { samples as samplesC } from './samples-c.ts';

const samples: readonly Sample[] = [...samplesA, ...samplesB, ...samplesC];
const resources = [...kinds.values()].filter((kind): kind is AnyResource<Aws> => !isAction(kind));

let endpoint: TestEndpoint;
let aws: Aws;
beforeAll(async () => {
	endpoint = await startEndpoint();
	aws = await endpoint.clients();
}, 60_000);
afterAll(() => endpoint.close());

test('every kind has its own type', () => {
	expect(new Set([...kinds.values()].map(({ type }) => type)).size).toBe(kinds.size);
	for (const [type, kind] of kinds) expect(kind.type).toBe(type);
});

describe.each(resources)('$type', (kind) => {
	test('keeps the contract', async () => {
		const sample = samples.find((each) => each.kind.type === kind.type);
		expect(sample, `no sample in test/resources/samples-*.ts for ${kind.type}`).toBeDefined();
		await keepsContract(sample as Sample);
	}, 120_000);

	test('lists the permissions it needs', () => {
		for (const { actions, on } of kind.permissions) {
			expect(on.length).toBeGreaterThan(0);
			for (const action of actions) expect(action).toMatch(/^[a-z0-9-]+:[A-Z][A-Za-z0-9]+$/);
		}
		expect(kind.permissions.some((grant) => grant.for !== 'teardown')).toBe(true);
	});
});

/** Absent, create, wait, find, update, remove, remove again; a kind that AWS keeps ends after its update. */
async function keepsContract(sample: Sample): Promise<void> {
	const here = world(aws);
	const needed: Made = [];
	const ctx = contextOf(here, sample.key);
	try {
		const needs = await makeNeeds(here, sample, needed);
		const props = sample.props(needs, aws);
		const outputs = await comesToLife(ctx, sample, props);
		if (sample.kind.tag) await isTagged(ctx, sample, props, outputs);
		const wanted = await isChanged(ctx, sample, { needs, props, outputs });
		// As the engine does it: what only the record knows stays.
		const last = { ...outputs, ...(await sample.kind.find(ctx, wanted, outputs)) };
		if (sample.kind.kept === undefined) await goesAway(ctx, sample, wanted, last);
		else await sample.kind.remove(ctx, last);
	} finally {
		await removeAll(needed);
	}
}

async function comesToLife(ctx: Context<Aws>, { kind }: Sample, props: JsonObject): Promise<JsonObject> {
	const before = await kind.find(ctx, props, undefined);
	if (kind.kept === undefined) expect(before, 'before it is made, find').toBeUndefined();
	const created = before ?? (await kind.create(ctx, props));
	const ready = (await kind.wait?.(ctx, created, props)) ?? created;
	const found = await kind.find(ctx, props, undefined);
	expect(found, 'once it is made, find').toBeDefined();
	expect(kind.id(found as JsonObject)).toBe(kind.id(ready));
	expect(kind.arn?.(ready) ?? 'arn:').toMatch(/^arn:/);
	expect(JSON.parse(JSON.stringify(found)), 'outputs survive the state file').toEqual(found);
	expect(await kind.find(ctx, props, ready), 'find with the record').toEqual(found);
	expect(await kind.exists(ctx, ready)).toBe(true);
	if (kind.siblings) expect(await kind.siblings(ctx, ready)).toContain(kind.id(ready));
	if (await isFoundByTags(ctx, kind, props)) {
		expect(await kind.find({ ...ctx, superseded: new Set([kind.id(ready)]) }, props, undefined), 'what is being replaced is not found').toBeUndefined();
		expect('tag' in kind, 'what goes by its tags can be given others').toBe(true);
	}
	expect(kind.matches?.(props, found as JsonObject) ?? true, 'it is as wanted').toBe(true);
	return ready;
}

/** Not by a name or by its parent, which a replacement would have to change. */
async function isFoundByTags(ctx: Context<Aws>, kind: AnyResource<Aws>, props: JsonObject): Promise<boolean> {
	const other = { ...ctx, identity: { ...ctx.identity, 'airflow-deploy:key': 'another' } };
	return kind.find(other, props, undefined).then(
		(found) => found === undefined,
		() => false,
	);
}

/** By what `find` goes by: with another key it is another's, without its nonce nobody's. */
async function isTagged(ctx: Context<Aws>, { kind }: Sample, props: JsonObject, outputs: JsonObject): Promise<void> {
	const other = { ...ctx, identity: { ...ctx.identity, 'airflow-deploy:key': 'another' } };
	const found = (by: Context<Aws>) => kind.find(by, props, undefined).catch(() => undefined);
	// Rules are known by their group and their peers as well, settings by their bucket.
	if (['AWS::EC2::SecurityGroupIngress', 'AWS::S3::BucketSettings'].includes(kind.type)) return kind.tag?.(ctx, outputs, { set: { ...ctx.tags, team: 'data' }, gone: ['team'] });
	expect(await found(other), 'before it is tagged otherwise, find').toBeUndefined();
	await kind.tag?.(ctx, outputs, { set: { ...ctx.tags, 'airflow-deploy:key': 'another', team: 'data' }, gone: [] });
	expect(await found(other), 'tagged otherwise, find').toBeDefined();
	await kind.tag?.(ctx, outputs, { set: ctx.tags, gone: ['team'] });
	expect(await found(ctx), 'tagged again, find').toBeDefined();
	const { 'airflow-deploy:key': _, ...rest } = ctx.tags;
	await kind.tag?.(ctx, outputs, { set: rest, gone: ['airflow-deploy:key'] });
	expect(await found(ctx), 'with one tag taken away, find').toBeUndefined();
	await kind.tag?.(ctx, outputs, { set: ctx.tags, gone: [] });
}

/** As the engine does it: it looks with the props it recorded, decides with those it wants, and looks with them again. */
async function isChanged(ctx: Context<Aws>, { kind, changed }: Sample, { needs, props, outputs }: { needs: Record<string, JsonObject>; props: JsonObject; outputs: JsonObject }): Promise<JsonObject> {
	if (!changed) return props;
	const wanted = changed(needs, ctx.aws);
	const found = (await kind.find(ctx, props, outputs)) ?? outputs;
	expect(kind.matches?.(wanted, found) ?? false, 'a change is seen').toBe(false);
	const updated = (await kind.update?.(ctx, wanted, { ...outputs, ...found })) ?? found;
	const after = await kind.find(ctx, wanted, updated);
	expect(after, 'after the update, find').toBeDefined();
	expect(kind.matches?.(wanted, after as JsonObject) ?? true, 'the update reached what was wanted').toBe(true);
	return wanted;
}

async function goesAway(ctx: Context<Aws>, { kind }: Sample, props: JsonObject, outputs: JsonObject): Promise<void> {
	await kind.remove(ctx, outputs);
	expect(await kind.find(ctx, props, undefined), 'after the removal, find').toBeUndefined();
	expect(await kind.exists(ctx, outputs), 'after the removal, exists').toBe(false);
	if (kind.siblings) expect(await kind.siblings(ctx, outputs)).not.toContain(kind.id(outputs));
	await kind.remove(ctx, outputs);
}
