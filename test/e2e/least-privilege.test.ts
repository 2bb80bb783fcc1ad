import { setTimeout as delay } from 'node:timers/promises';
import { CreateAccessKeyCommand, CreatePolicyCommand, AttachUserPolicyCommand, CreateUserCommand, GetRolePolicyCommand, IAMClient, ListRolePoliciesCommand, ListRolesCommand } from '@aws-sdk/client-iam';
import { DescribeDBInstancesCommand, RDSClient } from '@aws-sdk/client-rds';
import { CreateHostedZoneCommand, Route53Client } from '@aws-sdk/client-route-53';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { settings } from '../../src/aws/clients.ts';
import type { PolicyDocument } from '../../src/commands/policy-documents.ts';
import type { StatusDocument, TeardownDocument, UpDocument } from '../../src/environment/documents.ts';
import { recordedRequests } from '../requests.ts';
import { unusedByUp, unusedGrants } from '../unused-grants.ts';
import { type Workspace, workspace } from './workspace.ts';

const account = '000000000000';
const boundary = `arn:aws:iam::${account}:policy/limit`;
/** What an organisation may demand of roles. */
const demanded = { AIRFLOW_DEPLOY_ROLE_PATH: '/team/', AIRFLOW_DEPLOY_PERMISSIONS_BOUNDARY: boundary };
/** Rights of task roles that no call of the run needs. */
const unusedByTasks: Readonly<Record<string, string>> = {
	'ssmmessages:CreateControlChannel': 'ECS Exec: what answers it here is the endpoint itself',
	'ssmmessages:CreateDataChannel': 'the same',
	'ssmmessages:OpenControlChannel': 'the same',
	'ssmmessages:OpenDataChannel': 'the same',
	'ecs:UpdateService': 'the schedule that ends a branch when its time is over',
	's3:ListBucket': 'S3 asks for it where a key is missing',
};

