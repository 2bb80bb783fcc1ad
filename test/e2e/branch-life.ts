import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { DescribeServicesCommand, ECSClient, TagResourceCommand } from '@aws-sdk/client-ecs';
import { execa } from 'execa';
import { describe, expect, test, vi } from 'vitest';
import { settings } from '../../src/aws/clients.ts';
import type { BranchDocument, BranchesDocument, PlanDocument, RemovalsDocument, StatusDocument, TeardownDocument, UpDocument } from '../../src/environment/documents.ts';
import { mysqlServer } from '../mysql-server.ts';
import type { Workspace } from './workspace.ts';

const cluster = 'airflow-shared-cluster';
const mysqlHere = await mysqlServer();
/** What MySQL changes of a branch. */
const withMysql = { 'secret-mysql': 'create', 'log-group-mysql': 'create', 'access-point-mysql': 'create', 'policy-execution': 'update', 'policy-airflow': 'update', 'task-definition-airflow': 'replace', 'task-definition-airflow~1': 'delete' };

/**
 * Tests of a branch whose hour is near, beside main and a second one, to the removal of all.
 * @param gitBranch that it was made for
 */
export function testsOfLife(name: string, gitBranch: string, workspace: () => Workspace): void {
	const status = async (environment: string): Promise<StatusDocument> => (await workspace().json<StatusDocument>(['status', '--local', '--env', environment])).document;
	const branches = async (): Promise<BranchDocument[]> => (await workspace().json<BranchesDocument>(['branch', 'list', '--local'])).document.branches;
	const ecs = async (): Promise<ECSClient> => new ECSClient(settings({ region: 'us-east-1', endpoint: (await status('second')).endpoint ?? '', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } }));
	const tasks = async (): Promise<(string | undefined)[]> => (await Promise.all(['main', 'second'].map(status))).flatMap(({ services }) => services.flatMap(({ tasks }) => tasks.map(({ id }) => id)));

	describe('its life', () => {
		test('bad names and projects make nothing', async () => {
			const here = workspace();
			await execa('git', ['checkout', '--quiet', '-b', gitBranch.toUpperCase()], { cwd: here.directory });
			const clash = await here.run(['branch', 'create', '--local']);
			expect([clash.exit, clash.stderr]).toEqual([1, expect.stringContaining(`git branch ${gitBranch.toUpperCase()} gets the name ${name}, which is the environment of git branch ${gitBranch}`)]);
			await execa('git', ['checkout', '--quiet', gitBranch], { cwd: here.directory });
			const elsewhere = await here.run(['branch', 'delete', name, '--local'], { env: { AIRFLOW_DEPLOY_PROJECT: 'another' } });
			expect([elsewhere.exit, elsewhere.stderr]).toEqual([1, expect.stringContaining('is of another project: it records airflow')]);
			expect((await branches()).map((branch) => branch.name).toSorted()).toEqual([name, 'second']);
		});

		test('at its hour it is stopped, and nothing starts it by the way', async () => {
			await vi.waitFor(async () => expect(await branches()).toContainEqual(expect.objectContaining({ name, expired: true, phase: 'unhealthy', url: null })), { timeout: 90_000, interval: 2000 });
			expect((await workspace().run(['branch', 'list', '--local'])).stdout).toMatch(new RegExp(`^${name} .*expired +stopped`, 'm'));
			for (const command of ['up', 'deploy', 'upload']) expect(await workspace().run([command, '--env', name, '--local', '--yes'])).toMatchObject({ exit: 1, stderr: expect.stringContaining('its service is stopped') as string });
			expect((await workspace().json<PlanDocument>(['plan', '--env', name, '--local'])).document.changes).toEqual([]);
		});

		test('--ttl again brings it back; it can get MySQL with that', async () => {
			const { document } = await workspace().json<UpDocument>(['branch', 'create', name, '--ttl', '2d', ...(mysqlHere ? ['--mysql'] : []), '--local']);
			expect(document).toMatchObject({ phase: 'up', services: [{ desired: 1, running: 1 }] });
			const changed = document.steps.filter(({ action }) => action !== 'none' && action !== 'run');
			expect(Object.fromEntries(changed.map(({ key, action }) => [key, action]))).toEqual({ anchor: 'update', schedule: 'create', 'service-airflow': 'update', ...(mysqlHere ? withMysql : {}) });
		});

		test('delete --expired removes it from a checkout without a record, and touches neither main nor the other branch', async () => {
			const before = await tasks();
			const client = await ecs();
			const { services = [] } = await client.send(new DescribeServicesCommand({ cluster, services: [`airflow-${name}-airflow`] }));
			await client.send(new TagResourceCommand({ resourceArn: services[0]?.serviceArn, tags: [{ key: 'expiresAt', value: '2026-01-01T00:00:00Z' }] }));
			await rm(workspace().path(`.airflow-deploy/state/000000000000-us-east-1/${name}.json`));
			const { exit, document, stderr } = await workspace().json<RemovalsDocument>(['branch', 'delete', '--expired', '--local'], { env: { CI: 'true' } });
			expect(stderr).toMatch(/\d+ objects stand already and were not recorded here/);
			expect(document).toMatchObject({ left: [], environments: [{ environment: name, left: [], error: null }], shared: { environments: ['second', 'main'] } });
			expect(document.deleted.map(({ key }) => key)).toEqual(expect.arrayContaining(['service-airflow', 'schedule', 'role-schedule', 'access-point-postgres', 'secret-database', 'anchor']));
			expect(document.deleted.map(({ key }) => key)).not.toContain('bucket');
			expect(exit).toBe(0);
			expect((await workspace().run(['branch', 'delete', name, '--local'])).stderr).toContain(`there is no branch environment ${name}`);
			expect((await Promise.all(['main', 'second'].map(status))).map(({ phase }) => phase)).toEqual(['up', 'up']);
			expect(await tasks()).toEqual(before);
		});

		test('teardown takes main only, and says that the shared stack stays, for whom and for how much', async () => {
			const { document, stderr } = await workspace().json<TeardownDocument>(['teardown', '--local']);
			expect(stderr).toMatch(/stays for second, at about \$0\.\d\d a month/);
			expect(document).toMatchObject({ left: [], shared: { environments: ['second'] } });
			expect((await status('second')).phase).toBe('up');
		});

		test('teardown --all takes the rest, and the endpoint with it', async () => {
			const { document, exit } = await workspace().json<RemovalsDocument>(['teardown', '--all', '--local']);
			expect(document).toMatchObject({ left: [], shared: null, environments: [{ environment: 'second', error: null }] });
			expect(document.deleted.map(({ key }) => key)).toContain('bucket');
			expect(exit).toBe(0);
			expect(existsSync(workspace().path('.airflow-deploy/endpoint'))).toBe(false);
		});
	});
}
