import { existsSync } from 'node:fs';
import { appendFile, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { CloudWatchLogsClient, paginateFilterLogEvents } from '@aws-sdk/client-cloudwatch-logs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { settings } from '../../src/aws/clients.ts';
import type { CredentialsDocument, PlanDocument, RecordedObject, StatusDocument, TeardownDocument, UpDocument } from '../../src/environment/documents.ts';
import { type AirflowPage, login } from './airflow-page.ts';
import { awsCli } from './aws-cli.ts';
import { type Workspace, workspace } from './workspace.ts';

/** One environment, from the first `up` to the last `teardown`: each test finds it as the one before left it. */
describe('the main environment on the local target', () => {
	let here: Workspace;
	let exports: Record<string, string>;

	beforeAll(async () => {
		here = await workspace();
	});
	afterAll(() => here.dispose());

	const status = async (): Promise<StatusDocument> => (await here.json<StatusDocument>(['status', '--local'])).document;
	const credentials = async (): Promise<CredentialsDocument> => (await here.json<CredentialsDocument>(['credentials', '--local'])).document;
	const signedIn = async (): Promise<AirflowPage> => {
		const { url, username, password } = await credentials();
		return login(url ?? '', username, password);
	};

	test('up ends with a real Airflow that has parsed the DAGs', async () => {
		const { exit, document } = await here.json<UpDocument>(['up', '--local']);
		expect(document).toMatchObject({ phase: 'up', webserver: { healthy: true }, scheduler: { healthy: true }, bundle: { dags: 4, importErrors: [] } });
		expect(document.bundle.parsed).toBe(document.bundle.uploaded);
		expect(document.criticalPathSeconds).toBeLessThanOrEqual(document.wallSeconds);
		expect(exit).toBe(0);
		const page = await signedIn();
		expect((await page.get('/hello')).text).toContain('Hello, world');
		expect((await page.get('/home')).text).toContain('tutorial_taskflow_api');
		exports = exportsOf((await here.run(['local', 'env'])).stdout);
	});

	test('up again changes nothing and makes no mutating call', async () => {
		const { exit, document, stderr } = await here.json<UpDocument>(['up', '--local', '--verbose']);
		expect(document.steps.filter(({ action }) => action !== 'none')).toEqual([]);
		const calls = [...stderr.matchAll(/call (\w+ \w+)/g)].map(([, call]) => call);
		expect(calls.length).toBeGreaterThan(50);
		expect(calls.filter((call) => !/ (Describe|Get|List|Head|Simulate|Filter)/.test(call ?? ''))).toEqual([]);
		expect(exit).toBe(0);
	});

	test('an endpoint URL does the same under the aws target, with the same state', async () => {
		const { exit, document } = await here.json<UpDocument>(['up'], { env: exports });
		expect(document).toMatchObject({ target: 'aws', account: '000000000000', phase: 'up' });
		expect(document.steps.filter(({ action }) => action !== 'none')).toEqual([]);
		expect(exit).toBe(0);
	});

	test('plan says that nothing would change, and what it costs', async () => {
		const { document } = await here.json<PlanDocument>(['plan', '--local']);
		expect(document.changes).toEqual([]);
		expect(document.cost.perHour).toBeCloseTo(document.cost.lines.reduce((sum, { perHour }) => sum + perHour, 0), 3);
		expect(document.cost.perMonth).toBeGreaterThan(50);
	});

	test('two runs at once: the second is told who and since when', async () => {
		const both = await Promise.all([here.run(['up', '--local', '--yes']), here.run(['up', '--local', '--yes'])]);
		expect(both.map(({ exit }) => exit).toSorted((a, b) => a - b)).toEqual([0, 4]);
		expect(both.find(({ exit }) => exit === 4)?.stderr).toMatch(/main is locked: up --local by \S+ on \S+ since \d+ s/);
	});

	test('a changed DAG is sent alone and parsed; a broken one is reported with file and line while the good ones stay', async () => {
		await appendFile(here.path('airflow/dags/tutorial.py'), '\n# changed\n');
		const changed = await here.json<UpDocument>(['upload', '--local']);
		expect(changed.document.bundle.parsed).toBe(changed.document.bundle.uploaded);
		expect(changed.stderr).toContain('1 of 1 changed files sent');

		await writeFile(here.path('airflow/dags/broken.py'), 'from airflow import DAG\n\nwith DAG(\n');
		const broken = await here.json<UpDocument>(['upload', '--local']);
		expect(broken.exit).toBe(3);
		expect(broken.document.bundle).toMatchObject({ dags: 4, importErrors: [{ file: 'dags/broken.py', line: 3 }] });

		await rm(here.path('airflow/dags/broken.py'));
		const mended = await here.json<UpDocument>(['upload', '--local']);
		expect(mended.exit).toBe(0);
		expect(mended.document.bundle).toMatchObject({ dags: 4, importErrors: [] });
	});

	test('a changed plugin asks for a restart, and deploy does it', async () => {
		const plugin = here.path('airflow/plugins/hello.py');
		await writeFile(plugin, (await readFile(plugin, 'utf8')).replaceAll('Hello, world', 'Hello, moon'));
		const { stderr, stdout } = await here.run(['upload', '--local', '--yes']);
		expect(stderr + stdout).toContain('airflow-deploy deploy');
		expect((await (await signedIn()).get('/hello')).text).toContain('Hello, world');

		const { exit, document } = await here.json<UpDocument>(['deploy', '--local']);
		expect(exit).toBe(0);
		expect(document.steps.find(({ key }) => key === 'service-webserver')?.action).toBe('update');
		expect((await (await signedIn()).get('/hello')).text).toContain('Hello, moon');
	});

	test('a webserver that dies on start ends the deploy with its last words, while the old one serves', async () => {
		const config = here.path('airflow/webserver_config.py');
		const good = await readFile(config, 'utf8');
		await writeFile(config, 'raise RuntimeError("no such luck")\n');
		const { exit, stderr } = await here.run(['deploy', '--local', '--yes']);
		expect(exit).toBe(1);
		expect(stderr).toMatch(/exited with 1/);
		expect(stderr).toContain('no such luck');
		expect((await (await signedIn()).get('/hello')).text).toContain('Hello, moon');
		await writeFile(config, good);
		await here.succeeds(['deploy', '--local', '--yes']);
	});

	test('a scheduler that dies on start is rolled back, and the exit is 1 all the same', async () => {
		const before = (await status()).services.find(({ name }) => name.endsWith('scheduler'))?.taskDefinition;
		const settings = here.path('airflow/config/airflow_local_settings.py');
		await writeFile(settings, 'import sys\n\nif "scheduler" in sys.argv:\n    raise RuntimeError("not today")\n');
		const { exit, stderr } = await here.run(['deploy', '--local', '--yes']);
		expect(exit).toBe(1);
		expect(stderr).toContain('not today');
		expect((await status()).services.find(({ name }) => name.endsWith('scheduler'))).toMatchObject({ taskDefinition: before, running: 1 });
		await rm(settings);
		await here.succeeds(['deploy', '--local', '--yes']);
		expect(await status()).toMatchObject({ phase: 'up', scheduler: { healthy: true } });
	});

	test('db-init is repeatable', async () => {
		const { exit, document } = await here.json<UpDocument>(['db-init', '--local']);
		expect(exit).toBe(0);
		expect(document.steps.map(({ key }) => key)).not.toContain('service-webserver');
	});

	test('the real AWS CLI sees what was deployed', async () => {
		const aws = await awsCli(exports);
		const { clusterArns } = await aws('ecs', 'list-clusters');
		expect(clusterArns).toEqual([expect.stringContaining('cluster/airflow-shared-cluster')]);
		const cluster = ['--cluster', 'airflow-shared-cluster'];
		expect(await aws('ecs', 'describe-services', ...cluster, '--services', 'airflow-main-webserver', 'airflow-main-scheduler')).toMatchObject({
			services: [{ runningCount: 1 }, { runningCount: 1 }],
		});
		const { taskArns } = (await aws('ecs', 'list-tasks', ...cluster, '--desired-status', 'STOPPED')) as { taskArns: string[] };
		const { tasks } = (await aws('ecs', 'describe-tasks', ...cluster, '--tasks', ...taskArns)) as { tasks: { group: string; containers: { name: string; exitCode: number }[] }[] };
		expect(tasks.find(({ group }) => group === 'family:airflow-main-init')?.containers).toMatchObject([{ name: 'init', exitCode: 0 }]);
		expect(await aws('logs', 'filter-log-events', '--log-group-name', '/airflow-deploy/airflow/main/webserver', '--limit', '3')).toMatchObject({ events: [{}, {}, {}] });
		expect(await aws('rds', 'describe-db-instances')).toMatchObject({ DBInstances: [{ DBInstanceIdentifier: 'airflow-main-database', DBInstanceStatus: 'available', PubliclyAccessible: false }] });
		expect(await aws('efs', 'describe-file-systems')).toMatchObject({ FileSystems: [{ LifeCycleState: 'available', NumberOfMountTargets: 2, Encrypted: true }] });
	});

	test('webserver and scheduler log JSON into their groups', async () => {
		const logs = new CloudWatchLogsClient(settings({ region: 'us-east-1', endpoint: exports['AWS_ENDPOINT_URL'] ?? '', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } }));
		for (const component of ['webserver', 'scheduler', 'dag-sync', 'init']) {
			const lines: string[] = [];
			for await (const { events = [] } of paginateFilterLogEvents({ client: logs }, { logGroupName: `/airflow-deploy/airflow/main/${component}` })) lines.push(...events.map(({ message = '' }) => message));
			const json = lines.filter((line) => line.startsWith('{') && typeof JSON.parse(line) === 'object');
			expect({ component, some: json.length > 0, share: json.length / lines.length }).toEqual({ component, some: true, share: expect.closeTo(1, 1) });
		}
	});

	test('a lost state stops up, and state recover brings it back', async () => {
		const ids = async (): Promise<string[]> => (await status()).resources.filter(({ id, type }) => id !== null && type !== 'AWS::ECS::TaskDefinition').map(({ key, id }) => `${key} ${id}`).toSorted();
		const before = await ids();
		const directory = here.path('.airflow-deploy/state');
		await rename(directory, `${directory}-lost`);
		const lost = await here.run(['up', '--local', '--yes']);
		expect(lost.exit).toBe(1);
		expect(lost.stderr).toContain('airflow-deploy state recover');
		await rm(directory, { recursive: true, force: true });

		const recorded = (await here.json<RecordedObject[] | { resources: RecordedObject[] }>(['state', 'recover', '--local'])).exit;
		expect(recorded).toBe(0);
		const { exit, document } = await here.json<UpDocument>(['up', '--local']);
		expect(exit).toBe(0);
		expect(document.phase).toBe('up');
		expect(await ids()).toEqual(before);
	});

	test('another region of the same account stands beside it', async () => {
		const there = await here.json<UpDocument>(['upload', '--local', '--region', 'eu-west-1']);
		expect(there.exit).toBe(0);
		const gone = await here.json<TeardownDocument>(['teardown', '--target', 'aws', '--region', 'eu-west-1'], { env: exports });
		expect(gone).toMatchObject({ exit: 0, document: { left: [] } });
		expect((await status()).phase).toBe('up');
	});

	test('deletion protection stops a teardown before anything is deleted', async () => {
		await here.succeeds(['up', '--local', '--yes'], { env: { AIRFLOW_DEPLOY_DB_DELETION_PROTECTION: 'true' } });
		const refused = await here.run(['teardown', '--local', '--yes']);
		expect(refused.exit).toBe(1);
		expect(refused.stderr).toContain('AIRFLOW_DEPLOY_DB_DELETION_PROTECTION');
		expect((await status()).phase).toBe('up');
		await here.succeeds(['up', '--local', '--yes']);
	});

	test('teardown needs no source folder, leaves nothing, and ends the endpoint', async () => {
		await rename(here.path('airflow'), here.path('elsewhere'));
		const { exit, document } = await here.json<TeardownDocument>(['teardown', '--local']);
		expect(document.left).toEqual([]);
		expect(document.deleted.length).toBeGreaterThan(45);
		expect(document.kept.every(({ type }) => type === 'AWS::IAM::ServiceLinkedRole')).toBe(true);
		expect(exit).toBe(0);
		expect(existsSync(here.path('.airflow-deploy/endpoint'))).toBe(false);
		expect((await readdir(here.path('.airflow-deploy/state/000000000000-us-east-1'))).filter((name) => name.endsWith('.json') || name.endsWith('.lock'))).toEqual([]);
		expect((await status()).phase).toBe('absent');
		await mkdir(here.path('airflow'), { recursive: true });
	});
});

/** `export NAME=value` lines, as a shell would take them. */
function exportsOf(text: string): Record<string, string> {
	return Object.fromEntries([...text.matchAll(/^export (\w+)=['"]?([^'"\n]*)['"]?$/gm)].map(([, name = '', value = '']) => [name, value]));
}
