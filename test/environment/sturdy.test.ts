import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { CloudWatchLogsClient, CreateLogGroupCommand, DeleteLogGroupCommand, DescribeLogGroupsCommand, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { CreateNetworkInterfaceCommand, DeleteNetworkInterfaceCommand, DescribeSecurityGroupsCommand, DescribeSubnetsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { DescribeTaskDefinitionCommand, ECSClient, ListTaskDefinitionsCommand } from '@aws-sdk/client-ecs';
import { CreateMountTargetCommand, DeleteMountTargetCommand, EFSClient } from '@aws-sdk/client-efs';
import { GetSecretValueCommand, ListSecretsCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PlanDocument, RecoveredDocument, TeardownDocument, UpDocument } from '../../src/environment/documents.ts';
import { filter } from '../../src/resources/ec2.ts';
import { interfaceHolders } from '../../src/resources/network-interfaces.ts';
import type { Ran } from '../cli/run.ts';
import { type Inventory, inventoryOf, surplus } from '../crash/inventory.ts';
import { eventually } from '../local/endpoint.ts';
import { askFor } from '../local/faults.ts';
import { clientsOf } from '../resources/endpoint.ts';
import { contextOf, world } from '../resources/sample.ts';
import { ourTags, plantStrangers } from './strangers.ts';
import { startStubEndpoint, type StubEndpoint } from './stub-endpoint.ts';

const records = '.airflow-deploy/state/000000000000-us-east-1';
/** What a user has that nobody else may see. */
const planted = {
	AIRFLOW_DEPLOY_OAUTH_CLIENT_SECRET: 'planted-client-secret-7d1f',
	AWS_SECRET_ACCESS_KEY: 'planted/secret+access=key-90ab',
	AWS_SESSION_TOKEN: 'planted-session-token-c3e8',
};
const login = { AIRFLOW_DEPLOY_AUTH: 'google', AIRFLOW_DEPLOY_OAUTH_CLIENT_ID: 'client-id', AIRFLOW_DEPLOY_ALLOWED_DOMAINS: 'example.com', AIRFLOW_DEPLOY_ADMIN_EMAILS: 'ada@example.com' };

/** One environment whose tasks are stand-ins, from `up` to a teardown that leaves nothing, beside objects of somebody else. */
describe('an environment among strangers', () => {
	let at: StubEndpoint;
	let first: string;
	let second: string;
	let theirs: Inventory;
	let strange: { vpcId: string; unmounted: string };
	/** All that commands wrote to their two streams. */
	const outputs: Ran[] = [];

	beforeAll(async () => {
		at = await startStubEndpoint();
		[first, second] = [await at.laptop('first'), await at.laptop('second')];
		strange = await plantStrangers(at);
		theirs = await inventoryOf(at.url);
	}, 120_000);
	afterAll(() => at.close());

	const run = async (args: readonly string[], env: Record<string, string> = {}, cwd = first): Promise<Ran> => {
		const ran = await at.run(cwd, args, { env: { ...planted, ...env } });
		outputs.push(ran);
		return ran;
	};
	// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller says what the document is
	const json = async <T>(args: readonly string[], env: Record<string, string> = {}, cwd = first): Promise<Ran & { document: T }> => {
		const ran = await run([...args, '--json', '--yes'], env, cwd);
		return { ...ran, document: JSON.parse(ran.stdout) as T };
	};
	const group = async (name: string): Promise<string> => (await at.client(EC2Client).send(new DescribeSecurityGroupsCommand({ Filters: [filter('group-name', name), filter('tag:airflow-deploy:nonce', nonce('main'))] }))).SecurityGroups?.[0]?.GroupId ?? '';
	const subnet = async (key: string): Promise<string> => (await at.client(EC2Client).send(new DescribeSubnetsCommand({ Filters: [filter('tag:airflow-deploy:key', key), filter('tag:airflow-deploy:nonce', nonce('shared'))] }))).Subnets?.[0]?.SubnetId ?? '';
	const nonce = (scope: string, cwd = first): string => (JSON.parse(readFileSync(join(cwd, records, `${scope}.json`), 'utf8')) as { nonce: string }).nonce;

	test('up goes by what is its own', async () => {
		const { exit, document } = await json<UpDocument>(['up', '--verbose'], { ...login });
		expect([exit, document.phase]).toEqual([0, 'up']);
	}, 120_000);

	describe('secrets', () => {
		let secrets: Record<string, string>;
		const seen = (text: string): string[] => Object.entries(secrets).flatMap(([name, value]) => (text.includes(value) || text.includes(encodeURIComponent(value)) || text.includes(Buffer.from(value).toString('base64').replace(/=+$/, '')) ? [name] : []));

		beforeAll(async () => {
			const client = at.client(SecretsManagerClient);
			const { SecretList = [] } = await client.send(new ListSecretsCommand({ Filters: [{ Key: 'tag-value', Values: [nonce('main')] }] }));
			const values = await Promise.all(SecretList.map(async ({ ARN, Name = '' }) => [Name, (await client.send(new GetSecretValueCommand({ SecretId: ARN }))).SecretString ?? ''] as const));
			const parts = values.flatMap(([name, value]) => (value.startsWith('{') ? Object.entries(JSON.parse(value) as Record<string, string>).map(([part, inner]) => [`${name} ${part}`, inner] as const) : [[name, value] as const]));
			secrets = { ...Object.fromEntries(parts), ...planted };
		});

		test('are those that there are, and can be found', () => {
			expect(Object.keys(secrets).toSorted()).toEqual(['AIRFLOW_DEPLOY_OAUTH_CLIENT_SECRET', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'airflow-main-admin-password', 'airflow-main-database password', 'airflow-main-database url', 'airflow-main-fernet-key', 'airflow-main-oauth-client-secret', 'airflow-main-webserver-secret-key']);
			expect(Object.values(secrets).every((value) => value.length > 20)).toBe(true);
			expect(seen(`x${secrets['airflow-main-fernet-key']}y`)).toEqual(['airflow-main-fernet-key']);
		});

		test('are told by no command, however talkative, and by no failure', async () => {
			const commands = ['plan', 'status', 'logs', 'doctor', 'state list', 'policy', 'credentials', 'branch list', 'upload', 'deploy'];
			for (const command of commands) await run([...command.split(' '), '--verbose', '--yes'], login);
			await askFor(at.url, { fault: 'refuse', service: 'secretsmanager', operation: 'PutSecretValue', code: 'InvalidRequestException', message: 'You can’t put a value now.', times: 3 });
			const changed = { ...login, AIRFLOW_DEPLOY_OAUTH_CLIENT_SECRET: `${planted.AIRFLOW_DEPLOY_OAUTH_CLIENT_SECRET}-changed` };
			for (const more of [[], ['--json']]) expect((await run(['deploy', '--verbose', '--yes', ...more], changed)).exit).toBe(1);
			// A death of a container is kept with its last lines, and how it was to be started.
			await askFor(at.url, { fault: 'image-pull', family: 'airflow-main-webserver', times: 9 });
			writeFileSync(join(first, 'airflow', 'plugins', 'hello.py'), '# another release\n', { flag: 'a' });
			expect((await run(['deploy', '--verbose', '--yes'], login)).exit).toBe(1);
			await askFor(at.url);
			expect(readdirSync(join(first, records, 'deaths'))).not.toEqual([]);
			expect((await run(['deploy', '--yes'], login)).exit).toBe(0);
			// What answers with the request itself is no AWS: whatever is made of that, with its stack, holds no header of it.
			const mirror = createServer((request, response) => void response.end(JSON.stringify(request.headers))).listen(0, '127.0.0.1');
			await once(mirror, 'listening');
			const broken = await run(['status', '--verbose', '--json'], { ...login, AWS_ENDPOINT_URL: `http://127.0.0.1:${(mirror.address() as AddressInfo).port}` });
			mirror.close();
			expect([broken.exit, broken.stderr]).toEqual([1, expect.stringContaining('cause:') as string]);
			expect(outputs.flatMap(({ stdout, stderr }) => seen(stdout + stderr))).toEqual([]);
		}, 120_000);

		test('are in no file, no task definition and no log', async () => {
			const files = [first, second].flatMap((place) => readdirSync(place, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
			const written = files.map(({ parentPath, name }) => join(parentPath, name));
			expect(written.filter((path) => /main\.json$|shared\.json$|history\.jsonl$|deaths\/.*\.json$/.test(path)).length).toBeGreaterThanOrEqual(4);
			expect(written.flatMap((path) => seen(readFileSync(path, 'utf8')).map((name) => `${name} in ${path}`))).toEqual([]);
			const ecs = at.client(ECSClient);
			const { taskDefinitionArns = [] } = await ecs.send(new ListTaskDefinitionsCommand({}));
			const definitions = await Promise.all(taskDefinitionArns.map(async (taskDefinition) => JSON.stringify(await ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition })))));
			expect(definitions.flatMap(seen)).toEqual([]);
			const lines = await at.client(CloudWatchLogsClient).send(new FilterLogEventsCommand({ logGroupName: '/airflow-deploy/airflow/main/webserver' }));
			expect(seen(JSON.stringify(lines))).toEqual([]);
			expect(seen(at.log())).toEqual([]);
		});
	});

	describe('a record', () => {
		const file = (cwd = first) => join(cwd, records, 'main.json');
		const commands = ['up', 'upload', 'db-init', 'deploy', 'plan', 'status', 'teardown', 'state list', 'teardown --all'];

		test.each([
			['truncated', (text: string) => text.slice(0, text.length / 2), 'it is not complete JSON', 'airflow-deploy state recover'],
			['of a newer version', (text: string) => text.replace('"format": 1', '"format": 2'), 'has format 2', 'npm install airflow-deploy@latest'],
			['of another account', (text: string) => text.replaceAll('"000000000000"', '"999999999999"'), 'is of another account: it records 999999999999, this run uses 000000000000', 'aws sts get-caller-identity'],
		])('%s: every command says so and costs no object; it is rebuilt', async (_, damage, message, hint) => {
			const before = await inventoryOf(at.url);
			const damaged = damage(readFileSync(file(), 'utf8'));
			writeFileSync(file(), damaged);
			for (const command of commands) {
				const { exit, stdout, stderr } = await run([...command.split(' '), '--yes'], login);
				const said = stdout + stderr;
				expect([command, exit, said]).toEqual([command, 1, expect.stringContaining(message) as string]);
				expect(said.slice(said.indexOf(message))).toContain(hint);
			}
			expect(readFileSync(file(), 'utf8')).toBe(damaged);
			const recovered = await json<RecoveredDocument>(['state', 'recover'], login);
			expect(recovered).toMatchObject({ exit: 0, document: { unrecorded: [] } });
			expect(await inventoryOf(at.url)).toEqual(before);
			const kept = readdirSync(join(first, records)).filter((name) => name.startsWith('main.json.') && name.endsWith('.bak'));
			expect(kept.map((name) => readFileSync(join(first, records, name), 'utf8'))).toContain(damaged);
			expect((await json<PlanDocument>(['plan'], login)).document.changes.filter(({ action }) => !['run', 'update'].includes(action))).toEqual([]);
		}, 120_000);

		test('is rebuilt on a second laptop; what has a name of ours and another nonce is left alone and named', async () => {
			const name = '/airflow-deploy/airflow/main/task';
			const logs = at.client(CloudWatchLogsClient);
			await logs.send(new DeleteLogGroupCommand({ logGroupName: name }));
			await logs.send(new CreateLogGroupCommand({ logGroupName: name, tags: ourTags('log-group-task') }));
			expect(await run(['up', '--yes'], login, second)).toMatchObject({ exit: 1, stderr: expect.stringContaining('airflow-deploy state recover') as string });
			const { exit, document, stderr } = await json<RecoveredDocument>(['state', 'recover'], login, second);
			expect(exit).toBe(0);
			expect(stderr).toContain(`left alone: the log group ${name} exists already and was not made by this environment`);
			const ids = (cwd: string) => ['shared', 'main'].flatMap((scope) => Object.values((JSON.parse(readFileSync(join(cwd, records, `${scope}.json`), 'utf8')) as { resources: Record<string, { id: string | null }> }).resources).flatMap(({ id }) => id ?? [])).toSorted();
			expect(ids(second)).toEqual(ids(first).filter((id) => id !== name));
			expect(document.notOurs).toEqual(expect.arrayContaining([
				{ type: 'AWS::EC2::VPC', id: strange.vpcId, why: 'another installation made it: its airflow-deploy:nonce differs' },
				{ type: 'AWS::Logs::LogGroup', id: '/airflow-deploy/airflow/main/notes', why: 'its name begins like ours, and it does not carry our tags' },
				{ type: 'AWS::IAM::Role', id: 'airflow-main-report-us-east-1', why: 'another installation made it: its airflow-deploy:nonce differs' },
			]));
			expect(await run(['up', '--yes'], login, second)).toMatchObject({ exit: 1, stderr: expect.stringContaining(`the log group ${name} exists already`) as string });
			await logs.send(new DeleteLogGroupCommand({ logGroupName: name }));
			expect((await json<UpDocument>(['up'], login, second)).document).toMatchObject({ phase: 'up' });
		}, 120_000);
	});

	test('an interface of a task is named with its task, since when it stands', async () => {
		const holders = await interfaceHolders(contextOf(world(await clientsOf({ region: 'us-east-1', endpoint: at.url, credentials: { accessKeyId: 'local', secretAccessKey: 'local' } }), 'main'), 'any'), [filter('group-id', await group('airflow-main-web'))]);
		expect(holders).toMatchObject([{ what: expect.stringMatching(/^network interface eni-\w+ of ECS task \w+ \(service:airflow-main-webserver, RUNNING\)$/) as string, since: expect.any(Date) as Date, goesAway: false }]);
	});

	/** A line that comes late makes its group again. */
	const writeLate = async (logGroupName: string): Promise<void> => {
		const logs = at.client(CloudWatchLogsClient);
		await eventually('the group is gone', async () => (await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: logGroupName }))).logGroups?.length === 0);
		await logs.send(new CreateLogGroupCommand({ logGroupName }));
	};

	describe('teardown', () => {
		test('names who holds what and whose it is, removes all that is free, and ends with 3', async () => {
			const ec2 = at.client(EC2Client);
			const [airflowGroup, subnetA, subnetB] = [await group('airflow-main-airflow'), await subnet('subnet-a'), await subnet('subnet-b')];
			const tags = { TagSpecifications: [{ ResourceType: 'network-interface' as const, Tags: [{ Key: 'owner', Value: 'data team' }] }] };
			const eni = (await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId: subnetA, Groups: [airflowGroup], Description: 'their notebook', ...tags }))).NetworkInterface?.NetworkInterfaceId ?? '';
			const target = await at.client(EFSClient).send(new CreateMountTargetCommand({ FileSystemId: strange.unmounted, SubnetId: subnetB }));
			const [{ exit, document, stderr }] = await Promise.all([json<TeardownDocument>(['teardown'], {}, second), writeLate('/airflow-deploy/airflow/main/webserver')]);
			expect(exit).toBe(3);
			expect(document.deleted.filter(({ key }) => key === 'log-group-webserver')).toHaveLength(2);
			const byKey = new Map(document.left.map((each) => [each.key, each]));
			expect([...byKey.keys()].toSorted()).toEqual(['anchor', 'anchor-shared', 'bucket', 'bucket-settings', 'security-group-airflow', 'subnet-a', 'subnet-b', 'vpc']);
			for (const key of ['security-group-airflow', 'subnet-a']) expect(byKey.get(key)).toMatchObject({ heldBy: `network interface ${eni} (their notebook, tagged owner=data team, available)`, since: expect.stringMatching(/^20/) as string });
			expect(stderr).toMatch(new RegExp(`security-group-airflow: security group ${airflowGroup} \\(airflow-main-airflow\\) is held by network interface ${eni} \\(their notebook, tagged owner=data team, available\\), for \\d+ s`));
			expect(byKey.get('subnet-b')?.heldBy).toMatch(new RegExp(`^network interface eni-\\w+ \\(a mount target, EFS mount target for ${strange.unmounted} \\(${target.MountTargetId}\\), made by amazon-aws, in-use\\)$`));
			expect(document.cost.lines.map(({ key }) => key)).toEqual(['bucket']);
			await at.client(EFSClient).send(new DeleteMountTargetCommand({ MountTargetId: target.MountTargetId }));
			await ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId: eni }));
		}, 120_000);

		test('then leaves nothing of ours, everything of theirs, and says so in its receipt', async () => {
			const { exit, stdout } = await run(['teardown', '--yes'], {}, second);
			expect([exit, stdout]).toEqual([0, expect.stringMatching(/ 0 left, .*left alone:\n.*airflow-main-notes.*costs now: \$0\.00 an hour\n$/s) as string]);
			expect(surplus(await inventoryOf(at.url), theirs)).toEqual([]);
			expect(surplus(theirs, await inventoryOf(at.url))).toEqual([]);
		}, 120_000);
	});
});
