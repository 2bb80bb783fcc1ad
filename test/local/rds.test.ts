import { CreateSecurityGroupCommand, CreateSubnetCommand, CreateVpcCommand, DeleteSecurityGroupCommand, DeleteSubnetCommand, DescribeNetworkInterfacesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { GetRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { CreateDBInstanceCommand, type CreateDBInstanceCommandInput, CreateDBSubnetGroupCommand, DeleteDBInstanceCommand, DeleteDBSubnetGroupCommand, DescribeDBEngineVersionsCommand, DescribeDBInstanceAutomatedBackupsCommand, DescribeDBInstancesCommand, DescribeDBSnapshotsCommand, DescribeOrderableDBInstanceOptionsCommand, ModifyDBInstanceCommand, RDSClient } from '@aws-sdk/client-rds';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readRecord } from '../../src/local/record.ts';
import { descendantsOf, eventually, isGone, refusal, startEndpoint, type TestEndpoint } from './endpoint.ts';
import { queryOverTls, refusalWithoutTls } from './postgres-login.ts';

let endpoint: TestEndpoint;
let rds: RDSClient;
let ec2: EC2Client;
let subnets: string[];
let group: string;

beforeAll(async () => {
	endpoint = await startEndpoint();
	rds = endpoint.client(RDSClient);
	ec2 = endpoint.client(EC2Client);
	const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16' }));
	const made = ['a', 'b', 'b'].map((zone, index) => ec2.send(new CreateSubnetCommand({ VpcId: Vpc?.VpcId, CidrBlock: `10.0.${index}.0/24`, AvailabilityZone: `us-east-1${zone}` })));
	subnets = (await Promise.all(made)).map(({ Subnet }) => Subnet?.SubnetId ?? '');
	group = (await ec2.send(new CreateSecurityGroupCommand({ VpcId: Vpc?.VpcId ?? '', GroupName: 'database', Description: 'database' }))).GroupId ?? '';
	await rds.send(new CreateDBSubnetGroupCommand({ DBSubnetGroupName: 'Databases', DBSubnetGroupDescription: 'd', SubnetIds: subnets.slice(0, 2) }));
});
afterAll(() => endpoint.stop());

const password = 'p_-9~!x:;,+';
const wanted = (): CreateDBInstanceCommandInput => ({
	DBInstanceIdentifier: 'airflow-main-database',
	Engine: 'postgres',
	EngineVersion: '15',
	DBInstanceClass: 'db.t4g.micro',
	AllocatedStorage: 20,
	StorageType: 'gp3',
	StorageEncrypted: true,
	PubliclyAccessible: false,
	BackupRetentionPeriod: 1,
	MasterUsername: 'airflow',
	MasterUserPassword: password,
	DBName: 'airflow',
	DBSubnetGroupName: 'databases',
	VpcSecurityGroupIds: [group],
});
const describe = async (id = 'airflow-main-database') => (await rds.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: id }))).DBInstances?.[0];
const remove = (id: string) => rds.send(new DeleteDBInstanceCommand({ DBInstanceIdentifier: id, SkipFinalSnapshot: true }));
const gone = (id: string) => eventually(`${id} is gone`, async () => (await refusal(describe(id)).catch(() => '')).startsWith('DBInstanceNotFound'));

