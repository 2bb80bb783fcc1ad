import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DescribeTasksCommand, ECSClient, ListTasksCommand, StopTaskCommand, type Task } from '@aws-sdk/client-ecs';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { settings } from '../../src/aws/clients.ts';
import type { CredentialsDocument, PlanDocument, RemovalsDocument, StatusDocument, UpDocument, ValidateDocument } from '../../src/environment/documents.ts';
import { packageRoot } from '../../src/package.ts';
import { dagTaskOf } from '../../src/resources/worker-task.ts';
import { askFor } from '../local/faults.ts';
import { type AirflowApi, airflowApi } from './airflow-api.ts';
import { type Workspace, workspace } from './workspace.ts';

const cluster = 'airflow-shared-cluster';
const tooLarge = `
from datetime import datetime
from airflow import DAG
from airflow.operators.empty import EmptyOperator
with DAG("too_large", start_date=datetime(2026, 1, 1)): EmptyOperator(task_id="huge", executor_config={"cpu": "256", "memory": "8192"})
`.trimStart();
const patient = { timeout: 120_000, interval: 500 };

interface Instance {
	readonly state: string;
	readonly try_number: number;
}

/** One environment, from one executor to the other and back: each test finds it as the one before left it. */
describe('the ECS executor on the local target', () => {
	let here: Workspace;
	let endpoint = '';
	let ecs: ECSClient;
	let api: AirflowApi;

	beforeAll(async () => {
		here = await workspace();
		await cp(join(packageRoot, 'test/e2e/dags/executor_cases.py'), here.path('airflow/dags/executor_cases.py'));
	});
	afterAll(() => here.dispose());

	const status = async (...env: string[]): Promise<StatusDocument> => (await here.json<StatusDocument>(['status', '--local', ...env])).document;
	/** The web page moves with every release. */
	const connect = async (...env: string[]): Promise<void> => {
		api = airflowApi((await here.json<CredentialsDocument>(['credentials', '--local', ...env])).document);
	};
	const trigger = async (dag: string, conf: object = {}): Promise<string> => (await api.call<{ dag_run_id: string }>('POST', `/dags/${dag}/dagRuns`, { conf })).dag_run_id;
	/** A run whose first try goes on until it is released. */
	const hold = async (name: string): Promise<string> => {
		await writeFile(here.path(name), '');
		return trigger('waits', { held: [here.path(name)] });
	};
	const release = (name: string): Promise<void> => rm(here.path(name));
	const instance = (dag: string, run: string, task = 'wait'): Promise<Instance> => api.call<Instance>('GET', `/dags/${dag}/dagRuns/${encodeURIComponent(run)}/taskInstances/${task}`);
	const ends = (dag: string, run: string, state: string): Promise<void> => vi.waitFor(async () => expect(await api.stateOf(dag, run)).toBe(state), patient);
	/** Its own code runs: Airflow calls a task running a second earlier, and then does not heed all that is asked of it. */
	const starts = (dag: string, run: string): Promise<void> => vi.waitFor(async () => expect(await api.log(dag, run, 'wait')).toMatch(/try \d waits/), patient);

	const tasks = async (family: string, desiredStatus: 'RUNNING' | 'STOPPED'): Promise<Task[]> => {
		const { taskArns = [] } = await ecs.send(new ListTasksCommand({ cluster, family, desiredStatus }));
		return taskArns.length === 0 ? [] : ((await ecs.send(new DescribeTasksCommand({ cluster, tasks: taskArns }))).tasks ?? []);
	};
	/** All that were ever started for a run. */
	const workersOf = async (run: string, family = 'airflow-main-worker'): Promise<Task[]> => [...(await tasks(family, 'RUNNING')), ...(await tasks(family, 'STOPPED'))].filter((task) => dagTaskOf(task)?.runId === run);
	const stop = async (found: readonly Task[], reason: string): Promise<void> => void (await Promise.all(found.map(({ taskArn }) => ecs.send(new StopTaskCommand({ cluster, task: taskArn, reason })))));

	test('a release with the other executor, while a task runs in the scheduler: it is let end, and the choice is kept', async () => {
		await here.succeeds(['up', '--local', '--yes']);
		endpoint = (await status()).endpoint ?? '';
		ecs = new ECSClient(settings({ region: 'us-east-1', endpoint, credentials: { accessKeyId: 'local', secretAccessKey: 'local' } }));
		await connect();
		const run = await hold('in-scheduler');
		await starts('waits', run);
		const deploy = here.json<UpDocument>(['deploy', '--local', '--executor', 'ecs']);
		// Its scheduler has been told to end.
		await vi.waitFor(async () => expect(await tasks('airflow-main-scheduler', 'STOPPED')).toHaveLength(1), patient);
		await release('in-scheduler');
		expect((await deploy).document.workers).toEqual({ running: 0, oldest: null });
		await connect();
		await ends('waits', run, 'success');
		expect((await instance('waits', run)).try_number).toBe(1);
		const { document: plan } = await here.json<PlanDocument>(['plan', '--local']);
		expect([plan.changes, plan.runningWork]).toEqual([[], []]);
		expect(plan.cost.lines).toContainEqual({ key: 'workers', perHour: 0, assumption: expect.stringContaining('each task of a DAG, $0.05') });
	});

	test('validate names the ECS task that ran each task, and how it ended', async () => {
		const { exit, document } = await here.json<ValidateDocument>(['validate', '--local', '--no-browser']);
		expect(document.checks.filter(({ ok }) => !ok)).toEqual([]);
		expect(exit).toBe(0);
		const proof = document.checks.filter(({ name }) => name.startsWith('workers:'));
		expect(proof.map(({ name }) => name)).toEqual(['workers:tutorial', 'workers:tutorial_taskflow_api', 'workers:ecs_task_resources']);
		const report = await readFile(document.report.replace('<cwd>', here.directory), 'utf8');
		for (const { detail, lines } of proof) {
			expect(detail).toMatch(/^\d tasks? in as many tasks? of ECS, each with exit code 0$/);
			for (const line of lines) {
				const [, arn] = /: (arn:aws:ecs:us-east-1:000000000000:task\/airflow-shared-cluster\/[0-9a-f]{32}), exit code 0$/.exec(line) ?? [];
				expect(arn).toBeDefined();
				expect(report).toContain(arn);
			}
		}
	});

	test('executor_config is the size of the task itself: those that validate ran', async () => {
		const ran = (await tasks('airflow-main-worker', 'STOPPED')).filter((task) => dagTaskOf(task)?.dagId === 'ecs_task_resources');
		const sizes = ran.map(({ cpu, memory, ephemeralStorage }) => [cpu, memory, ephemeralStorage?.sizeInGiB]);
		expect(sizes).toHaveLength(3);
		expect(sizes).toEqual(expect.arrayContaining([['1024', '2048', 20], ['1024', '4096', 20], ['1024', '4096', 30]]));
	});

	/** Runs, by what becomes of them in the next two tests. */
	const runs = { stopped: '', cleared: '', marked: '', outlives: '' };

	test('a worker that is stopped, whose task is cleared, or marked as failed, ends; the first two are tried again, and others go on', async () => {
		for (const name of Object.keys(runs) as (keyof typeof runs)[]) runs[name] = await hold(name);
		const { stopped, cleared, marked, outlives } = runs;
		await Promise.all(Object.values(runs).map((run) => starts('waits', run)));
		expect((await status()).workers).toMatchObject({ running: 4, oldest: { runs: { dagId: 'waits', taskId: 'wait' } } });

		await stop(await workersOf(stopped), 'maintenance of the building');
		await api.call('POST', '/dags/waits/clearTaskInstances', { dry_run: false, task_ids: ['wait'], dag_run_id: cleared, only_failed: false });
		await api.call('POST', '/dags/waits/updateTaskInstancesState', { dry_run: false, task_id: 'wait', dag_run_id: marked, new_state: 'failed', include_upstream: false, include_downstream: false, include_future: false, include_past: false });
		await ends('waits', stopped, 'success');
		await ends('waits', cleared, 'success');
		for (const run of [stopped, cleared]) {
			expect((await instance('waits', run)).try_number).toBe(2);
			expect(await workersOf(run)).toHaveLength(2);
		}
		await vi.waitFor(async () => expect((await workersOf(marked)).map(({ lastStatus }) => lastStatus)).toEqual(['STOPPED']), patient);
		expect(await instance('waits', marked)).toMatchObject({ state: 'failed', try_number: 1 });
		expect((await workersOf(outlives)).map(({ lastStatus }) => lastStatus)).toEqual(['RUNNING']);
		await vi.waitFor(async () => expect((await here.succeeds(['logs', 'task', '--local', '--dag', 'waits', '--run', stopped])).stdout).toContain('maintenance of the building'), patient);
	});

	test('the scheduler dies while a task runs: the next one takes the worker over, and nothing is run twice', async () => {
		const [worker] = await workersOf(runs.outlives);
		await stop(await tasks('airflow-main-scheduler', 'RUNNING'), 'lost');
		await vi.waitFor(async () => expect((await here.succeeds(['logs', 'scheduler', '--local', '--dag', 'waits', '--since', '5m'])).stdout).toMatch(new RegExp(`ECS task ${worker?.taskArn} of .* taken over`)), patient);
		await release('outlives');
		await ends('waits', runs.outlives, 'success');
		expect((await instance('waits', runs.outlives)).try_number).toBe(1);
		expect(await workersOf(runs.outlives)).toHaveLength(1);
		await vi.waitFor(async () => expect((await status()).phase).toBe('up'), patient);
	});

	test('throttled, without capacity, and without an answer to DescribeTasks: each task starts once, and ends', async () => {
		const refused = { fault: 'refuse', service: 'ecs', code: 'ThrottlingException', message: 'Rate exceeded' } as const;
		await askFor(endpoint, { ...refused, operation: 'RunTask', times: 2 }, { fault: 'no-capacity', family: 'airflow-main-worker', times: 2 }, { ...refused, operation: 'DescribeTasks', code: 'ServerException', status: 500, seconds: 12 });
		const runs = [await trigger('waits'), await trigger('waits')];
		for (const run of runs) await ends('waits', run, 'success');
		for (const run of runs) {
			expect((await instance('waits', run)).try_number).toBe(1);
			// DescribeTasks may be refused a little longer than the tasks took.
			await vi.waitFor(async () => expect(await workersOf(run)).toHaveLength(1), patient);
		}
	});

	test('a worker that dies before Airflow starts in it: its try fails, and the log of the task has the reason', async () => {
		const family = 'airflow-main-worker';
		// A worker ends a little later than its task: the faults are not for it.
		await vi.waitFor(async () => expect(await tasks(family, 'RUNNING')).toEqual([]), patient);
		await askFor(endpoint, { fault: 'image-pull', family, message: 'toomanyrequests: Rate exceeded' }, { fault: 'secret', family, times: 1 }, { fault: 'out-of-memory', family });
		const run = await trigger('dies');
		await ends('dies', run, 'failed');
		const reasons = [/ResourceInitializationError: .*can't find the specified secret/, /CannotPullContainerError: .*toomanyrequests/, /OutOfMemoryError/];
		await vi.waitFor(async () => {
			const { stdout } = await here.succeeds(['logs', 'task', '--local', '--dag', 'dies', '--task', 'wait']);
			for (const reason of reasons) expect(stdout).toMatch(reason);
		}, patient);
		const { stdout } = await here.succeeds(['logs', 'scheduler', '--local', '--dag', 'dies', '--json']);
		const told = stdout.trim().split('\n').map((line) => JSON.parse((JSON.parse(line) as { message: string }).message) as Record<string, unknown>).filter(({ stop_code }) => stop_code !== undefined);
		expect(told.map(({ stop_code }) => stop_code)).toEqual(['TaskFailedToStart', 'TaskFailedToStart', 'EssentialContainerExited']);
		expect((await status()).deaths.filter(({ service }) => service === family).map((death) => death.class)).toEqual(expect.arrayContaining(['out-of-memory', 'image-pull']));
	});

	test('back to the scheduler while a worker runs: plan names it, the release waits for it, and what it leaves behind goes', async () => {
		const run = await hold('in-worker');
		await starts('waits', run);
		const [before] = await tasks('airflow-main-scheduler', 'RUNNING');
		const { document: plan } = await here.json<PlanDocument>(['plan', '--local', '--executor', 'local']);
		expect(plan.runningWork).toEqual([expect.stringMatching(/^the workers go: a worker runs now \([0-9a-f]{8}, waits\.wait of .*\); each has 120 s to end/)]);
		const deploy = here.json<UpDocument>(['deploy', '--local', '--executor', 'local']);
		// The next scheduler is there, and the worker is not its own.
		await vi.waitFor(async () => {
			const [now] = await tasks('airflow-main-scheduler', 'RUNNING');
			expect(now?.healthStatus).toBe('HEALTHY');
			expect(now?.taskDefinitionArn).not.toBe(before?.taskDefinitionArn);
		}, patient);
		expect((await workersOf(run)).map(({ lastStatus }) => lastStatus)).toEqual(['RUNNING']);
		await release('in-worker');
		const { document } = await deploy;
		expect(document.steps.filter(({ action }) => action === 'delete').map(({ key }) => key)).toEqual(expect.arrayContaining(['workers', 'task-definition-worker', 'role-worker', 'role-worker-exec', 'log-group-worker']));
		expect(document.workers).toBeNull();
		await connect();
		await ends('waits', run, 'success');
		expect((await instance('waits', run)).try_number).toBe(1);
		expect(await tasks('airflow-main-worker', 'RUNNING')).toEqual([]);
	});

	test("an ephemeral branch: its DAG file with a size that Fargate lacks is named, its workers reach the database in its task; its removal stops and names them, and nothing is left of all", async () => {
		await writeFile(here.path('airflow/dags/too_large.py'), tooLarge);
		const created = await here.json<UpDocument>(['branch', 'create', 'small', '--local', '--executor', 'ecs', '--ephemeral']);
		expect(created.stderr).toContain('--ephemeral: DAG runs, users and connections are gone whenever the task is replaced');
		const importErrors = [{ file: 'dags/too_large.py', line: 4, message: expect.stringContaining('Fargate has no memory 8192 with cpu 256: it has 512, 1024 or 2048 MiB') as string }];
		expect(created).toMatchObject({ exit: 3, document: { phase: 'up', bundle: { importErrors } } });
		await connect('--env', 'small');
		const [done, held] = [await trigger('waits'), await hold('for-ever')];
		await Promise.all([ends('waits', done, 'success'), starts('waits', held)]);
		expect(await workersOf(done, 'airflow-small-worker')).toHaveLength(1);
		const { exit, document, stderr } = await here.json<RemovalsDocument>(['teardown', '--all', '--local']);
		expect(stderr).toMatch(/stopping worker [0-9a-f]{8}, waits\.wait of .*: airflow-deploy: its environment is being removed/);
		expect(document).toMatchObject({ left: [], shared: null, environments: [{ environment: 'small', left: [] }, { environment: 'main', left: [] }] });
		expect(exit).toBe(0);
	});
});
