import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { CreateRoleCommand, GetRoleCommand, IAMClient, ListRolesCommand } from '@aws-sdk/client-iam';
import { GetObjectCommand, ListBucketsCommand, S3Client } from '@aws-sdk/client-s3';
import { DescribeVpcsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { settings } from '../../src/aws/clients.ts';
import type { StatusDocument, TeardownDocument, UpDocument } from '../../src/environment/documents.ts';
import { descendantsOf, isGone } from '../local/endpoint.ts';
import { type Workspace, workspace } from './workspace.ts';

const stateDirectory = '.airflow-deploy/state/000000000000-us-east-1';

/** What a user can get wrong, or find in a bad way, through the front door. `upload` needs bucket and anchors only, so nothing waits. */
describe('on a local endpoint without an Airflow', () => {
	let here: Workspace;
	let exports: Record<string, string>;

	beforeAll(async () => {
		here = await workspace();
		await here.succeeds(['local', 'start']);
		exports = (await here.json<Record<string, string>>(['local', 'env'])).document;
	});
	afterAll(() => here.dispose());
	afterEach(async () => {
		await here.succeeds(['local', 'reset', '--yes']);
		await rm(here.path('.airflow-deploy/state'), { recursive: true, force: true });
	});

	const client = <C>(type: new (config: never) => C): C =>
		new type(settings({ region: 'us-east-1', endpoint: exports['AWS_ENDPOINT_URL'] ?? '', credentials: { accessKeyId: 'any', secretAccessKey: 'any' } }) as never);
	const upload = () => here.run(['upload', '--local', '--yes']);
	/** Through the endpoint's URL, which leaves the endpoint running. */
	const tornDown = async (env: Record<string, string> = {}): Promise<TeardownDocument> => (await here.json<TeardownDocument>(['teardown'], { env: { ...exports, ...env } })).document;
	/** What the account holds beside what AWS makes by itself. */
	const account = async () => {
		const [buckets, roles, networks] = await Promise.all([
			client(S3Client).send(new ListBucketsCommand({})),
			client(IAMClient).send(new ListRolesCommand({})),
			client(EC2Client).send(new DescribeVpcsCommand({})),
		]);
		return {
			buckets: (buckets.Buckets ?? []).map(({ Name }) => Name),
			roles: (roles.Roles ?? []).map(({ RoleName = '' }) => RoleName).filter((name) => !name.startsWith('AWSServiceRole')),
			networks: (networks.Vpcs ?? []).filter(({ IsDefault }) => IsDefault !== true).length,
		};
	};
	const nothing = { buckets: [], roles: [], networks: 0 };

	describe('source folder', () => {
		test('a missing DAG folder: exit 2, and nothing is made', async () => {
			await rename(here.path('airflow/dags'), here.path('dags-aside'));
			const { exit, stderr } = await here.run(['up', '--local', '--yes']);
			await rename(here.path('dags-aside'), here.path('airflow/dags'));
			expect(exit).toBe(2);
			expect(stderr).toContain('airflow/dags is not there');
			expect(stderr).toContain('hint:  put your DAG files there, or set AIRFLOW_DEPLOY_SOURCE to the folder that holds dags/');
			expect(await account()).toEqual(nothing);
		});

		test('what is rubbish, and what .deployignore names, is not uploaded; .airflowignore and what it names is', async () => {
			const files = { 'dags/__pycache__/a.pyc': '', 'dags/loose.pyc': '', 'dags/.DS_Store': '', 'dags/.git/HEAD': '', 'dags/notes.md': '', 'dags/keep.md': '', 'dags/.airflowignore': 'library\n', 'dags/library/used.py': 'x = 1\n', '.deployignore': '*.md\n!keep.md\n/plugins/\n' };
			for (const [path, text] of Object.entries(files)) {
				await mkdir(here.path('airflow', path, '..'), { recursive: true });
				await writeFile(here.path('airflow', path), text);
			}
			expect((await upload()).exit).toBe(0);
			const manifest = await client(S3Client).send(new GetObjectCommand({ Bucket: 'airflow-000000000000-us-east-1', Key: 'main/manifest.json' }));
			const { files: uploaded } = JSON.parse((await manifest.Body?.transformToString()) ?? '') as { files: object };
			expect(Object.keys(uploaded).filter((path) => !path.startsWith('config/')).toSorted()).toEqual(['dags/.airflowignore', 'dags/ecs_task_resources.py', 'dags/keep.md', 'dags/library/used.py', 'dags/mysql_branch.py', 'dags/tutorial.py', 'dags/tutorial_taskflow_api.py', 'webserver_config.py']);
			await rm(here.path('airflow/.deployignore'));
		});
	});

	describe('state file', () => {
		test('a truncated one is rebuilt by state recover, and all that was made is removed', async () => {
			expect((await upload()).exit).toBe(0);
			const path = here.path(stateDirectory, 'main.json');
			await writeFile(path, (await readFile(path, 'utf8')).slice(0, 40));
			expect((await here.run(['state', 'recover', '--local'])).exit).toBe(0);
			expect((await tornDown()).left).toEqual([]);
			expect(await account()).toEqual(nothing);
		});

		test('a lost one: up and teardown stop and name state recover', async () => {
			expect((await upload()).exit).toBe(0);
			await rm(here.path('.airflow-deploy/state'), { recursive: true });
			const again = await upload();
			expect([again.exit, again.stderr]).toEqual([1, expect.stringContaining('hint:  airflow-deploy state recover --local\n')]);
			const removal = await here.run(['teardown', '--yes'], { env: exports });
			expect([removal.exit, removal.stderr]).toEqual([1, expect.stringContaining('airflow-deploy state recover')]);
			expect((await here.run(['state', 'recover', '--local'])).exit).toBe(0);
			expect((await tornDown()).left).toEqual([]);
		});

		test('a directory that cannot be written: nothing is called', async () => {
			await rm(here.path('.airflow-deploy/state'), { recursive: true, force: true });
			// Nobody can make directories there, root neither.
			await symlink('/sys/kernel', here.path('.airflow-deploy/state'));
			const { exit, stderr } = await upload();
			await rm(here.path('.airflow-deploy/state'));
			expect(exit).toBe(1);
			expect(stderr).toMatch(/cannot write .*main\.lock: (permission denied|the file system is read-only)/);
			expect(await account()).toEqual(nothing);
		});

		test('a disk that is full in the middle: what was recorded can be removed, and nothing else was made', async () => {
			await mkdir(here.path(stateDirectory), { recursive: true });
			// What is written to /dev/full fails as on a full disk; the first write takes the link away.
			await symlink('/dev/full', here.path(stateDirectory, 'main.json.tmp'));
			const { exit, stderr } = await upload();
			expect(exit).toBe(1);
			expect(stderr).toMatch(/cannot write .*main\.json: the disk is full \(ENOSPC\)\nhint: {2}df -h /);
			expect((await tornDown()).left).toEqual([]);
			expect(await account()).toEqual(nothing);
		});
	});

	describe('names that are taken', () => {
		test('an IAM role made by someone else stops up; it is left alone, and all else can be removed', async () => {
			const role = 'airflow-main-init-us-east-1';
			const trust = JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { Service: 'ecs-tasks.amazonaws.com' }, Action: 'sts:AssumeRole' }] });
			await client(IAMClient).send(new CreateRoleCommand({ RoleName: role, AssumeRolePolicyDocument: trust }));
			const { exit, stderr } = await here.run(['db-init', '--local', '--yes']);
			expect(exit).toBe(1);
			expect(stderr).toMatch(/error: the IAM role airflow-main-init-us-east-1 .*\nhint: {2}/);
			expect(await tornDown()).toMatchObject({ left: [] });
			expect(await account()).toEqual({ ...nothing, roles: [role] });
			expect((await client(IAMClient).send(new GetRoleCommand({ RoleName: role }))).Role?.Tags ?? []).toEqual([]);
		});

		test('the same project in two regions: two environments, each removed by itself', async () => {
			const west = { AWS_REGION: 'eu-west-1', AWS_DEFAULT_REGION: 'eu-west-1' };
			expect((await upload()).exit).toBe(0);
			const second = await here.run(['upload', '--local', '--yes', '--region', 'eu-west-1']);
			expect(second.exit).toBe(0);
			expect(new Set((await account()).buckets)).toEqual(new Set(['airflow-000000000000-eu-west-1', 'airflow-000000000000-us-east-1']));
			expect((await tornDown(west)).left).toEqual([]);
			expect((await account()).buckets).toEqual(['airflow-000000000000-us-east-1']);
			expect((await here.json<StatusDocument>(['status'], { env: exports })).document.resources.every(({ status }) => status === 'ready')).toBe(true);
		});
	});

	test('after local reset, status shows what is missing, and the next run builds it again', async () => {
		expect((await upload()).exit).toBe(0);
		await here.succeeds(['local', 'reset', '--yes']);
		const { exit, document } = await here.json<StatusDocument>(['status', '--local']);
		expect(exit).toBe(0);
		expect(document.phase).toBe('partial');
		expect(document.resources.find(({ key }) => key === 'bucket')?.status).toBe('missing');
		const again = await here.json<UpDocument>(['upload', '--local']);
		expect(again.stderr).toContain('the local account is empty');
		expect(again.exit).toBe(0);
		expect(again.document.resources.every(({ status }) => status === 'ready')).toBe(true);
	});

	test('a changed path of the roles replaces them, with the policies in them; a wanted final snapshot keeps the Fernet key', async () => {
		await here.succeeds(['db-init', '--local', '--yes']);
		const moved = { AIRFLOW_DEPLOY_ROLE_PATH: '/team/', AIRFLOW_DEPLOY_DB_FINAL_SNAPSHOT: 'true' };
		const plan = await here.run(['plan', '--local'], { env: moved });
		expect(plan.stdout).toMatch(/replace +role-init +AWS::IAM::Role\n +path changes from \/ to \/team\/ and AWS cannot change it in place/);
		await here.succeeds(['db-init', '--local', '--yes'], { env: moved });
		const { Role } = await client(IAMClient).send(new GetRoleCommand({ RoleName: 'airflow-main-init-us-east-1' }));
		expect(Role?.Path).toBe('/team/');
		const { left, kept } = await tornDown();
		expect(left).toEqual([]);
		expect(kept).toEqual(expect.arrayContaining([
			expect.objectContaining({ type: 'AWS::SecretsManager::Secret', id: expect.stringContaining('airflow-main-fernet-key') }),
			expect.objectContaining({ type: 'AWS::RDS::DBSnapshot', id: expect.stringContaining('airflow-main-database-final-') }),
		]));
		expect(await account()).toEqual(nothing);
		const again = await here.run(['db-init', '--local', '--yes']);
		expect([again.exit, again.stderr]).toEqual([1, expect.stringContaining('airflow-main-fernet-key was kept by an earlier teardown')]);
		expect((await tornDown()).left).toEqual([]);
	});
});

