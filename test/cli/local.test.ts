import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { otherPlace } from '../../src/commands/target.ts';
import type { EndpointStatus } from '../../src/local/control.ts';
import type { PlanDocument, StatusDocument } from '../../src/environment/documents.ts';
import { type Ran, run, temporaryDirectory } from './run.ts';

describe('commands against a local endpoint with nothing on it', () => {
	let cwd: string;
	let exports: Record<string, string>;
	const here = (...args: string[]): Promise<Ran> => run(args, { cwd, env: userHome() });
	const byUrl = (...args: string[]): Promise<Ran> => run(args, { cwd, env: { ...userHome(), ...exports } });
	/** Virtual environments of the local target are shared: the user's own cache is used. */
	const userHome = (): Record<string, string> => ({ HOME: process.env['HOME'] ?? cwd });

	beforeAll(async () => {
		cwd = await mkdtemp(join(tmpdir(), 'airflow-deploy-test-'));
		await here('local', 'start');
		const printed = await here('local', 'env');
		exports = Object.fromEntries(printed.stdout.split('\n').flatMap((line) => /^export (\w+)='(.*)'$/.exec(line)?.slice(1) ?? []).flatMap((word, index, words) => (index % 2 === 0 ? [[word, words[index + 1] ?? '']] : [])));
	});
	afterAll(async () => {
		await here('local', 'stop');
		await rm(cwd, { recursive: true, force: true });
	});

	test('local start again gives the same one', async () => {
		const [first, second] = await Promise.all([here('local', 'start', '--json'), here('local', 'start', '--json')]);
		expect(JSON.parse(first.stdout)).toMatchObject({ running: true, url: exports['AWS_ENDPOINT_URL'] });
		expect(JSON.parse(second.stdout)).toMatchObject({ url: exports['AWS_ENDPOINT_URL'] });
	});

	test('how strict and how slow it is cannot be changed while it runs', async () => {
		for (const flag of [['--iam'], ['--latency', 'aws/20']]) expect(await here('local', 'start', ...flag)).toMatchObject({ exit: 2, stderr: expect.stringContaining('the local endpoint runs already') as string });
		expect((await here('local', 'start', '--latency', 'slow')).exit).toBe(2);
	});

	test('its URL and credentials reach the same account under the aws target', async () => {
		const [local, aws] = await Promise.all([here('status', '--local', '--json'), byUrl('status', '--json')]);
		const [one, other] = [local, aws].map(({ stdout }) => JSON.parse(stdout) as StatusDocument);
		expect(other).toEqual({ ...one, target: 'aws' });
		expect(one).toMatchObject({ phase: 'absent', account: '000000000000', endpoint: exports['AWS_ENDPOINT_URL'] });
	});

	test('plan changes nothing, writes nothing', async () => {
		await here('init', '--yes');
		const before = await readdir(cwd, { recursive: true });
		const { exit, stdout } = await here('plan', '--local', '--json');
		expect(exit).toBe(0);
		const { changes, cost } = JSON.parse(stdout) as PlanDocument;
		expect(changes.length).toBeGreaterThan(30);
		expect(changes.every(({ action }) => action === 'create' || action === 'run')).toBe(true);
		expect(cost.perHour).toBeGreaterThan(0.05);
		expect((await readdir(cwd, { recursive: true })).filter((path) => !path.includes('endpoint'))).toEqual(before.filter((path) => !path.includes('endpoint')));
	});

	test('what is not up cannot be shown', async () => {
		expect(await here('open', '--print', '--local')).toMatchObject({ exit: 1, stdout: '', stderr: 'error: main is not up on the local target\nhint:  airflow-deploy up --local\n' });
		expect(await here('credentials', '--local')).toMatchObject({ exit: 1, stdout: '' });
	});

	test('the record is empty, and not locked', async () => {
		expect(await here('state', 'list', '--local')).toMatchObject({ exit: 0, stdout: 'nothing is recorded\n' });
		expect(await here('state', 'unlock', '--local', '--yes')).toMatchObject({ exit: 0, stdout: 'main was not locked\n' });
	});

	test('a region that does not exist is told as on AWS; hints carry the region that was given', async () => {
		expect(await here('plan', '--local', '--region', 'eu-wets-1')).toMatchObject({ exit: 1, stderr: expect.stringMatching(/^error: sts\.eu-wets-1\.amazonaws\.com cannot be resolved \(ENOTFOUND\): .*region eu-wets-1 does not exist/m) as string });
		expect(await here('credentials', '--local', '--region', 'eu-west-1')).toMatchObject({ exit: 1, stderr: expect.stringContaining('hint:  airflow-deploy up --local --region eu-west-1\n') as string });
	});

	test('a teardown asks first', async () => {
		expect(await here('teardown', '--local')).toMatchObject({ exit: 2, stdout: '', stderr: expect.stringContaining('standard input is no terminal\nhint:  answer beforehand with --yes\n') as string });
	});

	test('a port that is none, and one that is taken by itself', async () => {
		expect(await here('local', 'start', '--port', 'http')).toMatchObject({ exit: 2, stderr: expect.stringContaining('--port: "http" is no port') as string });
	});

	test('reset empties it at the same address', async () => {
		expect(await here('local', 'reset')).toMatchObject({ exit: 2 });
		expect(await here('local', 'reset', '--yes')).toMatchObject({ exit: 0, stdout: 'the local account is empty\n' });
		expect(JSON.parse((await here('local', 'status', '--json')).stdout)).toMatchObject({ running: true, url: exports['AWS_ENDPOINT_URL'] });
	});

	test('a teardown by its URL leaves it running, one with --local ends it', async () => {
		expect(await byUrl('teardown', '--yes')).toMatchObject({ exit: 0 });
		expect((await here('local', 'status')).stdout).toContain('the local endpoint runs at');
		expect(await here('teardown', '--local', '--yes')).toMatchObject({ exit: 0 });
		expect((await here('local', 'status')).stdout).toBe('the local endpoint does not run\n');
		expect(await readdir(join(cwd, '.airflow-deploy'))).not.toContain('endpoint');
	});
});

test('where an environment is when it is not here', async () => {
	const cwd = await temporaryDirectory();
	const here = { account: '123456789012', region: 'eu-west-1' };
	const record = async (place: string): Promise<void> => {
		await mkdir(join(cwd, '.airflow-deploy', 'state', place), { recursive: true });
		await writeFile(join(cwd, '.airflow-deploy', 'state', place, 'main.json'), '{}');
	};
	let running = true;
	const local = { status: () => Promise.resolve({ running } as EndpointStatus) };
	const other = (place: typeof here, environment = 'main') => otherPlace({ cwd, local, config: { environment } }, place);
	expect(await other(here)).toBeUndefined();
	await record('123456789012-eu-west-1');
	expect(await other(here)).toBeUndefined();
	await record('123456789012-us-east-1');
	expect(await other(here)).toBe('main is up in us-east-1: add --region us-east-1');
	await record('000000000000-us-east-1');
	expect(await other(here)).toBe('main is up on the local target: add --local');
	expect(await other({ account: '000000000000', region: 'us-east-1' })).toBe('main is up on AWS, in account 123456789012, eu-west-1: add --target aws --region eu-west-1');
	expect(await other(here, 'other')).toBeUndefined();
	running = false;
	expect(await other(here)).toBe('main is up in us-east-1: add --region us-east-1');
});
