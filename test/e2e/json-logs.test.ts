import { copyFile, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { CloudWatchLogsClient, DescribeLogGroupsCommand, paginateFilterLogEvents } from '@aws-sdk/client-cloudwatch-logs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { settings } from '../../src/aws/clients.ts';
import type { CredentialsDocument, StatusDocument } from '../../src/environment/documents.ts';
import type { LogEvent } from '../../src/logs/event.ts';
import { packageRoot } from '../../src/package.ts';
import { eventually } from '../local/endpoint.ts';
import { airflowApi } from './airflow-api.ts';
import { type Workspace, workspace } from './workspace.ts';

/** What may stand in the logs as plain text: airflow/image/airflow_deploy/json_logs.py says why. */
const exceptions: readonly RegExp[] = [
	/^(?:Python path configuration|Fatal Python error|Could not find platform|python: )/,
	/^(?:\[dumb-init\]|\/entrypoint|The container is run as root user)/,
	/^exec: /,
];
const secrets = { password: 'hunter2 "horse" \\battery\\ ünï', token: 'tok-5f1c-very-secret' };
const prefix = '/airflow-deploy/airflow/main/';
/** Tasks of the three DAGs that say how they ended. */
const tries = 3 + 3 + 5;

interface Stored {
	component: string;
	eventId: string;
	message: string;
}
type Fields = Record<string, unknown>;

describe('every line of an environment with runs', () => {
	let here: Workspace;
	let stored: Stored[];
	let runs: Record<string, string>;
	let states: string[];

	beforeAll(async () => {
		here = await workspace();
		await copyFile(join(packageRoot, 'test/e2e/dags/loud.py'), here.path('airflow/dags/loud.py'));
		await writeFile(here.path('airflow/dags/broken.py'), 'import airflow  # no DAG comes of this\n\nraise RuntimeError(f"cannot be imported by {airflow.__version__}")\n');
		await here.json(['up', '--local']);
		({ runs, states } = await runAll(here));
		await badRequests((await here.json<StatusDocument>(['status', '--local'])).document.webserver.url ?? '');
		await eventually('the last lines of all tasks have come', async () => {
			stored = await everyEvent((await here.json<StatusDocument>(['status', '--local'])).document.endpoint ?? '');
			return stored.filter(({ message }) => message.includes('downstream tasks scheduled from follow-on')).length >= tries;
		}, 60);
	});
	afterAll(() => here.dispose());

	const objectsOf = (component: string): Fields[] => stored.filter((each) => each.component === component).map(({ message }) => parsed(message) ?? {});

	test('is JSON with time, level, logger and message, but for less than 1 % that are documented', () => {
		expect(states).toEqual(['failed', 'success', 'success']);
		expect([...new Set(stored.map(({ component }) => component))].toSorted()).toEqual(['dag-sync', 'init', 'scheduler', 'task', 'webserver']);
		const plain = stored.filter(({ message }) => !isLine(parsed(message), ['time', 'level', 'logger', 'message']));
		expect(plain.filter(({ message }) => !exceptions.some((pattern) => pattern.test(message)))).toEqual([]);
		expect(plain.length).toBeLessThan(stored.length / 100);
		expect(stored.length).toBeGreaterThan(1000);
		expect(Math.max(...stored.map(({ message }) => Buffer.byteLength(message)))).toBeGreaterThan(100_000);
	});

	test('of a task names DAG, task, run and try', () => {
		const lines = objectsOf('task');
		expect(lines.filter((line) => !isLine(line, ['dag_id', 'task_id', 'run_id']) || typeof line['try_number'] !== 'number')).toEqual([]);
		expect([...new Set(lines.map((line) => `${String(line['dag_id'])}.${String(line['task_id'])} ${String(line['try_number'])}`))].toSorted()).toEqual([
			'loud.fails 1', 'loud.mapped 1', 'loud.secrets 1', 'loud.shell 1',
			'tutorial.print_date 1', 'tutorial.sleep 1', 'tutorial.templated 1',
			'tutorial_taskflow_api.extract 1', 'tutorial_taskflow_api.load 1', 'tutorial_taskflow_api.transform 1',
		]);
		expect(lines.filter((line) => line['task_id'] === 'mapped').map((line) => line['map_index'])).toEqual(expect.arrayContaining([0, 1]));
	});

	test('holds its exception: of tasks, the DAG processor, and calls with wrong arguments', () => {
		const failure = objectsOf('task').find((line) => line['task_id'] === 'fails' && line['exception'] !== undefined);
		expect(failure?.['exception']).toMatch(/^Traceback [\s\S]*\nRuntimeError: died with \*\*\*$/);
		expect(objectsOf('scheduler').find((line) => String(line['exception']).includes('RuntimeError: cannot be imported by 2.5.3'))).toMatchObject({ level: 'ERROR', message: expect.stringContaining('broken.py') as string });
		expect(objectsOf('task').map((line) => line['message'])).toContain("arguments %s %d ('too few',)");
	});

	test('masks the secrets that Airflow knows', () => {
		const forms = [secrets.password, JSON.stringify(secrets.password).slice(1, -1), 'hunter2', secrets.token];
		expect(stored.filter(({ message }) => forms.some((form) => message.includes(form)))).toEqual([]);
		const said = objectsOf('task').map((line) => String(line['message']));
		for (const line of ['logged *** and ***', 'printed ***', 'to stderr ***', 'from the shell ***', '{"object": "***"}']) expect(said.map((text) => text.trim())).toContain(line);
		expect(objectsOf('task').find((line) => line['message'] === 'inside')?.['exception']).toMatch(/ValueError: caught \*\*\*$/);
	});

	test('comes out of logs once, by time', async () => {
		const { exit, stdout } = await here.run(['logs', '--local', '--json', '--since', '1h']);
		const events = stdout.trimEnd().split('\n').map((line) => JSON.parse(line) as LogEvent);
		expect(exit).toBe(0);
		const ids = new Set(events.map(({ eventId }) => eventId));
		expect(ids.size).toBe(events.length);
		expect(stored.filter(({ eventId }) => !ids.has(eventId))).toEqual([]);
		expect(events.every(({ timestamp }, index) => timestamp >= (events[index - 1]?.timestamp ?? 0))).toBe(true);
	});

	test('is found by DAG, task, run, try and text', async () => {
		const args = ['logs', '--local', '--since', '1h', '--dag', 'loud', '--run', runs['loud'] ?? ''];
		const task = (await here.run([...args, 'task', '--task', 'fails', '--try', '1', '--grep', 'died with'])).stdout;
		expect(task).toMatch(/^[\d:.]{12} ERROR loud\.fails manual__\S+ #1 Task failed with exception\n {2}Traceback/);
		expect((await here.run([...args, 'task', '--task', 'fails', '--try', '2'])).stdout).toBe('');
		const scheduler = (await here.run([...args, 'scheduler', '--task', 'fails', '--json'])).stdout.trimEnd().split('\n').map((line) => JSON.parse(line) as LogEvent);
		expect(scheduler.length).toBeGreaterThan(3);
		expect(scheduler.filter(({ message }) => !message.includes('loud') || !message.includes('fails'))).toEqual([]);
	});
});

/** Registers the secrets, starts the DAGs, and waits for their end. @returns run ids by DAG, and how they ended */
async function runAll(here: Workspace): Promise<{ runs: Record<string, string>; states: string[] }> {
	const api = airflowApi((await here.json<CredentialsDocument>(['credentials', '--local'])).document);
	await api.call('POST', '/connections', { connection_id: 'vault', conn_type: 'http', host: 'vault', password: secrets.password });
	await api.call('POST', '/variables', { key: 'api_token', value: secrets.token });
	const dags = ['loud', 'tutorial', 'tutorial_taskflow_api'];
	const runs = await Promise.all(dags.map(async (dag) => [dag, await api.trigger(dag)] as const));
	const states = (): Promise<string[]> => Promise.all(runs.map(([dag, run]) => api.stateOf(dag, run)));
	await eventually('the runs have ended', async () => (await states()).every((state) => state === 'success' || state === 'failed'), 120);
	return { runs: Object.fromEntries(runs), states: await states() };
}

/** What the web server has to say about what nobody should send. */
async function badRequests(url: string): Promise<void> {
	const { hostname, port } = new URL(url);
	await fetch(`${url}/no-such-page?token=secret`);
	await new Promise((resolve) => connect(Number(port), hostname).on('close', resolve).on('error', resolve).resume().end('NO HTTP\r\n\r\n'));
	await new Promise((resolve, reject) => request(url, { headers: { 'user-agent': 'a "quoted"\tname' } }, (answer) => answer.resume().on('end', resolve)).on('error', reject).end());
}

/** All that the environment's log groups hold. */
async function everyEvent(endpoint: string): Promise<Stored[]> {
	const client = new CloudWatchLogsClient(settings({ region: 'us-east-1', endpoint, credentials: { accessKeyId: 'local', secretAccessKey: 'local' } }));
	const { logGroups = [] } = await client.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: prefix }));
	const found: Stored[] = [];
	for (const { logGroupName = '' } of logGroups) {
		for await (const { events = [] } of paginateFilterLogEvents({ client }, { logGroupName })) found.push(...events.map(({ eventId = '', message = '' }) => ({ component: logGroupName.slice(prefix.length), eventId, message })));
	}
	client.destroy();
	return found;
}

function parsed(message: string): Fields | undefined {
	try {
		const value: unknown = JSON.parse(message);
		return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
	} catch {
		return undefined;
	}
}

const isLine = (line: Fields | undefined, names: readonly string[]): boolean => line !== undefined && names.every((name) => typeof line[name] === 'string');
