import { DeleteBucketPolicyCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bringUp } from '../../src/environment/bring-up.ts';
import { status } from '../../src/environment/status.ts';
import { startEndpoint, type TestEndpoint } from '../resources/endpoint.ts';
import { optionsFor } from './options.ts';

let endpoint: TestEndpoint;
beforeAll(async () => void (endpoint = await startEndpoint()), 60_000);
afterAll(() => endpoint.close());

test('status asks for what nothing else proves, and sees what is gone', async () => {
	const calls: string[] = [];
	const options = await optionsFor(await endpoint.clients({ observe: ({ operation }) => void calls.push(operation) }));
	await bringUp(options, 'upload');
	const bucket = `airflow-${options.aws.account}-${options.aws.region}`;
	const missing = async (): Promise<string[]> => {
		calls.length = 0;
		const { resources } = await status(options);
		return resources.filter((each) => each.status === 'missing').map(({ key }) => key);
	};

	expect(await missing()).toEqual([]);
	expect(calls).not.toContain('HeadBucket');

	await options.aws.client(S3Client).send(new DeleteBucketPolicyCommand({ Bucket: bucket }));
	expect(await missing()).toEqual(['bucket-settings']);
	expect(calls).not.toContain('HeadBucket');

	await fetch(`${endpoint.url}/_endpoint/reset`, { method: 'POST' });
	expect(await missing()).toEqual(expect.arrayContaining(['bucket', 'bucket-settings', 'anchor']));
	expect(calls).toContain('HeadBucket');
});
