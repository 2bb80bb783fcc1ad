import { existsSync } from 'node:fs';
import { readdir, rm, stat, writeFile } from 'node:fs/promises';
import { ECSClient, StopTaskCommand } from '@aws-sdk/client-ecs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { settings } from '../../src/aws/clients.ts';
import type { DoctorDocument, StatusDocument, TeardownDocument, TimelineDocument, UpDocument } from '../../src/environment/documents.ts';
import { askFor } from '../local/faults.ts';
import { searchSecrets } from './secrets.ts';
import { type Workspace, workspace } from './workspace.ts';

/** What can be seen of one real environment: its tasks, their deaths, its timeline, its storage. */
describe('inside an environment', () => {
	let here: Workspace;
	beforeAll(async () => {
		here = await workspace();
		const { exit, stderr } = await here.json<UpDocument>(['up', '--local']);
		if (exit !== 0) throw new Error(stderr);
	});
	afterAll(() => here.dispose());

	const status = async (): Promise<StatusDocument> => (await here.json<StatusDocument>(['status', '--local'])).document;
	const service = async (name: string): Promise<StatusDocument['services'][number]> => {
		const found = (await status()).services.find((one) => one.name === `airflow-main-${name}`);
		if (!found) throw new Error(`no service ${name}`);
		return found;
	};
	const deaths = (): string => here.path('.airflow-deploy/state/000000000000-us-east-1/deaths');

	test('status shows the tasks of each service, and fits a screen', async () => {
		const { services, deaths } = await status();
		expect(services).toMatchObject([{ tasks: [{ status: 'RUNNING', health: 'HEALTHY', id: expect.stringMatching(/^[0-9a-f]{32}$/) }], lastDeath: null }, { tasks: [{ status: 'RUNNING', health: 'HEALTHY' }], lastDeath: null }]);
		expect(services[0]?.tasks[0]?.ageSeconds).toBeLessThan(300);
		expect(deaths).toEqual([]);
		const lines = (await here.run(['status', '--local'])).stdout.trimEnd().split('\n');
		expect(lines.length).toBeLessThanOrEqual(24);
		expect(lines.filter((line) => line.length > 80)).toEqual([]);
	});

	test('status --timeline shows the last up with its critical path, also after an up that changed nothing', async () => {
		expect((await here.run(['up', '--local', '--yes'])).exit).toBe(0);
		const { document } = await here.json<StatusDocument & { timeline: TimelineDocument }>(['status', '--timeline', '--local']);
		const { timeline } = document;
		expect(document.phase).toBe('up');
		expect(timeline.steps.length).toBeGreaterThan(45);
		expect(timeline.criticalPathSeconds).toBeLessThanOrEqual(timeline.wallSeconds);
		expect(timeline.steps.filter(({ critical }) => critical).map(({ key }) => key)).toEqual(expect.arrayContaining(['init', 'bundle-parsed']));
		const { stdout } = await here.run(['status', '--timeline', '--local']);
		expect(stdout).toMatch(/^init +run +[\d.]+ s +█+$/m);
		expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
	});

	test('tags that change reach what stands, in place and once', async () => {
		const up = async (env: Record<string, string> = {}) => {
			const { exit, document } = await here.json<UpDocument>(['up', '--local'], { env });
			expect(exit).toBe(0);
			return document.steps.filter(({ action }) => action !== 'none').map(({ key, action }) => `${action} ${key}`);
		};
		const changed = await up({ AIRFLOW_DEPLOY_TAGS: 'team=data' });
		expect(changed).toEqual(expect.arrayContaining(['vpc', 'file-system', 'cluster', 'repository', 'database', 'secret-database', 'role-execution', 'log-group-task', 'service-webserver', 'task-definition-webserver', 'bucket-settings', 'rule-web'].map((key) => `update ${key}`)));
		expect(changed.filter((step) => !step.startsWith('update'))).toEqual([]);
		expect(await up({ AIRFLOW_DEPLOY_TAGS: 'team=data' })).toEqual([]);
		expect((await up()).toSorted()).toEqual(changed.toSorted());
	});

	test('doctor finds the environment, and a task writes to its storage', async () => {
		const { exit, document } = await here.json<DoctorDocument>(['doctor', '--storage', '--local']);
		expect(document.checks.filter(({ verdict }) => verdict === 'failed')).toEqual([]);
		expect(exit).toBe(0);
		expect(document.checks.find(({ name }) => name === 'storage')).toMatchObject({ verdict: 'ok', detail: expect.stringMatching(/^written in \d+ ms/) });
		expect(document.checks.find(({ name }) => name === 'secret-names')?.detail).toContain('are ours');
		expect((await readdir(here.path('.airflow-deploy/endpoint'), { recursive: true })).filter((path) => path.includes('.probe-'))).toEqual([]);
	});

	test('a task that somebody stops is the last death of its service, kept where only the user can read it', async () => {
		const before = await service('webserver');
		const { stdout } = await here.run(['local', 'env']);
		const endpoint = /AWS_ENDPOINT_URL=['"]?([^'"\s]+)/.exec(stdout)?.[1] ?? '';
		const ecs = new ECSClient(settings({ region: 'us-east-1', endpoint, credentials: { accessKeyId: 'local', secretAccessKey: 'local' } }));
		await ecs.send(new StopTaskCommand({ cluster: 'airflow-shared-cluster', task: before.tasks[0]?.id ?? '', reason: 'to see what happens' }));
		await expect.poll(async () => (await service('webserver')).lastDeath, { timeout: 60_000, interval: 500 }).toMatchObject({ task: before.tasks[0]?.id, class: 'stopped', reason: 'to see what happens' });
		const record = (await service('webserver')).lastDeath?.record ?? '';
		expect(record).toMatch(/^\.airflow-deploy\/state\/000000000000-us-east-1\/deaths\/\d{8}T\d{6}Z-airflow-main-webserver-[0-9a-f]{32}\.json$/);
		expect((await stat(here.path(record))).mode & 0o777).toBe(0o600);
		await expect.poll(async () => (await status()).phase, { timeout: 60_000, interval: 500 }).toBe('up');
	});

	test('the first death ends a deploy: cause, lines, fix and record, and the revision before runs again', async () => {
		const module = here.path('airflow/config/airflow_local_settings.py');
		await writeFile(module, 'import sys\n\nif "scheduler" in sys.argv:\n    raise RuntimeError("not today")\n');
		const before = (await service('scheduler')).taskDefinition;
		const { exit, stderr } = await here.run(['deploy', '--local', '--yes']);
		const ended = Date.now();
		expect(exit).toBe(1);
		expect(stderr).toMatch(/service-scheduler: a task of airflow-main-scheduler died \(exit-code\): .*not today/);
		expect(stderr).toMatch(/^error: airflow-main-scheduler:\d+ was not deployed: scheduler exited with 1: .*not today$/m);
		expect(stderr).toContain(`${before}, the revision before, runs`);
		expect(stderr).toMatch(/kept in \.airflow-deploy\/\S+airflow-main-scheduler-[0-9a-f]{32}\.json/);
		const death = (await service('scheduler')).lastDeath;
		expect(death).toMatchObject({ class: 'exit-code', cause: expect.stringContaining('not today') });
		// One task died, not the three that ECS itself would try; with the rollback the command is over soon after.
		expect(stderr.match(/a task of airflow-main-scheduler died/g)).toHaveLength(1);
		expect((ended - Date.parse(death?.at ?? '')) / 1000).toBeLessThan(45);
		expect(await service('scheduler')).toMatchObject({ taskDefinition: before, running: 1 });
		await rm(module);
	});

	describe('a deploy says within a poll why a task died', () => {
		const module = (): string => here.path('airflow/config/airflow_local_settings.py');
		const endpoint = async (): Promise<string> => /AWS_ENDPOINT_URL=['"]?([^'"\s]+)/.exec((await here.run(['local', 'env'])).stdout)?.[1] ?? '';
		const small = { AIRFLOW_DEPLOY_WEBSERVER_CPU: '256', AIRFLOW_DEPLOY_WEBSERVER_MEMORY: '512' };

		/** Seconds from the death to the end of the command, which says why and leaves the revision before. */
		async function failsAfter(kind: string, cause: RegExp, hint: RegExp, env: Record<string, string> = {}): Promise<number> {
			const before = (await service('webserver')).taskDefinition;
			const { exit, stderr } = await here.run(['deploy', '--local', '--yes'], { env });
			const ended = Date.now();
			expect(exit).toBe(1);
			expect(stderr).toMatch(new RegExp(`service-webserver: a task of airflow-main-webserver died \\(${kind}\\): ${cause.source}`));
			expect(stderr).toMatch(hint);
			const death = (await service('webserver')).lastDeath;
			expect(death).toMatchObject({ class: kind, cause: expect.stringMatching(cause) });
			expect(await service('webserver')).toMatchObject({ taskDefinition: before, running: 1 });
			return (ended - Date.parse(death?.at ?? '')) / 1000;
		}

		// With the rollback; what else was deployed beside it is waited for.
		const soon = 45;

		test.each([
			['image-pull', /the image does not exist/, /hint: {2}check AIRFLOW_DEPLOY_IMAGE/],
			['secret', /the secret \S+ does not exist/, /hint: {2}airflow-deploy up/],
		] as const)('%s', async (fault, cause, hint) => {
			await writeFile(module(), 'changed = True\n');
			await askFor(await endpoint(), { fault, family: 'airflow-main-webserver' });
			expect(await failsAfter(fault, cause, hint)).toBeLessThan(soon);
		});

		test('out-of-memory: it really holds more than it has', async () => {
			await writeFile(module(), 'import sys\n\nheld = b"x" * ((500 << 20) if "webserver" in str(sys.argv) else 0)\n');
			expect(await failsAfter('out-of-memory', /webserver needed more memory than it has/, /hint: .*AIRFLOW_DEPLOY_WEBSERVER_MEMORY/, small)).toBeLessThan(soon);
		});

		test('no-capacity: waits, says so, and goes on', async () => {
			await rm(module());
			await askFor(await endpoint(), { fault: 'no-capacity', family: 'airflow-main-webserver' });
			const { exit, stderr } = await here.run(['deploy', '--local', '--yes'], { env: { AIRFLOW_DEPLOY_WEBSERVER_MEMORY: '3072' } });
			expect(stderr).toMatch(/service-webserver: .*AWS has no room for a Fargate task of this size here now: wait/);
			expect(exit).toBe(0);
		});
	});

	test('nothing that was written holds a secret: records, deaths, logs, command lines, task definitions', async () => {
		expect((await readdir(deaths())).length).toBeGreaterThanOrEqual(2);
		const { found, looked } = await searchSecrets(here);
		expect(found).toEqual([]);
		// Database password and URL, both keys, and the admin's password.
		expect(looked.secrets).toBe(5);
		expect(Object.entries(looked).filter(([, count]) => count < 3)).toEqual([]);
		process.stdout.write(`secrets: ${found.length} found of ${looked.secrets}, in ${looked.files} files, ${looked.processes} command lines, ${looked.definitions} task definitions, ${looked.lines} log lines\n`);
	});

	test('deaths and timeline outlive a teardown', async () => {
		const { exit, document } = await here.json<TeardownDocument>(['teardown', '--local']);
		expect({ exit, left: document.left }).toEqual({ exit: 0, left: [] });
		expect(existsSync(deaths())).toBe(true);
		expect((await here.run(['status', '--timeline', '--local'])).stdout).toContain('critical path');
	});
});
