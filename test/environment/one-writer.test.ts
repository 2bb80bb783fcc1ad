import { appendFile, cp } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { holderOf } from '../../src/engine/lock-holder.ts';
import { bringUp } from '../../src/environment/bring-up.ts';
import { openEnvironment } from '../../src/environment/environment.ts';
import { packageRoot } from '../../src/package.ts';
import { type LeasePlace, readLease, writeLease } from '../../src/resources/lease-object.ts';
import { readManifest } from '../../src/resources/upload-bundle.ts';
import { startEndpoint, type TestEndpoint } from '../resources/endpoint.ts';
import { optionsFor, temporaryDirectory } from './options.ts';

let endpoint: TestEndpoint;
beforeAll(async () => void (endpoint = await startEndpoint()), 60_000);
afterAll(() => endpoint.close());

test('while a run on another machine holds the environment nothing is changed here; state unlock ends that', async () => {
	const calls: string[] = [];
	const cwd = temporaryDirectory();
	const source = join(cwd, 'airflow');
	await cp(join(packageRoot, 'airflow'), source, { recursive: true });
	const options = await optionsFor(await endpoint.clients({ observe: ({ operation }) => void calls.push(operation) }), { SOURCE: source }, cwd);
	const place = { aws: options.aws, bucket: `airflow-${options.aws.account}-${options.aws.region}`, scope: 'main' };
	await bringUp(options, 'upload');
	expect(await readLease(place)).toBeUndefined();

	calls.length = 0;
	await bringUp(options, 'upload');
	expect(calls.filter((operation) => operation === 'PutObject')).toEqual([]);

	await renewedByAnother(place);
	const before = await readManifest(options, place.bucket, 'main');
	await appendFile(join(source, 'dags/tutorial.py'), '\n# changed\n');
	await expect(bringUp(options, 'upload')).rejects.toMatchObject({ code: 'EnvironmentLocked', exit: 4, message: expect.stringContaining('deploy by ann on laptop-of-ann') });
	expect(await readManifest(options, place.bucket, 'main')).toEqual(before);

	expect(await openEnvironment(options).unlock()).toMatchObject([{ host: 'laptop-of-ann' }]);
	await bringUp(options, 'upload');
	expect((await readManifest(options, place.bucket, 'main'))?.bundle).not.toBe(before?.bundle);
});

/** Until the test ends, or the lease is taken from it. */
async function renewedByAnother(place: LeasePlace): Promise<void> {
	const holder = { ...(await holderOf('deploy')), host: 'laptop-of-ann', user: 'ann' };
	let written = await writeLease(place, holder, { IfNoneMatch: '*' });
	const end = new AbortController();
	onTestFinished(() => end.abort());
	void (async () => {
		while (!end.signal.aborted && written !== undefined) {
			await delay(200, undefined, { signal: end.signal });
			written = await writeLease(place, holder, { IfMatch: written.etag });
		}
	})().catch(() => {});
}
