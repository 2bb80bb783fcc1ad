import { EventEmitter } from 'node:events';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DescribeServicesCommand, ECSClient, UpdateServiceCommand } from '@aws-sdk/client-ecs';
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { settings } from '../../src/aws/clients.ts';
import type { CheckDocument, CredentialsDocument, ValidateDocument } from '../../src/environment/documents.ts';
import { airflowApi, type AirflowApi } from '../../src/validate/airflow-api.ts';
import { searchSecrets } from './secrets.ts';
import { type Workspace, workspace } from './workspace.ts';

/** DAGs that go wrong when they run; paused like all new ones, so nothing of them runs by itself. */
const probes = `
from __future__ import annotations

import time

import pendulum
from airflow.decorators import dag, task

common = {"schedule": None, "start_date": pendulum.datetime(2024, 1, 1), "catchup": False}


@dag(**common)
def fails():
    @task()
    def draw():
        print("lowering the bucket")
        raise ValueError("the well is dry")

    draw()


@dag(**common)
def never_ends():
    @task()
    def wait():
        print("waiting for rain", flush=True)
        time.sleep(600)

    wait()


fails()
never_ends()
`;

/** One environment; each test breaks one thing and expects the right check to say so. */
describe('validate on the local target', () => {
	let here: Workspace;
	let api: AirflowApi;
	let ecs: ECSClient;
	let secrets: SecretsManagerClient;

	beforeAll(async () => {
		here = await workspace();
		await writeFile(here.path('airflow/dags/probes.py'), probes);
		const { exit, stderr } = await here.run(['up', '--local', '--yes']);
		if (exit !== 0) throw new Error(stderr);
		const endpoint = /AWS_ENDPOINT_URL=['"]?([^'"\s]+)/.exec((await here.run(['local', 'env'])).stdout)?.[1] ?? '';
		const connection = settings({ region: 'us-east-1', endpoint, credentials: { accessKeyId: 'local', secretAccessKey: 'local' } });
		[ecs, secrets] = [new ECSClient(connection), new SecretsManagerClient(connection)];
		api = await directApi();
	});
	afterAll(() => here.dispose());

	const directApi = async (): Promise<AirflowApi> => {
		const { url, username, password } = (await here.json<CredentialsDocument>(['credentials', '--local'])).document;
		return airflowApi(async (method, path, { accept, body }) => {
			const headers = { accept, 'content-type': 'application/json', authorization: `Basic ${btoa(`${username}:${password}`)}` };
			const answer = await fetch(`${url}${path}`, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) });
			return { status: answer.status, text: await answer.text() };
		});
	};
	const validate = (...args: string[]): Promise<{ exit: number; document: ValidateDocument; stderr: string }> => here.json<ValidateDocument>(['validate', '--local', ...args]);
	const scale = async (component: string, desiredCount: number): Promise<void> => {
		const service = `airflow-main-${component}`;
		await ecs.send(new UpdateServiceCommand({ cluster: 'airflow-shared-cluster', service, desiredCount }));
		await vi.waitFor(
			async () => {
				const { services } = await ecs.send(new DescribeServicesCommand({ cluster: 'airflow-shared-cluster', services: [service] }));
				expect(services?.[0]?.runningCount).toBe(desiredCount);
			},
			{ timeout: 60_000, interval: 200 },
		);
	};
	const put = (path: string, text: string): Promise<void> => writeFile(here.path('airflow', path), text);
	const pausedDags = async (): Promise<string[]> => (await api.dags()).filter(({ is_paused }) => is_paused).map(({ dag_id }) => dag_id);

	test('a browser proves the sample, and leaves everything as it was', async () => {
		const before = await pausedDags();
		expect(before).toEqual(['ecs_task_resources', 'fails', 'mysql_branch', 'never_ends', 'tutorial', 'tutorial_taskflow_api']);
		const { exit, document, stderr } = await validate();
		expect(failures(document)).toEqual([]);
		expect(exit).toBe(0);
		expect(document).toMatchObject({ ok: true, mode: 'browser', versions: { Airflow: '2.5.3' } });
		expect(document.checks.map(({ name }) => name)).toEqual([
			'web-page', 'scheduler', 'bundle', 'login', 'dag-list', 'trigger:tutorial', 'trigger:tutorial_taskflow_api', 'plugin',
			'run:tutorial', 'task-log:tutorial', 'cloudwatch:tutorial', 'run:tutorial_taskflow_api', 'task-log:tutorial_taskflow_api', 'cloudwatch:tutorial_taskflow_api',
			'webserver-logs', 'scheduler-logs', 'as-found',
		]);
		expect(document.checks.every(({ verdict }) => verdict === 'passed')).toBe(true);
		expect(document.wallSeconds).toBeLessThan(120);
		expect(check(document, 'task-log:tutorial_taskflow_api').lines.join('\n')).toContain('Task exited with return code 0');
		expect(stderr).toContain('login passed');
		expect(await pausedDags()).toEqual(before);
		await expectReport(document);
	});

	test('without a browser: a failing task is named, with its last log lines', async () => {
		const { exit, document } = await validate('--no-browser', '--dag', 'fails', '--dag', 'nowhere');
		expect(exit).toBe(3);
		expect(document).toMatchObject({ ok: false, mode: 'http' });
		expect(failures(document)).toEqual(['trigger:nowhere', 'run:fails']);
		expect(check(document, 'trigger:nowhere').detail).toContain('no DAG named nowhere: it has ecs_task_resources, fails, mysql_branch, never_ends');
		const failed = check(document, 'run:fails');
		expect(failed.detail).toBe('task draw of fails failed in try 1: ValueError: the well is dry');
		expect(failed.lines.join('\n')).toMatch(/lowering the bucket[\s\S]*probes\.py[\s\S]*ValueError: the well is dry/);
		expect(document.checks.filter(({ verdict }) => verdict === 'not-checked').map(({ name }) => name)).toEqual(['task-log:fails', 'cloudwatch:fails', 'run:nowhere', 'task-log:nowhere', 'cloudwatch:nowhere']);
	});

	test('for people: the failing check and the last log lines, at the width of the terminal', async () => {
		const { exit, stdout } = await here.run(['validate', '--local', '--no-browser', '--dag', 'never_ends', '--timeout', '7s']);
		expect(exit).toBe(3);
		expect(stdout).toMatch(/^✘ run:never_ends +\d/m);
		expect(stdout).toMatch(/run:never_ends: run validate__\w+ of never_ends has not ended within 7 s: task wait is running for \d s/);
		expect(stdout).toContain('waiting for rain');
		expect(stdout).toMatch(/1 check failed: run:never_ends/);
		const [run] = await api.unfinishedRuns('never_ends');
		expect(run).toBeUndefined();
		expect(await pausedDags()).toContain('never_ends');
	});

	test('Ctrl-C ends its own run and pauses what was paused, through the browser too', async () => {
		const signals = new EventEmitter();
		const running = here.run(['validate', '--local', '--json', '--dag', 'never_ends'], { signals });
		await vi.waitFor(async () => expect((await api.unfinishedRuns('never_ends')).map(({ state }) => state)).toEqual(['running']), { timeout: 60_000, interval: 300 });
		signals.emit('SIGINT');
		const { exit, stdout } = await running;
		expect(exit).toBe(130);
		expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'Interrupted', message: expect.stringMatching(/paused again: never_ends; run validate__\w+ was still running and has been ended/) as string } });
		expect(await api.unfinishedRuns('never_ends')).toEqual([]);
		expect(await pausedDags()).toContain('never_ends');
	});

	test('a secret that was changed behind is a password that the login form refuses', async () => {
		const SecretId = 'airflow-main-admin-password';
		await secrets.send(new PutSecretValueCommand({ SecretId, SecretString: 'not the one' }));
		const { exit, document } = await validate();
		expect(exit).toBe(3);
		expect(failures(document)).toEqual(['login']);
		expect(check(document, 'login').detail).toMatch(/the login form refuses user admin: Invalid login.*secret airflow-main-admin-password/);
		expect(check(document, 'run:tutorial')).toMatchObject({ ok: false, verdict: 'not-checked' });
		const bare = await validate('--no-browser');
		expect(failures(bare.document)).toEqual(['login']);
		expect(check(bare.document, 'login').detail).toContain("Airflow's REST API refuses user admin (401)");
		// What the hint says: the user gets the password that is in the secret.
		expect(check(bare.document, 'login').hint).toContain('airflow-deploy db-init --local');
		expect((await here.run(['db-init', '--local', '--yes'])).exit).toBe(0);
		api = await directApi();
		expect(await pausedDags()).toContain('tutorial');
	});

	test('an import error is seen in the DAG list, with file and line, while the other DAGs run', async () => {
		await put('dags/broken.py', 'from airflow import DAG\n\nwith DAG(\n');
		expect((await here.run(['upload', '--local', '--yes'])).exit).toBe(3);
		const { exit, document } = await validate('--dag', 'tutorial_taskflow_api');
		expect(exit).toBe(3);
		expect(failures(document)).toEqual(['dag-list']);
		expect(check(document, 'dag-list').detail).toMatch(/^1 import error: dags\/broken\.py:3: SyntaxError/);
		expect(check(document, 'run:tutorial_taskflow_api').ok).toBe(true);
		// The next test's deploy takes it away from the environment too.
		await rm(here.path('airflow/dags/broken.py'));
	});

	test('a plugin that does not load is missed, and the webserver says why', async () => {
		const good = await readFile(here.path('airflow/plugins/hello.py'), 'utf8');
		await put('plugins/hello.py', 'raise RuntimeError("no greeting today")\n');
		expect((await here.run(['deploy', '--local', '--yes'])).exit).toBe(0);
		const { exit, document } = await validate('--no-browser', '--dag', 'tutorial_taskflow_api');
		expect(exit).toBe(3);
		expect(failures(document)).toEqual(['plugin']);
		expect(check(document, 'plugin').detail).toMatch(/^\/hello answered 404: the webserver has not loaded plugins\/hello\.py: RuntimeError: no greeting today/);
		await put('plugins/hello.py', good);
	});

	test('task logs that do not reach CloudWatch are missed there, and on the log page', async () => {
		const good = await readFile(here.path('airflow/config/log_config.py'), 'utf8');
		await put('config/log_config.py', `${good}\n${localTaskLogs}`);
		expect((await here.run(['deploy', '--local', '--yes'])).exit).toBe(0);
		const dropped = await validate('--dag', 'tutorial_taskflow_api');
		expect(failures(dropped.document)).toEqual(['task-log:tutorial_taskflow_api', 'cloudwatch:tutorial_taskflow_api']);
		expect(check(dropped.document, 'task-log:tutorial_taskflow_api').detail).toMatch(/the log page of load .* shows no line of the task/);
		expect(check(dropped.document, 'cloudwatch:tutorial_taskflow_api').detail).toMatch(/has no line of \w+, \w+, \w+ of run/);
		await put('config/log_config.py', good);
	});

	test('a scheduler that was stopped is missed at once, and nothing is triggered', async () => {
		await scale('scheduler', 0);
		const { exit, document } = await validate('--no-browser');
		expect(exit).toBe(3);
		expect(failures(document)).toEqual(['scheduler']);
		expect(check(document, 'scheduler').detail).toBe('no scheduler runs: service airflow-main-scheduler has 0 of 0 tasks running');
		expect(check(document, 'trigger:tutorial').verdict).toBe('not-checked');
		expect(check(document, 'as-found').detail).toBe('nothing was changed');
	});

	test('a page that answers 502 fails first, and the logs prove what they can', async () => {
		await put('plugins/gateway.py', gateway);
		expect((await here.run(['deploy', '--local', '--yes'])).exit).toBe(0);
		const { exit, document } = await validate();
		expect(exit).toBe(3);
		expect(document.mode).toBe('logs');
		expect(failures(document)).toEqual(['web-page']);
		expect(check(document, 'web-page').detail).toMatch(/\/login\/ answered 502: something answers in the webserver's place/);
		expect(document.checks.filter(({ verdict }) => verdict === 'passed').map(({ name }) => name)).toEqual(['scheduler', 'bundle', 'dag-list', 'webserver-logs', 'scheduler-logs', 'task-logs']);
	});

	test('a page without an address says what would give it one', async () => {
		await scale('webserver', 0);
		const { exit, document } = await validate();
		expect(exit).toBe(3);
		expect(failures(document)).toEqual(['web-page']);
		expect(check(document, 'web-page')).toMatchObject({ detail: 'the web page has no address: no webserver runs, service airflow-main-webserver has 0 of 0 tasks running', hint: expect.stringContaining('airflow-deploy deploy --local') });
	});

	/** Self-contained: all screenshots inside, nothing that a browser would fetch. */
	async function expectReport({ report, checks }: ValidateDocument): Promise<void> {
		const path = report.replace('<cwd>', here.directory);
		const html = await readFile(path, 'utf8');
		const shots = checks.flatMap(({ screenshot }) => screenshot ?? []);
		expect(shots.length).toBeGreaterThanOrEqual(17);
		for (const shot of shots) expect((await stat(join(dirname(path), shot))).size).toBeGreaterThan(2000);
		expect([...html.matchAll(/src="data:image\/png;base64,/g)]).toHaveLength(shots.length);
		expect([...html.matchAll(/(?:src|href)="(?!data:|#)/g)]).toEqual([]);
		expect((await searchSecrets(here)).found).toEqual([]);
		for (const text of ['All 17 checks passed', '2.5.3', 'Total order value', 'validate__', 'prefers-color-scheme']) expect(html).toContain(text);
	}
});

/** Files in the container, which end with it and which the webserver cannot read. */
const localTaskLogs = `
import os

LOG_CONFIG["handlers"]["task"] = {"class": "airflow.utils.log.file_task_handler.FileTaskHandler", "formatter": "airflow", "base_log_folder": os.path.join(os.environ["AIRFLOW_HOME"], "own-logs")}
`;

/** Healthy for ECS, and for nobody else: what a balancer with dead targets behind it looks like. */
const gateway = `
from airflow.plugins_manager import AirflowPlugin
from flask import Blueprint, request

blueprint = Blueprint("gateway", __name__)


@blueprint.before_app_request
def answer():
    if request.path != "/health":
        return "Bad Gateway", 502


class Gateway(AirflowPlugin):
    name = "gateway"
    flask_blueprints = [blueprint]
`;

function failures({ checks }: ValidateDocument): string[] {
	return checks.filter(({ verdict }) => verdict === 'failed').map(({ name }) => name);
}

function check({ checks }: ValidateDocument, name: string): CheckDocument {
	const found = checks.find((one) => one.name === name);
	if (found === undefined) throw new Error(`there is no check ${name} among ${checks.map((one) => one.name).join(', ')}`);
	return found;
}
