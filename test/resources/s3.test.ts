import { CreateBucketCommand, CreateMultipartUploadCommand, DeleteBucketCommand, DeleteObjectCommand, GetObjectCommand, PutBucketVersioningCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Aws } from '../../src/aws/clients.ts';
import type { JsonObject } from '../../src/engine/resource.ts';
import { emptyPrefix } from '../../src/resources/s3-empty.ts';
import { readAnchor } from '../../src/resources/s3-anchor.ts';
import { startEndpoint, type TestEndpoint } from './endpoint.ts';
import { contextOf, type World, world } from './sample.ts';
import { anchor, bucket, bucketSettings } from './samples-a.ts';

let endpoint: TestEndpoint;
let aws: Aws;
beforeAll(async () => {
	endpoint = await startEndpoint();
	aws = await endpoint.clients();
}, 60_000);
afterAll(() => endpoint.close());

let here: World;
let name: string;
let props: { name: string };
let count = 0;
beforeEach(() => {
	count += 1;
	here = world(aws, 'shared');
	name = `airflow-${aws.account}-${count}`;
	props = { name };
});
/** As an earlier run would have recorded it. */
const recorded = (): JsonObject => ({ name, arn: `arn:aws:s3:::${name}` });
afterEach(async () => {
	await emptyPrefix(contextOf(here, 'bucket'), name, '');
	await aws.client(S3Client).send(new DeleteBucketCommand({ Bucket: name })).catch(() => undefined);
});

async function put(Key: string, Body = 'x'): Promise<void> {
	await aws.client(S3Client).send(new PutObjectCommand({ Bucket: name, Key, Body }));
}

async function make(world: World): Promise<{ bucket: JsonObject; anchor: JsonObject }> {
	const ctx = contextOf(world, 'bucket');
	return { bucket: await bucket.kind.create(ctx, props), anchor: await anchor.kind.create(contextOf(world, 'anchor'), { bucket: name, options: {} }) };
}

describe('whose bucket', () => {
	test('the name belongs to another account', async () => {
		await make(here);
		const other = contextOf({ ...here, aws: { ...aws, account: '111111111111' } }, 'bucket');
		await expect(bucket.kind.find(other, props, undefined)).rejects.toMatchObject({ code: 'ForeignObject', hint: 'choose another AIRFLOW_DEPLOY_PROJECT' });
		await expect(bucket.kind.remove(other, recorded())).rejects.toMatchObject({ code: 'ForeignObject' });
	});

	test('a bucket of the account with other things in it is neither taken nor emptied', async () => {
		await aws.client(S3Client).send(new CreateBucketCommand({ Bucket: name, CreateBucketConfiguration: { LocationConstraint: 'eu-central-1' } }));
		const ctx = contextOf(here, 'bucket');
		expect(await bucket.kind.find(ctx, props, undefined), 'empty, so made a moment ago').toEqual(recorded());
		await put('holiday.jpg');
		await expect(bucket.kind.find(ctx, props, undefined)).rejects.toMatchObject({ code: 'ForeignObject' });
		await expect(bucket.kind.remove(ctx, recorded())).rejects.toMatchObject({ code: 'ForeignObject' });
		await aws.client(S3Client).send(new GetObjectCommand({ Bucket: name, Key: 'holiday.jpg' }));
	});

	test('the bucket of another installation is left as it is', async () => {
		await make(here);
		await put('main/files/dags/a.py');
		const other = contextOf(world(aws, 'shared'), 'bucket');
		expect(await bucket.kind.find(other, props, undefined), 'its anchor decides').toEqual(recorded());
		await expect(bucket.kind.remove(other, recorded())).rejects.toMatchObject({ code: 'ForeignObject' });
		expect(await readAnchor(aws, name, 'shared')).toMatchObject({ nonce: here.nonce });
		await aws.client(S3Client).send(new GetObjectCommand({ Bucket: name, Key: 'main/files/dags/a.py' }));
	});

	test('a bucket that still serves an environment is left', async () => {
		const made = await make(here);
		await anchor.kind.create(contextOf(world(aws, 'main'), 'anchor'), { bucket: name, options: {} });
		await expect(bucket.kind.remove(contextOf(here, 'bucket'), made.bucket)).rejects.toMatchObject({ code: 'BucketInUse', hint: 'airflow-deploy teardown --env main' });
	});
});