test('an instance is a real PostgreSQL from `available` on, and holds what it uses until it is gone', async () => {
	const { DBInstance } = await rds.send(new CreateDBInstanceCommand(wanted()));
	expect([DBInstance?.DBInstanceStatus, DBInstance?.Endpoint, DBInstance?.EngineVersion]).toEqual(['creating', undefined, '15.18']);
	expect(await refusal(rds.send(new ModifyDBInstanceCommand({ DBInstanceIdentifier: 'airflow-main-database', DeletionProtection: true })))).toMatch(/^InvalidDBInstanceState/);
	await eventually('the instance is available', async () => (await describe())?.DBInstanceStatus === 'available');
	const { Address: host = '', Port: port = 0 } = (await describe())?.Endpoint ?? {};
	expect(host).toMatch(/^127\.\d+\.\d+\.\d+$/);
	expect(port).toBe(5432);

	const login = { host, port, user: 'airflow', password, database: 'airflow' };
	expect(await queryOverTls(login, 'show server_version')).toMatch(/^15\.18/);
	await expect(queryOverTls({ ...login, password: 'wrong-password' }, 'select 1')).rejects.toThrow('password authentication failed for user "airflow"');
	expect(await refusalWithoutTls(login)).toMatch(/no pg_hba\.conf entry for host .*no encryption/);

	expect(await refusal(rds.send(new DeleteDBSubnetGroupCommand({ DBSubnetGroupName: 'databases' })))).toMatch(/^InvalidDBSubnetGroupStateFault.*airflow-main-database/);
	expect(await refusal(ec2.send(new DeleteSecurityGroupCommand({ GroupId: group })))).toBe(`DependencyViolation: resource ${group} has a dependent object`);
	expect(await refusal(ec2.send(new DeleteSubnetCommand({ SubnetId: subnets[0] })))).toMatch(/^DependencyViolation/);
	const { NetworkInterfaces: [held] = [] } = await ec2.send(new DescribeNetworkInterfacesCommand({ Filters: [{ Name: 'group-id', Values: [group] }] }));
	expect(held).toMatchObject({ Description: 'RDSNetworkInterface', Status: 'in-use', RequesterManaged: true });

	const id = { DBInstanceIdentifier: 'airflow-main-database' };
	await rds.send(new ModifyDBInstanceCommand({ ...id, DeletionProtection: true, ApplyImmediately: true }));
	expect(await refusal(remove('airflow-main-database'))).toMatch(/^InvalidParameterCombination: Cannot delete protected DB Instance/);
	await rds.send(new ModifyDBInstanceCommand({ ...id, DeletionProtection: false, ApplyImmediately: true }));
	expect(await refusal(rds.send(new DeleteDBInstanceCommand(id)))).toMatch(/^InvalidParameterCombination: FinalDBSnapshotIdentifier is required/);
	expect(await refusal(rds.send(new DeleteDBInstanceCommand({ ...id, SkipFinalSnapshot: true, FinalDBSnapshotIdentifier: 'last' })))).toMatch(/^InvalidParameterCombination/);

	const processes = descendantsOf((await readRecord(endpoint.directory))?.pid ?? 0).filter(({ command }) => command.includes('postgres'));
	expect(processes.length).toBeGreaterThan(0);
	const deleted = await remove('airflow-main-database');
	expect(deleted.DBInstance?.DBInstanceStatus).toBe('deleting');
	expect(await refusal(remove('airflow-main-database'))).toMatch(/already being deleted|DBInstanceNotFound/);
	await gone('airflow-main-database');
	expect(processes.filter((each) => !isGone(each))).toEqual([]);
	expect((await rds.send(new DescribeDBInstanceAutomatedBackupsCommand({}))).DBInstanceAutomatedBackups).toEqual([]);
	expect((await rds.send(new DescribeDBSnapshotsCommand({}))).DBSnapshots).toEqual([]);
	expect((await ec2.send(new DescribeNetworkInterfacesCommand({ Filters: [{ Name: 'group-id', Values: [group] }] }))).NetworkInterfaces).toEqual([]);
});

test('a final snapshot stays, and its name is taken', async () => {
	const id = { DBInstanceIdentifier: 'with-snapshot' };
	await rds.send(new CreateDBInstanceCommand({ ...wanted(), ...id }));
	await rds.send(new DeleteDBInstanceCommand({ ...id, FinalDBSnapshotIdentifier: 'kept' }));
	await gone('with-snapshot');
	expect((await rds.send(new DescribeDBSnapshotsCommand({ DBSnapshotIdentifier: 'kept' }))).DBSnapshots).toMatchObject([{ DBSnapshotIdentifier: 'kept' }]);
	await rds.send(new CreateDBInstanceCommand({ ...wanted(), ...id }));
	expect(await refusal(rds.send(new DeleteDBInstanceCommand({ ...id, FinalDBSnapshotIdentifier: 'kept' })))).toMatch(/^DBSnapshotAlreadyExists/);
	await remove('with-snapshot');
	await gone('with-snapshot');
});

