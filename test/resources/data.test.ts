import { DescribeDBInstancesCommand, RDSClient } from '@aws-sdk/client-rds';
import { AttachRolePolicyCommand, CreateRoleCommand, DeleteRoleCommand, DetachRolePolicyCommand, IAMClient } from '@aws-sdk/client-iam';
import { CreateSecretCommand, DeleteSecretCommand, GetSecretValueCommand, PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { CloudWatchLogsClient, CreateLogGroupCommand } from '@aws-sdk/client-cloudwatch-logs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Aws } from '../../src/aws/clients.ts';
import type { Context } from '../../src/engine/resource.ts';
import { DatabaseUrl } from '../../src/resources/database-url.ts';
import { assertDeletable, DbInstance, finalSnapshots } from '../../src/resources/db-instance.ts';
import { DbSubnetGroup } from '../../src/resources/db-subnet-group.ts';
import { IamRole } from '../../src/resources/iam-role.ts';
import { LogGroup } from '../../src/resources/log-group.ts';
import { Secret } from '../../src/resources/secret.ts';
import { startEndpoint, type TestEndpoint } from './endpoint.ts';
import { contextOf, type Made, makeNeeds, removeAll, sample, type World, world } from './sample.ts';
import { securityGroup, subnetA, subnetB } from './samples-a.ts';

let endpoint: TestEndpoint;
let aws: Aws;
let here: World;
beforeAll(async () => {
	endpoint = await startEndpoint();
	aws = await endpoint.clients({ region: 'us-east-1' });
	here = world(aws);
});
afterAll(() => endpoint.close());

const ctx = (key = 'object'): Context<Aws> => contextOf(here, key);
const valueOf = async (SecretId: string): Promise<string> => (await aws.client(SecretsManagerClient).send(new GetSecretValueCommand({ SecretId }))).SecretString ?? '';

describe('a secret', () => {
	const props = (name: string, value: 'password' | 'fernet-key' | 'token' | 'database') => ({ name: `airflow-test-${name}`, description: 'of a test', value });

	test('holds a new value of its kind, which is recorded nowhere', async () => {
		for (const [value, form] of [['password', /^[\w-]{43}$/], ['token', /^[\w-]{43}$/], ['fernet-key', /^[\w-]{43}=$/], ['database', /^\{"password":"[\w-]{43}"\}$/]] as const) {
			const outputs = await Secret.create(ctx(value), props(value, value));
			const stored = await valueOf(outputs.arn);
			expect(stored).toMatch(form);
			expect(JSON.stringify([outputs, here.notes])).not.toContain(stored);
			await Secret.remove(ctx(value), outputs);
		}
	});

	test('of a branch holds all at once: password, URL and keys', async () => {
		const outputs = await Secret.create(ctx('all'), { name: 'airflow-test-all', description: 'of a test', value: 'database-and-keys', url: 'postgresql://airflow:{password}@localhost:5432/airflow' });
		const { password, url, fernetKey, webserverKey, ...others } = JSON.parse(await valueOf(outputs.arn)) as Record<string, string>;
		expect([url, others]).toEqual([`postgresql://airflow:${password}@localhost:5432/airflow`, {}]);
		expect([password, fernetKey, webserverKey]).toEqual([expect.stringMatching(/^[\w-]{43}$/), expect.stringMatching(/^[\w-]{43}=$/), expect.stringMatching(/^[\w-]{43}$/)]);
		await Secret.remove(ctx('all'), outputs);
	});

	test('that somebody scheduled for deletion counts as absent, and is restored with a new value', async () => {
		const first = await Secret.create(ctx(), props('restored', 'token'));
		const before = await valueOf(first.arn);
		await aws.client(SecretsManagerClient).send(new DeleteSecretCommand({ SecretId: first.arn, RecoveryWindowInDays: 7 }));
		expect(await Secret.find(ctx(), props('restored', 'token'), first)).toBeUndefined();
		expect(await Secret.exists(ctx(), first)).toBe(false);
		const restored = await Secret.create(ctx(), props('restored', 'token'));
		expect(restored).toMatchObject({ name: first.name, arn: first.arn });
		expect(restored.version).not.toBe(first.version);
		expect(await Secret.find(ctx(), props('restored', 'token'), restored)).toEqual(restored);
		expect(await valueOf(first.arn)).not.toBe(before);
		await Secret.remove(ctx(), first);
	});

	test('of another is left alone, also where it is scheduled for deletion', async () => {
		const { ARN = '' } = await aws.client(SecretsManagerClient).send(new CreateSecretCommand({ Name: 'airflow-test-theirs', SecretString: 'theirs' }));
		await expect(Secret.find(ctx(), props('theirs', 'token'), undefined)).rejects.toMatchObject({ code: 'ForeignObject' });
		await Secret.remove(ctx(), { name: 'airflow-test-theirs', arn: ARN, version: '' });
		expect(await valueOf(ARN)).toBe('theirs');
		await aws.client(SecretsManagerClient).send(new DeleteSecretCommand({ SecretId: ARN, RecoveryWindowInDays: 7 }));
		await expect(Secret.create(ctx(), props('theirs', 'token'))).rejects.toMatchObject({ code: 'ForeignObject', hint: expect.stringContaining('--force-delete-without-recovery') });
	});
});

describe('the URL of a database', () => {
	const place = { scheme: 'postgresql+psycopg2', query: 'sslmode=require', address: 'first.example', port: 5432, username: 'airflow', database: 'airflow' };

	test('is put beside the password, and again when address or password change', async () => {
		const secret = await Secret.create(ctx('secret'), { name: 'airflow-test-url', description: '', value: 'database' });
		const props = { ...place, secretArn: secret.arn };
		const { password } = JSON.parse(await valueOf(secret.arn)) as { password: string };
		expect(await DatabaseUrl.find(ctx(), props, undefined)).toBeUndefined();
		const outputs = await DatabaseUrl.create(ctx(), props);
		expect(JSON.parse(await valueOf(secret.arn))).toEqual({ password, url: `postgresql+psycopg2://airflow:${password}@first.example:5432/airflow?sslmode=require` });
		expect(await DatabaseUrl.find(ctx(), props, outputs)).toEqual(outputs);
		expect(JSON.stringify(outputs)).not.toContain(password);
		expect(DatabaseUrl.matches?.(props, outputs)).toBe(true);
		expect(DatabaseUrl.matches?.({ ...props, address: 'second.example' }, outputs)).toBe(false);

		await aws.client(SecretsManagerClient).send(new PutSecretValueCommand({ SecretId: secret.arn, SecretString: JSON.stringify({ ...JSON.parse(await valueOf(secret.arn)), password: 'a@b/c' }) }));
		const found = await DatabaseUrl.find(ctx(), props, outputs);
		expect(DatabaseUrl.matches?.(props, found as typeof outputs)).toBe(false);
		await DatabaseUrl.update?.(ctx(), props, outputs);
		expect(await valueOf(secret.arn)).toContain('airflow:a%40b%2Fc@first.example');
		expect(await DatabaseUrl.find(ctx(), props, outputs)).toEqual(outputs);
		await Secret.remove(ctx('secret'), secret);
	});

	test('in a secret that somebody rewrote: says so without quoting it', async () => {
		const secret = await Secret.create(ctx('secret'), { name: 'airflow-test-rewritten', description: '', value: 'database' });
		await aws.client(SecretsManagerClient).send(new PutSecretValueCommand({ SecretId: secret.arn, SecretString: 'hush' }));
		const failure = await DatabaseUrl.find(ctx(), { ...place, secretArn: secret.arn }, undefined).catch((error: unknown) => error);
		expect(failure).toMatchObject({ code: 'SecretMalformed' });
		expect((failure as Error).message).not.toContain('hush');
		await Secret.remove(ctx('secret'), secret);
	});
});

describe('a database instance', () => {
	const secret = sample(Secret, 'secret', {}, () => ({ name: 'airflow-test-instance', description: '', value: 'database' as const }));
	const subnets = sample(DbSubnetGroup, 'subnets', { subnetA, subnetB }, ({ subnetA, subnetB }) => ({ name: 'airflow-test-instance', description: 'of a test', subnetIds: [subnetA.subnetId, subnetB.subnetId] }));
	const stage = sample(LogGroup, 'stage', { secret, subnets, securityGroup }, () => ({ name: '/never-made', retentionDays: 1 }));
	const identifier = 'airflow-test-instance';

	test('follows its settings, is protected, leaves a snapshot, and goes', async () => {
		const made: Made = [];
		const needs = (await makeNeeds(here, stage, made)) as { secret: { arn: string }; subnets: { name: string }; securityGroup: { groupId: string } };
		const props = {
			identifier,
			database: 'airflow',
			username: 'airflow',
			passwordSecretArn: needs.secret.arn,
			instanceClass: 'db.t4g.micro',
			storageGb: 20,
			engineVersion: '15',
			subnetGroup: needs.subnets.name,
			securityGroupIds: [needs.securityGroup.groupId],
			deletionProtection: true,
			finalSnapshot: true,
			backupRetentionDays: 1,
		};
		const created = await DbInstance.create(ctx(), props);
		expect(created).toMatchObject({ address: '', status: 'creating', engineVersion: expect.stringMatching(/^15\.\d+$/) });
		const ready = await DbInstance.wait?.(ctx(), created, props);
		expect(ready).toMatchObject({ status: 'available', port: expect.any(Number), address: expect.stringMatching(/./) });
		const instance = (await aws.client(RDSClient).send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: identifier }))).DBInstances?.[0];
		expect(instance).toMatchObject({ StorageEncrypted: true, PubliclyAccessible: false, StorageType: 'gp3', MultiAZ: false, DBName: 'airflow' });

		const found = (await DbInstance.find(ctx(), props, ready)) as typeof created;
		expect(DbInstance.matches?.(props, found)).toBe(true);
		expect(DbInstance.matches?.({ ...props, engineVersion: '16' }, found)).toBe(false);
		expect(DbInstance.matches?.({ ...props, passwordSecretArn: 'another' }, found), 'a secret that was made again').toBe(false);
		await expect(DbInstance.update?.(ctx(), { ...props, engineVersion: '16' }, found)).rejects.toMatchObject({ code: 'MajorVersionChange' });
		await expect(DbInstance.update?.(ctx(), { ...props, storageGb: 10 }, found)).rejects.toMatchObject({ code: 'StorageCannotShrink', hint: 'set AIRFLOW_DEPLOY_DB_STORAGE_GB=20' });

		await expect(assertDeletable(aws, identifier)).rejects.toMatchObject({ code: 'DeletionProtected', message: expect.stringContaining('nothing was deleted') });
		await expect(DbInstance.remove(ctx(), found)).rejects.toMatchObject({ code: 'DeletionProtected' });
		expect(await DbInstance.exists(ctx(), found)).toBe(true);

		const larger = { ...props, deletionProtection: false, storageGb: 30, instanceClass: 'db.t4g.small' };
		expect(DbInstance.matches?.(larger, found)).toBe(false);
		const changed = await DbInstance.wait?.(ctx(), (await DbInstance.update?.(ctx(), larger, found)) ?? found, larger);
		expect(changed).toMatchObject({ status: 'available', storageGb: 30, instanceClass: 'db.t4g.small', deletionProtection: false });

		await DbInstance.remove({ ...contextOf(world(aws), 'object') }, found);
		expect(await DbInstance.exists(ctx(), found)).toBe(true);
		await DbInstance.remove(ctx(), found);
		expect(await DbInstance.exists(ctx(), found)).toBe(false);
		expect(await finalSnapshots(aws, identifier)).toEqual([expect.stringMatching(/^airflow-test-instance-final-\d{14}$/)]);
		await removeAll(made);
	}, 90_000);
});