describe('a local endpoint', () => {
	let here: Workspace;
	beforeAll(async () => {
		here = await workspace();
	});
	afterAll(() => here.dispose());

	test('on a port that is taken: says so, and leaves nothing half started', async () => {
		const other = await workspace({ sample: false });
		try {
			await other.succeeds(['local', 'start']);
			const { document } = await other.json<{ url: string }>(['local', 'status']);
			const { exit, stderr } = await here.run(['local', 'start', '--port', new URL(document.url).port]);
			expect(exit).toBe(1);
			expect(stderr).toContain(`cannot listen on 127.0.0.1:${new URL(document.url).port}`);
			expect((await here.run(['local', 'status'])).stdout).toBe('the local endpoint does not run\n');
		} finally {
			await other.dispose();
		}
	});

	test('that is killed in the middle of a run takes Airflow and the database with it; teardown clears what is left, and up begins anew', async () => {
		await here.succeeds(['local', 'start']);
		const { document } = await here.json<{ pid: number }>(['local', 'status']);
		const processes = () => descendantsOf(document.pid);
		const interrupted = here.run(['db-init', '--local', '--yes']);
		await expect.poll(() => [/ -m airflow_deploy\.init/, /\/bin\/postgres /].every((what) => processes().some(({ command }) => what.test(command))), { timeout: 120_000, interval: 50 }).toBe(true);
		const before = processes();
		process.kill(document.pid, 'SIGKILL');
		const { exit: code, stderr: said } = await interrupted;
		expect([code, said]).toEqual([1, expect.stringContaining('ECONNREFUSED')]);
		await expect.poll(() => before.filter((each) => !isGone(each)), { timeout: 15_000 }).toEqual([]);
		await expect.poll(async () => (await here.run(['local', 'status'])).stdout, { timeout: 10_000 }).toBe('the local endpoint does not run\n');
		expect((await here.json<StatusDocument>(['status', '--local'])).document).toMatchObject({ phase: 'absent', resources: [] });
		expect((await here.run(['status'])).stderr).not.toContain('is up on the local target');
		const { exit, stderr, stdout } = await here.run(['teardown', '--local', '--yes']);
		expect([exit, stdout]).toEqual([0, expect.stringContaining('0 left')]);
		expect(stderr).toMatch(/what it held went with it: \d+ recorded objects are forgotten/);
		expect((await readdir(here.path(stateDirectory))).filter((name) => name.endsWith('.json') || name.endsWith('.lock'))).toEqual([]);
		expect(existsSync(here.path('.airflow-deploy/endpoint'))).toBe(false);
		const again = await here.run(['upload', '--local', '--yes']);
		expect([again.exit, again.stderr]).toEqual([0, expect.not.stringContaining('the local account is empty')]);
		expect((await here.run(['teardown', '--local', '--yes'])).exit).toBe(0);
	});
});
