import { CloudWatchLogsClient, CreateLogGroupCommand } from '@aws-sdk/client-cloudwatch-logs';
import { CreateVpcCommand, DescribeInternetGatewaysCommand, DescribeVpcsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { CreateSecretCommand, DeleteSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Aws } from '../../src/aws/clients.ts';
import type { DoctorDocument } from '../../src/environment/documents.ts';
import { run } from '../cli/run.ts';
import { startEndpoint, type TestEndpoint } from '../resources/endpoint.ts';

/** doctor through the front door, against a local endpoint in the state of an account that has trouble. */
let endpoint: TestEndpoint;
let aws: Aws;
const calls: string[] = [];
beforeAll(async () => {
	endpoint = await startEndpoint();
	aws = await endpoint.clients({ region: 'us-east-1' });
});
afterAll(() => endpoint.close());

const environment = (): Record<string, string> => ({ AWS_ENDPOINT_URL: endpoint.url, AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', AWS_REGION: 'us-east-1', PATH: process.env['PATH'] ?? '' });

async function doctor(args: readonly string[] = []): Promise<{ exit: number; document: DoctorDocument; stderr: string }> {
	const { exit, stdout, stderr } = await run(['doctor', '--json', ...args], { env: environment() });
	return { exit, document: JSON.parse(stdout) as DoctorDocument, stderr };
}
const of = ({ checks }: DoctorDocument, name: string) => checks.find((check) => check.name === name);

describe('an account without trouble', () => {
	test('passes, and each check says what it saw', async () => {
		const { exit, document, stderr } = await doctor(['--verbose']);
		expect(document.checks.filter(({ verdict }) => verdict === 'failed')).toEqual([]);
		expect(exit).toBe(0);
		expect(document.ok).toBe(true);
		expect(of(document, 'credentials')?.detail).toContain('arn:aws:iam::000000000000:user/local');
		expect(of(document, 'region')?.detail).toContain('us-east-1 (AWS_REGION)');
		expect(of(document, 'permissions')?.detail).toMatch(/all \d{3} actions/);
		expect(of(document, 'clock')).toMatchObject({ verdict: 'ok', detail: 'as AWS has it' });
		expect(of(document, 'elastic-ips')?.detail).toBe('none needed; 0 of 5 in use');
		expect(of(document, 'storage')).toBeUndefined();
		calls.push(...[...stderr.matchAll(/call (\w+ \w+)/g)].map(([, call = '']) => call));
	});

	test('is not changed: what would be created is asked for as a dry run', async () => {
		expect(calls.length).toBeGreaterThan(20);
		expect(calls.filter((call) => !/ (Describe|Get|List|Head|Simulate)/.test(call)).toSorted()).toEqual(['EC2 CreateInternetGateway', 'EC2 CreateSecurityGroup']);
		const { InternetGateways = [] } = await aws.client(EC2Client).send(new DescribeInternetGatewaysCommand({}));
		expect(InternetGateways).toEqual([]);
	});

	test('storage without an environment is not checked', async () => {
		const { exit, document } = await doctor(['--storage']);
		expect(of(document, 'storage')).toMatchObject({ verdict: 'not-checked', detail: expect.stringContaining('main is not up') });
		expect(exit).toBe(0);
	});

	test('reads as lines of at most 80 columns', async () => {
		const { stdout } = await run(['doctor'], { env: environment() });
		expect(stdout.trimEnd().split('\n').filter((line) => line.length > 80)).toEqual([]);
		expect(stdout).toMatch(/^ok {11}node {13}v\d+/m);
		expect(stdout).toContain('nothing stands in the way');
	});
});

describe('trouble is named with the fix and who can', () => {
	test('a secret in its recovery window', async () => {
		const secrets = aws.client(SecretsManagerClient);
		await secrets.send(new CreateSecretCommand({ Name: 'airflow-main-fernet-key', SecretString: 'x' }));
		const foreign = await doctor();
		expect(of(foreign.document, 'secret-names')).toMatchObject({ verdict: 'failed', fix: expect.stringContaining('state recover'), who: 'you' });
		await secrets.send(new DeleteSecretCommand({ SecretId: 'airflow-main-fernet-key', RecoveryWindowInDays: 7 }));
		const { exit, document } = await doctor();
		expect(exit).toBe(3);
		expect(document.ok).toBe(false);
		expect(of(document, 'secret-names')).toMatchObject({ verdict: 'failed', detail: expect.stringContaining('airflow-main-fernet-key'), fix: expect.stringContaining('--force-delete-without-recovery') });
	});

	test('a log group that nobody here made', async () => {
		await aws.client(CloudWatchLogsClient).send(new CreateLogGroupCommand({ logGroupName: '/airflow-deploy/airflow/main/webserver' }));
		expect(of((await doctor()).document, 'log-group-names')).toMatchObject({ verdict: 'failed', detail: expect.stringContaining('/airflow-deploy/airflow/main/webserver') });
		await aws.client(CloudWatchLogsClient).send(new CreateLogGroupCommand({ logGroupName: '/airflow-deploy/airflow/main-2/webserver' }));
		expect(of((await doctor()).document, 'log-group-names')?.detail).toContain('1 log group ');
	});

	test('no room for another VPC', async () => {
		const { Vpcs = [] } = await aws.client(EC2Client).send(new DescribeVpcsCommand({}));
		for (let count = Vpcs.length; count < 5; count += 1) await aws.client(EC2Client).send(new CreateVpcCommand({ CidrBlock: `10.${count}.0.0/16` }));
		expect(of((await doctor()).document, 'quotas')).toMatchObject({ verdict: 'failed', detail: expect.stringContaining('5 VPCs'), fix: expect.stringContaining('L-F678F1CE'), who: 'an account administrator' });
	});

	test('people read the problem, and below it the fix', async () => {
		const { exit, stdout } = await run(['doctor'], { env: environment() });
		expect(exit).toBe(3);
		expect(stdout).toMatch(/^failed {7}quotas {11}this account may have 5 VPCs[^]*?\n {13}an account administrator: /m);
		expect(stdout).toMatch(/3 checks failed/);
	});
});

describe('without an account', () => {
	test('no credentials are a finding, and the rest is not checked', async () => {
		const { exit, stdout } = await run(['doctor', '--json'], { env: { PATH: process.env['PATH'] ?? '', AWS_CONFIG_FILE: '/nonexistent', AWS_SHARED_CREDENTIALS_FILE: '/nonexistent' } });
		const document = JSON.parse(stdout) as DoctorDocument;
		expect(exit).toBe(3);
		expect(of(document, 'credentials')).toMatchObject({ verdict: 'failed', detail: expect.stringContaining('no AWS credentials were found'), fix: expect.stringContaining('up --local') });
		expect(of(document, 'quotas')).toMatchObject({ verdict: 'not-checked' });
		expect(of(document, 'node')).toMatchObject({ verdict: 'ok' });
	});

	test('a local endpoint that does not run is no failure', async () => {
		const { exit, stdout } = await run(['doctor', '--local', '--json'], { env: { PATH: process.env['PATH'] ?? '' } });
		expect(exit).toBe(0);
		expect(of(JSON.parse(stdout) as DoctorDocument, 'credentials')).toMatchObject({ verdict: 'not-checked', detail: expect.stringContaining('local start') });
	});
});
