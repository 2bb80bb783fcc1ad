import { appendFile, cp } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { holderOf } from '../../src/engine/lock-holder.ts';
import { bringUp } from '../../src/environment/bring-up.ts';
import { openEnvironment } from '../../src/environment/environment.ts';
import { packageRoot } from '../../src/package.ts';
import { type LeasePlace, readLease, writeLease } from '../../src/resources/lease-object.ts';
import { listAnchors } from '../../src/resources/s3-anchor.ts';
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

test('two branches at once where nothing stands: one makes what is shared, the other waits for it and uses it', async () => {
	const cwd = temporaryDirectory();
	const aws = await endpoint.clients();
	const branches = await Promise.all(['one', 'two'].map(async (name) => ({ ...(await optionsFor(aws, { PROJECT: 'twins', ENV: name }, cwd)), branch: { gitBranch: name, named: true } })));
	const documents = await Promise.all(branches.map((options) => bringUp(options, 'upload')));
	const made = documents.map(({ steps }) => steps.find(({ key }) => key === 'bucket')?.action);
	expect(new Set(made)).toEqual(new Set(['create', 'none']));
	expect(documents.map(({ environment, bundle }) => [environment, bundle.uploaded])).toEqual([['one', expect.any(String)], ['two', expect.any(String)]]);
	expect((await listAnchors(aws, `twins-${aws.account}-${aws.region}`)).toSorted()).toEqual(['one', 'shared', 'two']);
	expect(branches.flatMap(({ said }) => said).filter((line) => line.startsWith('waiting for the shared stack'))).toHaveLength(1);
});

test("two at once from two machines: one is told that what is shared is another's by now, and goes on once it has recorded that", async () => {
	const aws = await endpoint.clients();
	const bucket = `apart-${aws.account}-${aws.region}`;
	const begun = await Promise.all(['one', 'two'].map((name) => optionsFor(aws, { PROJECT: 'apart', ENV: name })));
	const branches = begun.map((options) => ({ ...options, branch: { gitBranch: null, named: true } }));
	const outcomes = await Promise.allSettled(branches.map((options) => bringUp(options, 'upload')));
	const refused = branches.filter((_, index) => outcomes[index]?.status === 'rejected');
	expect(outcomes.filter(({ status }) => status === 'rejected')).toEqual([expect.objectContaining({ reason: expect.objectContaining({ code: 'AnchorExists', message: expect.stringContaining('shared exists already: it was made by') as string }) as object })]);
	for (const options of refused) {
		expect((await openEnvironment(options).recoverUnrecorded()).map(({ key }) => key)).toEqual(expect.arrayContaining(['bucket', 'anchor-shared']));
		await bringUp(options, 'upload');
	}
	expect((await listAnchors(aws, bucket)).toSorted()).toEqual(['one', 'shared', 'two']);
	expect((await Promise.all(['one', 'two'].map((name) => readManifest({ aws }, bucket, name)))).map((manifest) => manifest?.bundle)).toEqual([expect.any(String), expect.any(String)]);
});

test("state recover takes over what is shared, where this directory's own attempt at it came too late", async () => {
	const aws = await endpoint.clients();
	const [winner, loser] = await Promise.all(['one', 'two'].map((name) => optionsFor(aws, { PROJECT: 'late', ENV: name })));
	if (winner === undefined || loser === undefined) throw new Error('no options');
	await bringUp(winner, 'upload');
	await expect(bringUp(loser, 'upload')).rejects.toMatchObject({ code: 'AnchorExists', hint: 'airflow-deploy state recover' });
	expect((await openEnvironment(loser).recover()).resources.map(({ key }) => key)).toEqual(expect.arrayContaining(['bucket', 'anchor-shared']));
	await bringUp(loser, 'upload');
	await expect(openEnvironment(await optionsFor(aws, { PROJECT: 'late', ENV: 'three' }, winner.cwd)).recover()).rejects.toMatchObject({ code: 'NoAnchor' });
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
