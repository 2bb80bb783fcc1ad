import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { CreateBucketCommand, ListObjectVersionsCommand, PutBucketVersioningCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import type { Aws } from '../../src/aws/clients.ts';
import { type Holder, holderOf } from '../../src/engine/lock-holder.ts';
import { packageRoot } from '../../src/package.ts';
import { deleteLease, readLease, writeLease } from '../../src/resources/lease-object.ts';
import { leaseOf, type LeaseOptions } from '../../src/resources/lease.ts';
import { startEndpoint, type TestEndpoint } from './endpoint.ts';

const times = { renewal: 0.2, trust: 0.5, dead: 1.5, look: 0.1 };
const bucket = 'airflow-000000000000-eu-central-1';
let endpoint: TestEndpoint;
let aws: Aws;
beforeAll(async () => {
	endpoint = await startEndpoint();
	aws = await endpoint.clients();
	await aws.client(S3Client).send(new CreateBucketCommand({ Bucket: bucket, CreateBucketConfiguration: { LocationConstraint: 'eu-central-1' } }));
	await aws.client(S3Client).send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: { Status: 'Enabled' } }));
}, 60_000);
afterAll(() => endpoint.close());
beforeEach(() => deleteLease(place()));

function place() {
	return { aws, bucket, scope: 'main' };
}

function options(more: Partial<LeaseOptions> = {}): LeaseOptions {
	return { ...place(), command: 'up', wait: false, onMet: () => {}, signal: new AbortController().signal, times, ...more };
}

/** A run on another machine, whose clock is ten minutes ahead. */
async function stranger(): Promise<Holder> {
	return { ...(await holderOf('teardown')), host: 'laptop-of-ann', user: 'ann', since: new Date(Date.now() + 600_000).toISOString() };
}

/** Renews somebody's lease until the test ends. */
async function renewedBy(holder: Holder): Promise<{ stop(): Promise<void> }> {
	let written = await writeLease(place(), holder, { IfNoneMatch: '*' });
	const end = new AbortController();
	const renewing = (async () => {
		while (!end.signal.aborted && written !== undefined) {
			await delay(100, undefined, { signal: end.signal }).catch(() => {});
			written = await writeLease(place(), holder, { IfMatch: written.etag });
		}
	})();
	const stop = async (): Promise<void> => {
		end.abort();
		await renewing;
	};
	onTestFinished(stop);
	return { stop };
}

async function versions(): Promise<number> {
	const { Versions = [], DeleteMarkers = [] } = await aws.client(S3Client).send(new ListObjectVersionsCommand({ Bucket: bucket, Prefix: 'anchors/' }));
	return Versions.length + DeleteMarkers.length;
}

test('of many that want it one gets it; given back, nothing of it is left', async () => {
	const leases = Array.from({ length: 8 }, () => leaseOf(options()));
	const got = await Promise.allSettled(leases.map((lease) => lease.check()));
	expect(got.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
	expect(got.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))).toEqual(Array(7).fill(expect.objectContaining({ code: 'EnvironmentLocked', exit: 4 })));
	await Promise.all(leases.map((lease) => lease.release()));
	expect(await versions()).toBe(0);
});

test('a run on another machine that renews its lease is named, with where, what and since', async () => {
	await renewedBy(await stranger());
	const met: (string | undefined)[] = [];
	await expect(leaseOf(options({ onMet: (holder) => void met.push(holder?.host) })).check()).rejects.toMatchObject({
		code: 'EnvironmentLocked',
		exit: 4,
		message: expect.stringMatching(/main is being changed: teardown by ann on laptop-of-ann since \d+ s/),
	});
	expect(met).toEqual(['laptop-of-ann']);
});

test('who waits gets it once it is given back', async () => {
	const other = await renewedBy(await stranger());
	let met = 0;
	const lease = leaseOf(options({ wait: true, onMet: () => void (met += 1) }));
	const waiting = lease.check();
	await expect.poll(() => met).toBe(1);
	await other.stop();
	await deleteLease(place());
	await waiting;
	await lease.release();
});

test('a run on another machine that stopped renewing is dead, by our watch and not by any clock', async () => {
	await writeLease(place(), await stranger(), { IfNoneMatch: '*' });
	const began = performance.now();
	const lease = leaseOf(options());
	await lease.check();
	expect(performance.now() - began).toBeGreaterThanOrEqual(times.dead * 1000);
	expect((await readLease(place()))?.holder?.command).toBe('up');
	await lease.release();
});

test('a run of this machine whose process is gone is replaced at once', async () => {
	const gone = spawn(process.execPath, ['-e', '0']);
	await once(gone, 'exit');
	const { started: _, ...self } = await holderOf('up');
	await writeLease(place(), { ...self, pid: gone.pid ?? 0 }, { IfNoneMatch: '*' });
	const lease = leaseOf(options({ times: { ...times, dead: 3600 } }));
	await lease.check();
	expect((await readLease(place()))?.holder?.pid).toBe(process.pid);
	await lease.release();
});

test('a write whose answer was lost is known as our own', async () => {
	const lease = leaseOf(options({ times: { ...times, renewal: 3600, trust: 0 } }));
	await lease.check();
	const seen = await readLease(place());
	await writeLease(place(), seen?.holder as Holder, { IfMatch: seen?.etag ?? '' });
	await expect(lease.check()).resolves.toBeUndefined();
});

test('it is renewed while it is held', async () => {
	const lease = leaseOf(options());
	await lease.check();
	const first = await readLease(place());
	await expect.poll(async () => (await readLease(place()))?.etag).not.toBe(first?.etag);
	await lease.release();
});

test('a paused process that wakes up finds its lease taken, and stops with exit 4 before it changes anything', async () => {
	const tsx = join(packageRoot, 'node_modules/tsx/dist/cli.mjs');
	const paused = spawn(process.execPath, [tsx, join(packageRoot, 'test/resources/lease-holder.ts'), endpoint.url, bucket], { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
	onTestFinished(() => void paused.kill('SIGKILL'));
	const group = -(paused.pid ?? 0);
	const lines = createInterface({ input: paused.stdout })[Symbol.asyncIterator]();
	expect((await lines.next()).value).toBe('held');
	process.kill(group, 'SIGSTOP');
	const other = leaseOf(options({ wait: true }));
	await other.check();
	process.kill(group, 'SIGCONT');
	paused.stdin.write('\n');
	expect((await lines.next()).value).toBe('LeaseLost 4');
	await other.release();
	process.kill(group, 'SIGKILL');
	await once(paused, 'exit');
}, 30_000);

test('without its bucket there is nothing to hold', async () => {
	const lease = leaseOf(options({ bucket: 'airflow-000000000000-eu-west-1' }));
	await expect(lease.check()).resolves.toBeUndefined();
	await expect(lease.release()).resolves.toBeUndefined();
});