test.each([
	[{ MasterUsername: 'admin' }, 'InvalidParameterValue: MasterUsername admin cannot be used as it is a reserved word used by the engine'],
	[{ MasterUserPassword: 'short' }, 'InvalidParameterValue: The parameter MasterUserPassword is not a valid password because it is shorter than 8 characters.'],
	[{ MasterUserPassword: 'with a / in it' }, /^InvalidParameterValue: The parameter MasterUserPassword is not a valid password\. Only printable ASCII/],
	[{ DBInstanceIdentifier: 'double--hyphen' }, /^InvalidParameterValue: The parameter DBInstanceIdentifier is not a valid identifier/],
	[{ DBName: 'with-hyphen' }, /^InvalidParameterValue: DBName must begin with a letter/],
	[{ EngineVersion: '15.9' }, 'InvalidParameterCombination: Cannot find version 15.9 for postgres'],
	[{ AllocatedStorage: 5 }, /^InvalidParameterValue: Invalid storage size/],
	[{ DBInstanceClass: undefined }, 'MissingParameter: The request must contain the parameter DBInstanceClass.'],
	[{ VpcSecurityGroupIds: ['sg-1'] }, 'InvalidParameterValue: Invalid security group , groupId= sg-1, groupName=.'],
	[{ DBSubnetGroupName: 'none' }, /^DBSubnetGroupNotFoundFault/],
] as [object, string | RegExp][])('CreateDBInstance with %j is refused', async (change, expected) => {
	expect(await refusal(rds.send(new CreateDBInstanceCommand({ ...wanted(), ...change })))).toMatch(expected);
});

test('a subnet group needs two zones and a new name', async () => {
	const create = (DBSubnetGroupName: string, SubnetIds: string[]) => rds.send(new CreateDBSubnetGroupCommand({ DBSubnetGroupName, DBSubnetGroupDescription: 'd', SubnetIds }));
	expect(await refusal(create('one-zone', subnets.slice(1)))).toMatch(/^DBSubnetGroupDoesNotCoverEnoughAZs/);
	expect(await refusal(create('DATABASES', subnets.slice(0, 2)))).toMatch(/^DBSubnetGroupAlreadyExists/);
	expect(await refusal(create('nowhere', ['subnet-1', 'subnet-2']))).toMatch(/^InvalidSubnet/);
});

test("the first use made RDS's service-linked role", async () => {
	const { Role } = await endpoint.client(IAMClient).send(new GetRoleCommand({ RoleName: 'AWSServiceRoleForRDS' }));
	expect(Role?.Path).toBe('/aws-service-role/rds.amazonaws.com/');
});

test('versions and classes can be asked for', async () => {
	const { DBEngineVersions } = await rds.send(new DescribeDBEngineVersionsCommand({ Engine: 'postgres', EngineVersion: '15', DefaultOnly: true }));
	expect(DBEngineVersions).toMatchObject([{ EngineVersion: '15.18', DBParameterGroupFamily: 'postgres15', Status: 'available' }]);
	const ask = async (DBInstanceClass: string) => (await rds.send(new DescribeOrderableDBInstanceOptionsCommand({ Engine: 'postgres', EngineVersion: '15.18', DBInstanceClass, Vpc: true }))).OrderableDBInstanceOptions;
	expect(await ask('db.t4g.micro')).toContainEqual(expect.objectContaining({ StorageType: 'gp3', SupportsStorageEncryption: true, AvailabilityZones: expect.arrayContaining([{ Name: 'us-east-1a' }]) }));
	expect(await ask('db.x9.mega')).toEqual([]);
});

test('an endpoint that is killed takes its databases with it', async () => {
	await rds.send(new CreateDBInstanceCommand({ ...wanted(), DBInstanceIdentifier: 'orphan' }));
	await eventually('the instance is available', async () => (await describe('orphan'))?.DBInstanceStatus === 'available');
	const pid = (await readRecord(endpoint.directory))?.pid ?? 0;
	const processes = descendantsOf(pid);
	expect(processes.filter(({ command }) => command.includes('postgres')).length).toBeGreaterThan(1);
	process.kill(pid, 'SIGKILL');
	await eventually('PostgreSQL and moto have ended', () => processes.every(isGone));
});