test('a role that somebody attached a policy to: says how to detach it', async () => {
	const props = { name: 'airflow-test-attached', service: 'ecs-tasks.amazonaws.com', sourceArn: 'arn:aws:ecs:us-east-1:000000000000:*', path: '/', permissionsBoundary: null };
	const outputs = await IamRole.create(ctx(), props);
	const attached = { RoleName: props.name, PolicyArn: 'arn:aws:iam::aws:policy/ReadOnlyAccess' };
	await aws.client(IAMClient).send(new AttachRolePolicyCommand(attached));
	await expect(IamRole.remove(ctx(), outputs)).rejects.toMatchObject({
		code: 'RoleInUse',
		hint: 'aws iam detach-role-policy --role-name airflow-test-attached --policy-arn arn:aws:iam::aws:policy/ReadOnlyAccess, then run the same command again',
	});
	await aws.client(IAMClient).send(new DetachRolePolicyCommand(attached));
	await IamRole.remove(ctx(), outputs);
});

test('names that belong to others are refused', async () => {
	const iam = aws.client(IAMClient);
	await iam.send(new CreateRoleCommand({ RoleName: 'airflow-test-theirs', AssumeRolePolicyDocument: '{"Version":"2012-10-17","Statement":[]}' }));
	const props = { name: 'airflow-test-theirs', service: 'ecs-tasks.amazonaws.com', sourceArn: '*', path: '/', permissionsBoundary: null };
	await expect(IamRole.find(ctx(), props, undefined)).rejects.toMatchObject({ code: 'ForeignObject', message: expect.stringContaining('airflow-test-theirs') });
	await iam.send(new DeleteRoleCommand({ RoleName: 'airflow-test-theirs' }));

	await aws.client(CloudWatchLogsClient).send(new CreateLogGroupCommand({ logGroupName: '/airflow-deploy/theirs' }));
	await expect(LogGroup.find(ctx(), { name: '/airflow-deploy/theirs', retentionDays: 14 }, undefined)).rejects.toMatchObject({ code: 'ForeignObject' });
	expect(await LogGroup.find(ctx(), { name: '/airflow-deploy/their', retentionDays: 14 }, undefined)).toBeUndefined();
});