/** One environment with a page under a name, by a user who has what `policy` prints and nothing else. */
describe("least privilege, and a twentieth of AWS's time, on the local target", () => {
	let here: Workspace;
	let iam: IAMClient;
	let rds: RDSClient;
	let granted: ReadonlySet<string>;
	let env: Record<string, string>;
	const decisions = () => recordedRequests(here.path('.airflow-deploy')).flatMap(({ caller = '', decisions = [] }) => decisions.map((decision) => ({ caller, ...decision })));
	const usedBy = (who: (caller: string) => boolean): Set<string> => new Set(decisions().flatMap(({ caller, action }) => (who(caller) ? [action] : [])));

	beforeAll(async () => {
		here = await workspace();
		await here.succeeds(['local', 'start', '--iam', '--latency', 'aws/20']);
		const { document } = await here.json<Record<string, string>>(['local', 'env']);
		const endpoint = document['AWS_ENDPOINT_URL'] ?? '';
		const administrator = settings({ region: 'us-east-1', endpoint, credentials: { accessKeyId: 'local', secretAccessKey: 'local' } });
		[iam, rds] = [new IAMClient(administrator), new RDSClient(administrator)];
		const limit = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: ['s3:*', 'logs:*', 'ecr:*', 'secretsmanager:GetSecretValue', 'elasticfilesystem:Client*'], Resource: '*' }] };
		await iam.send(new CreatePolicyCommand({ PolicyName: 'limit', PolicyDocument: JSON.stringify(limit) }));
		granted = await makeUser();
		const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'deployer' }));
		const { HostedZone } = await new Route53Client(administrator).send(new CreateHostedZoneCommand({ Name: 'example.com', CallerReference: 'test' }));
		const named = { AIRFLOW_DEPLOY_DOMAIN: 'airflow.example.com', AIRFLOW_DEPLOY_HOSTED_ZONE_ID: HostedZone?.Id?.replace('/hostedzone/', '') ?? '' };
		env = { ...demanded, ...named, AWS_ENDPOINT_URL: endpoint, AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: AccessKey?.AccessKeyId ?? '', AWS_SECRET_ACCESS_KEY: AccessKey?.SecretAccessKey ?? '' };
	});
	afterAll(() => here.dispose());

	/** Its policies are customer managed ones, as they are printed. @returns all actions in them */
	async function makeUser(): Promise<ReadonlySet<string>> {
		const { document } = await here.json<Record<'up' | 'teardown', PolicyDocument[]>>(['policy', '--account', account, '--region', 'us-east-1'], { env: demanded });
		const documents = [...document.up, ...document.teardown];
		await iam.send(new CreateUserCommand({ UserName: 'deployer' }));
		for (const [index, each] of documents.entries()) {
			const { Policy } = await iam.send(new CreatePolicyCommand({ PolicyName: `deployer-${index}`, PolicyDocument: JSON.stringify(each) }));
			await iam.send(new AttachUserPolicyCommand({ UserName: 'deployer', PolicyArn: Policy?.Arn }));
		}
		return new Set(documents.flatMap(({ Statement }) => Statement.flatMap(({ Action }) => Action)));
	}

	/** What its database says of itself, one after another: the notes of `up` come too seldom to show a short phase. */
	function watchDatabase(): { phases(): Promise<string[]> } {
		const seen = new Set<string>();
		const end = new AbortController();
		const watching = (async () => {
			while (!end.signal.aborted) {
				const { DBInstances = [] } = await rds.send(new DescribeDBInstancesCommand({}));
				for (const { DBInstanceStatus = '' } of DBInstances) seen.add(DBInstanceStatus);
				await delay(100, undefined, { signal: end.signal }).catch(() => {});
			}
		})();
		return {
			async phases() {
				end.abort();
				await watching;
				return [...seen];
			},
		};
	}

	test('up, and up again, with role path and permissions boundary', async () => {
		const notes: string[] = [];
		const database = watchDatabase();
		for (let time = 0; time < 2; time += 1) {
			const { exit, document, stderr } = await here.json<UpDocument>(['up'], { env });
			notes.push(stderr);
			expect([exit, document.phase, document.webserver.url]).toEqual([0, 'up', 'https://airflow.example.com']);
		}
		expect(notes.join()).toMatch(/database is creating/);
		expect(await database.phases()).toEqual(['creating', 'backing-up', 'available']);
		const { Roles = [] } = await iam.send(new ListRolesCommand({ PathPrefix: '/team/' }));
		expect(Roles.length).toBeGreaterThan(2);
	});

	test('validate, and a branch meanwhile', async () => {
		const [proof, branch] = await Promise.all([here.run(['validate', '--no-browser'], { env }), here.json<UpDocument>(['branch', 'create', 'side'], { env })]);
		expect(proof).toMatchObject({ exit: 0 });
		expect(branch.document.phase).toBe('up');
		const { document } = await here.json<StatusDocument>(['status'], { env });
		expect(document.phase).toBe('up');
	});

	test('task roles have what they use', async () => {
		const used = usedBy((caller) => caller.includes(':assumed-role/'));
		const roles = await roleActions();
		expect([...used].filter((action) => !roles.has(action))).toEqual([]);
		expect([...roles].filter((action) => !used.has(action) && !(action in unusedByTasks))).toEqual([]);
	});

	/** All actions in the policies of the roles that were made. */
	async function roleActions(): Promise<Set<string>> {
		const { Roles = [] } = await iam.send(new ListRolesCommand({ PathPrefix: '/team/' }));
		const actions = Roles.map(async ({ RoleName }) => {
			const { PolicyNames = [] } = await iam.send(new ListRolePoliciesCommand({ RoleName }));
			const documents = await Promise.all(PolicyNames.map(async (PolicyName) => (await iam.send(new GetRolePolicyCommand({ RoleName, PolicyName }))).PolicyDocument ?? ''));
			return documents.flatMap((text) => (JSON.parse(decodeURIComponent(text)) as PolicyDocument).Statement.flatMap(({ Action }) => Action));
		});
		return new Set((await Promise.all(actions)).flat());
	}

	test('the branch goes, then everything', async () => {
		await here.succeeds(['branch', 'delete', 'side', '--yes'], { env });
		const { exit, document } = await here.json<TeardownDocument>(['teardown'], { env });
		expect([exit, document.left]).toEqual([0, []]);
	});

	test('nothing was refused, and what was granted is needed', () => {
		expect(decisions().filter(({ allowed }) => !allowed)).toEqual([]);
		const used = usedBy((caller) => caller.endsWith(':user/deployer'));
		expect([...used].filter((action) => !granted.has(action))).toEqual([]);
		const idle = [...granted].filter((action) => !used.has(action) && !(action in unusedGrants) && !(action in unusedByUp));
		process.stdout.write(`least privilege: ${decisions().length} decisions, ${used.size} of ${granted.size} granted actions used by up, validate, branch and teardown\n`);
		expect(idle).toEqual([]);
	});
});
