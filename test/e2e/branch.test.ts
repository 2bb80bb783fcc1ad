import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { ECSClient, ListTasksCommand, StopTaskCommand } from '@aws-sdk/client-ecs';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { settings } from '../../src/aws/clients.ts';
import type { BranchesDocument, CredentialsDocument, StatusDocument, UpDocument } from '../../src/environment/documents.ts';
import { type AirflowApi, airflowApi } from './airflow-api.ts';
import { testsOfConnect } from './branch-connect.ts';
import { testsOfLife } from './branch-life.ts';
import { type Workspace, workspace } from './workspace.ts';

/** One branch, from its creation to its removal: each test finds it as the one before left it. */
describe('a branch environment on the local target', () => {
	const env = ['--env', 'feature-login'];
	let here: Workspace;

	beforeAll(async () => {
		here = await workspace();
		const git = (...words: string[]) => execa('git', words, { cwd: here.directory });
		await git('init', '--quiet', '--initial-branch', 'feature/login');
		await git('add', 'airflow');
		await git('-c', 'user.name=test', '-c', 'user.email=test@example.com', 'commit', '--quiet', '--message', 'sample');
	});
	afterAll(() => here.dispose());

	const status = async (): Promise<StatusDocument> => (await here.json<StatusDocument>(['status', '--local', ...env])).document;
	const api = async (): Promise<AirflowApi> => airflowApi((await here.json<CredentialsDocument>(['credentials', '--local', ...env])).document);
	const stopTask = async (): Promise<void> => {
		const { endpoint } = await status();
		const ecs = new ECSClient(settings({ region: 'us-east-1', endpoint: endpoint ?? '', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } }));
		const cluster = 'airflow-shared-cluster';
		const { taskArns = [] } = await ecs.send(new ListTasksCommand({ cluster, serviceName: 'airflow-feature-login-airflow' }));
		await Promise.all(taskArns.map((task) => ecs.send(new StopTaskCommand({ cluster, task }))));
	};

	test('create names it after the git branch, and ends with a real Airflow in one task', async () => {
		const { exit, document, stderr } = await here.json<UpDocument>(['branch', 'create', '--local']);
		expect(stderr).toContain('branch create feature-login: named after git branch feature/login');
		expect(document).toMatchObject({ environment: 'feature-login', phase: 'up', webserver: { healthy: true }, scheduler: { healthy: true }, bundle: { dags: 4, importErrors: [] } });
		expect(document.bundle.parsed).toBe(document.bundle.uploaded);
		expect(document.services.map(({ name, containers, tasks }) => [name, containers, tasks.length])).toEqual([['airflow-feature-login-airflow', ['postgres', 'init', 'webserver', 'scheduler', 'dag-sync'], 1]]);
		expect(exit).toBe(0);
	});

	test('create again changes nothing and makes no mutating call; up on it does the same', async () => {
		for (const command of [['branch', 'create'], ['up', ...env]]) {
			const { document, stderr } = await here.json<UpDocument>([...command, '--local', '--verbose']);
			expect(document.steps.filter(({ action }) => action !== 'none')).toEqual([]);
			const calls = [...stderr.matchAll(/call (\w+ \w+)/g)].map(([, call]) => call ?? '');
			expect(calls.filter((call) => !/ (Describe|Get|List|Head|Simulate|Filter)/.test(call))).toEqual([]);
		}
	});

	test('its task is killed: the service brings it back, and the earlier DAG runs are still there', async () => {
		const run = await (await api()).trigger('tutorial_taskflow_api');
		await vi.waitFor(async () => expect(await (await api()).stateOf('tutorial_taskflow_api', run)).toBe('success'), { timeout: 90_000, interval: 1000 });
		const [before] = (await status()).services;
		await stopTask();
		await vi.waitFor(async () => {
			const { phase, services } = await status();
			expect(services[0]?.tasks[0]?.id).not.toBe(before?.tasks[0]?.id);
			expect(phase).toBe('up');
		}, { timeout: 90_000, interval: 1000 });
		expect(await (await api()).stateOf('tutorial_taskflow_api', run)).toBe('success');
	});

	test('the code of another commit comes from git: the working tree stays as it is', async () => {
		await rm(here.path('airflow/dags/tutorial.py'));
		const { document } = await here.json<UpDocument>(['branch', 'create', '--local', '--ref', 'HEAD']);
		expect(document.bundle.dags).toBe(4);
		expect(existsSync(here.path('airflow/dags/tutorial.py'))).toBe(false);
		const unknown = await here.run(['branch', 'create', '--local', '--ref', 'no-such-ref']);
		expect([unknown.exit, unknown.stderr]).toEqual([2, expect.stringContaining('git knows no commit no-such-ref here')]);
	});

	test('list shows it, with what it costs', async () => {
		const { branches } = (await here.json<BranchesDocument>(['branch', 'list', '--local'])).document;
		expect(branches).toEqual([expect.objectContaining({ name: 'feature-login', gitBranch: 'feature/login', phase: 'up', databases: ['postgres'], url: (await status()).webserver.url })]);
		expect(branches[0]?.perHour).toBeGreaterThan(0.1);
		expect((await here.run(['branch', 'list', '--local'])).stdout).toContain('feature-login  feature/login');
	});

	testsOfConnect('feature-login', () => here);

	testsOfLife('feature-login', 'feature/login', () => here);
});
