import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BranchesDocument, PlanDocument, StatusDocument, UpDocument } from '../../src/environment/documents.ts';
import { mysqlServer } from '../mysql-server.ts';
import { testsOfConnect, testsOfRefusals } from './branch-connect.ts';
import { testsOfLife } from './branch-life.ts';
import { type Workspace, workspace } from './workspace.ts';

const mysqlHere = await mysqlServer();
/** Seconds that a branch takes on a machine with nothing else to do, and some. */
const quiet = 25;
/** Calls, where the shared stack stands; MySQL has a secret, a log group and files of its own. */
const calls = mysqlHere ? 63 : 60;

/** Branches, from their creation to their removal: each test finds them as the one before left them. */
describe('branch environments on the local target', () => {
	const name = 'feature-login';
	const env = ['--env', name];
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

	test('create names it after the git branch, and ends with a real Airflow in one task', async () => {
		const { exit, document, stderr } = await here.json<UpDocument>(['branch', 'create', '--local']);
		expect(stderr).toContain('branch create feature-login: named after git branch feature/login');
		expect(document).toMatchObject({ environment: 'feature-login', phase: 'up', webserver: { healthy: true }, scheduler: { healthy: true }, bundle: { dags: 4, importErrors: [] } });
		expect(document.bundle.parsed).toBe(document.bundle.uploaded);
		expect(document.services.map(({ name, containers, tasks }) => [name, containers, tasks.length])).toEqual([['airflow-feature-login-airflow', ['postgres', 'init', 'webserver', 'scheduler', 'dag-sync'], 1]]);
		expect(exit).toBe(0);
	});

	test('create again changes nothing and makes no mutating call; up, upload and deploy on it do the same', async () => {
		for (const command of [['branch', 'create'], ['up', ...env], ['upload', ...env], ['deploy', ...env]]) {
			const { document, stderr } = await here.json<UpDocument>([...command, '--local', '--verbose']);
			expect(document.steps.filter(({ action }) => action !== 'none')).toEqual([]);
			const made = [...stderr.matchAll(/call (\w+ \w+)/g)].map(([, call]) => call ?? '');
			expect(made.filter((call) => !/ (Describe|Get|List|Head|Simulate|Filter)/.test(call))).toEqual([]);
		}
	});

	test('logs, exec and open are about it', async () => {
		expect((await here.succeeds(['open', '--print', '--local', ...env])).stdout.trim()).toBe((await status()).webserver.url);
		expect((await here.succeeds(['logs', 'postgres', '--local', ...env])).stdout).toContain('database system is ready to accept connections');
		expect((await here.succeeds(['exec', 'scheduler', '--local', ...env, '--', 'printenv', 'AIRFLOW_DEPLOY_ENVIRONMENT'])).stdout.trim()).toBe(name);
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

	test('plan says what becomes of a branch that gets MySQL, and changes nothing', async () => {
		const { document, stderr } = await here.json<PlanDocument>(['plan', '--mysql', '--local', ...env]);
		expect(stderr).toContain('MySQL comes beside PostgreSQL: the task is replaced');
		const changes = Object.fromEntries(document.changes.map(({ key, action }) => [key, action]));
		expect(changes).toMatchObject({ 'secret-mysql': 'create', 'access-point-mysql': 'create', 'task-definition-airflow': 'replace', 'service-airflow': 'update' });
		expect((await here.json<BranchesDocument>(['branch', 'list', '--local'])).document.branches).toMatchObject([{ databases: ['postgres'] }]);
	});

	testsOfRefusals(name, () => here);

	test('--ttl gives it an hour at which it ends', async () => {
		const { document } = await here.json<UpDocument>(['branch', 'create', name, '--ttl', '1m', '--ref', 'HEAD', '--local']);
		expect(Date.parse(document.expiresAt ?? '') - Date.now()).toBeLessThanOrEqual(60_000);
		expect(Object.fromEntries(document.steps.filter(({ action }) => action !== 'none' && action !== 'run').map(({ key, action }) => [key, action]))).toEqual({ anchor: 'update', schedule: 'update', 'service-airflow': 'update' });
	});

	test('main, and a second branch with few calls, come beside it at once', async () => {
		const create = ['branch', 'create', 'second', ...(mysqlHere ? ['--mysql'] : []), '--local', '--verbose'];
		const [{ document: main }, { document, stderr }] = await Promise.all([here.json<UpDocument>(['up', '--local']), here.json<UpDocument>(create)]);
		expect([main.phase, document.environment, document.phase]).toEqual(['up', 'second', 'up']);
		// A slow machine is waited for longer: each second is a look at most.
		expect([...stderr.matchAll(/^call \w+ \w+$/gm)].length).toBeLessThanOrEqual(calls + Math.max(0, document.wallSeconds - quiet));
	});

	testsOfConnect('second', () => here);

	testsOfLife(name, 'feature/login', () => here);
});