describe('removing the bucket', () => {
	test('takes versions, delete markers and unfinished uploads along, more than a page of them', async () => {
		const made = await make(here);
		await aws.client(S3Client).send(new PutBucketVersioningCommand({ Bucket: name, VersioningConfiguration: { Status: 'Enabled' } }));
		for (let batch = 0; batch < 21; batch += 1) await Promise.all(Array.from({ length: 50 }, (_, index) => put(`main/files/${index}`, String(batch))));
		await aws.client(S3Client).send(new DeleteObjectCommand({ Bucket: name, Key: 'main/files/7' }));
		await aws.client(S3Client).send(new CreateMultipartUploadCommand({ Bucket: name, Key: 'unfinished' }));
		await bucket.kind.remove(contextOf(here, 'bucket'), made.bucket);
		expect(here.notes).toContain('deleting: 1,052 object versions left');
		expect(here.notes).toContain('deleting: 52 object versions left');
		expect(await bucket.kind.exists(contextOf(here, 'bucket'), made.bucket)).toBe(false);
	}, 60_000);

	test('deletes below a prefix only what is there', async () => {
		await make(here);
		await put('main/manifest.json');
		await put('other/manifest.json');
		await emptyPrefix(contextOf(here, 'bundle'), name, 'main/');
		await expect(aws.client(S3Client).send(new GetObjectCommand({ Bucket: name, Key: 'main/manifest.json' }))).rejects.toMatchObject({ name: 'NoSuchKey' });
		await aws.client(S3Client).send(new GetObjectCommand({ Bucket: name, Key: 'other/manifest.json' }));
		await emptyPrefix(contextOf(here, 'bundle'), 'no-such-bucket', 'main/');
	});
});

describe('anchor', () => {
	test('of another environment: says who made it, when, and what to run', async () => {
		const { anchor: made } = await make(here);
		const other = contextOf(world(aws, 'shared'), 'anchor');
		const wanted = { bucket: name, options: {} };
		for (const attempt of [anchor.kind.find(other, wanted, undefined), anchor.kind.create(other, wanted)]) {
			await expect(attempt).rejects.toMatchObject({ code: 'AnchorExists', hint: 'airflow-deploy state recover' });
			await expect(attempt).rejects.toThrow(/made by \S+@\S+ at 20\d\d-/);
		}
		await anchor.kind.remove(other, made);
		expect(await readAnchor(aws, name, 'shared')).toMatchObject({ nonce: here.nonce });
		expect(await anchor.kind.exists(other, { ...made, nonce: 'theirs' })).toBe(false);
	});

	test('of two creators one wins', async () => {
		await bucket.kind.create(contextOf(here, 'bucket'), props);
		const creators = [world(aws, 'main'), world(aws, 'main'), world(aws, 'main')];
		const results = await Promise.allSettled(creators.map((each) => anchor.kind.create(contextOf(each, 'anchor'), { bucket: name, options: {} })));
		expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
	});

	test('a creation whose answer was lost is ours; new options keep the rest', async () => {
		const { anchor: made } = await make(here);
		const ctx = contextOf(here, 'anchor');
		expect(await anchor.kind.create(ctx, { bucket: name, options: {} })).toEqual(made);
		await anchor.kind.update?.(ctx, { bucket: name, options: { executor: 'ecs' } }, made);
		expect(await readAnchor(aws, name, 'shared')).toMatchObject({ format: 1, project: 'airflow', environment: 'shared', nonce: here.nonce, createdAt: made['createdAt'], options: { executor: 'ecs' } });
	});
});

test('settings are put one after another, and only those that differ', async () => {
	const calls: string[] = [];
	const observed = { ...here, aws: await endpoint.clients({ observe: ({ operation }) => void calls.push(operation) }) };
	await make(observed);
	const ctx = contextOf(observed, 'bucket-settings');
	const wanted = { bucket: name, noncurrentVersionDays: 7 };
	calls.length = 0;
	await bucketSettings.kind.create(ctx, wanted);
	const puts = ['PublicAccessBlock', 'BucketOwnershipControls', 'BucketEncryption', 'BucketVersioning', 'BucketLifecycleConfiguration', 'BucketPolicy', 'BucketTagging'];
	expect(calls.filter((call) => call.startsWith('Put'))).toEqual(puts.map((each) => `Put${each}`));
	await aws.client(S3Client).send(new PutBucketVersioningCommand({ Bucket: name, VersioningConfiguration: { Status: 'Suspended' } }));
	const found = (await bucketSettings.kind.find(ctx, wanted, undefined)) as JsonObject;
	expect(found).toEqual({ ...wanted, missing: ['versioning'] });
	calls.length = 0;
	await bucketSettings.kind.update?.(ctx, wanted, found);
	expect(calls.filter((call) => call.startsWith('Put'))).toEqual(['PutBucketVersioning']);
});
