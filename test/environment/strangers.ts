import { CloudWatchLogsClient, CreateLogGroupCommand } from '@aws-sdk/client-cloudwatch-logs';
import { CreateSecurityGroupCommand, CreateSubnetCommand, CreateVpcCommand, EC2Client, type ResourceType } from '@aws-sdk/client-ec2';
import { ECSClient, RegisterTaskDefinitionCommand } from '@aws-sdk/client-ecs';
import { CreateFileSystemCommand, CreateMountTargetCommand, DescribeFileSystemsCommand, DescribeMountTargetsCommand, EFSClient } from '@aws-sdk/client-efs';
import { CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { CreateDBInstanceCommand, CreateDBSnapshotCommand, CreateDBSubnetGroupCommand, DescribeDBInstancesCommand, RDSClient } from '@aws-sdk/client-rds';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ecsTags } from '../../src/resources/ecs.ts';
import { tagList } from '../../src/resources/support.ts';
import { eventually } from '../local/endpoint.ts';
import type { StubEndpoint } from './stub-endpoint.ts';

/** What `up` would give an object of its own, but for the nonce. */
export function ourTags(key: string, environment = 'main'): Record<string, string> {
	return { 'airflow-deploy:project': 'airflow', 'airflow-deploy:environment': environment, 'airflow-deploy:key': key, 'airflow-deploy:nonce': '0123456789abcdef' };
}

/** Objects of somebody else beside an environment `main` of project `airflow`: similar names without tags, and our tags with another nonce. */
export async function plantStrangers({ client }: Pick<StubEndpoint, 'client'>): Promise<{ vpcId: string; /** A file system without a mount target. */ unmounted: string }> {
	const [ec2, efs] = [client(EC2Client), client(EFSClient)];
	const tagged = (key: string, ResourceType: ResourceType) => ({ TagSpecifications: [{ ResourceType, Tags: tagList(ourTags(key, 'shared')) }] });
	const vpcId = (await ec2.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16', ...tagged('vpc', 'vpc') }))).Vpc?.VpcId ?? '';
	const subnetId = (await ec2.send(new CreateSubnetCommand({ VpcId: vpcId, CidrBlock: '10.0.0.0/24', AvailabilityZone: 'us-east-1a', ...tagged('subnet-a', 'subnet') }))).Subnet?.SubnetId ?? '';
	await ec2.send(new CreateSecurityGroupCommand({ VpcId: vpcId, GroupName: 'airflow-main-web', Description: 'theirs', TagSpecifications: [{ ResourceType: 'security-group', Tags: tagList(ourTags('security-group-web')) }] }));
	await client(SecretsManagerClient).send(new CreateSecretCommand({ Name: 'airflow-main-notes', SecretString: 'theirs' }));
	await client(SecretsManagerClient).send(new CreateSecretCommand({ Name: 'airflow-main-fernet-key-of-old', SecretString: 'theirs', Tags: tagList(ourTags('secret-fernet-key')) }));
	await client(CloudWatchLogsClient).send(new CreateLogGroupCommand({ logGroupName: '/airflow-deploy/airflow/main/notes' }));
	await client(CloudWatchLogsClient).send(new CreateLogGroupCommand({ logGroupName: '/airflow-deploy/airflow/main/audit', tags: ourTags('log-group-audit') }));
	for (const [family, tags] of [['airflow-main-report', {}], ['airflow-main-init-of-old', ourTags('task-definition-init')]] as const) {
		await client(ECSClient).send(new RegisterTaskDefinitionCommand({ family, containerDefinitions: [{ name: 'a', image: 'public.ecr.aws/docker/library/postgres:15', memory: 128 }], ...(Object.keys(tags).length === 0 ? {} : { tags: ecsTags(tags) }) }));
	}
	const trust = JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { Service: 'ecs-tasks.amazonaws.com' }, Action: 'sts:AssumeRole' }] });
	await client(IAMClient).send(new CreateRoleCommand({ RoleName: 'airflow-main-report-us-east-1', AssumeRolePolicyDocument: trust, Tags: tagList(ourTags('role-init')) }));
	await client(S3Client).send(new CreateBucketCommand({ Bucket: 'airflow-000000000000-us-east-1-notes' }));
	const [fileSystemId, unmounted] = [await fileSystem(efs, 'theirs'), await fileSystem(efs, 'unmounted')];
	await efs.send(new CreateMountTargetCommand({ FileSystemId: fileSystemId, SubnetId: subnetId }));
	await eventually('their mount target is available', async () => (await efs.send(new DescribeMountTargetsCommand({ FileSystemId: fileSystemId }))).MountTargets?.[0]?.LifeCycleState === 'available');
	const other = (await ec2.send(new CreateSubnetCommand({ VpcId: vpcId, CidrBlock: '10.0.1.0/24', AvailabilityZone: 'us-east-1b' }))).Subnet?.SubnetId ?? '';
	await plantDatabase(client(RDSClient), [subnetId, other]);
	return { vpcId, unmounted };
}

async function fileSystem(efs: EFSClient, CreationToken: string): Promise<string> {
	const FileSystemId = (await efs.send(new CreateFileSystemCommand({ CreationToken, Tags: tagList(ourTags('file-system', 'shared')) }))).FileSystemId ?? '';
	await eventually('their file system is available', async () => (await efs.send(new DescribeFileSystemsCommand({ FileSystemId }))).FileSystems?.[0]?.LifeCycleState === 'available');
	return FileSystemId;
}

async function plantDatabase(rds: RDSClient, SubnetIds: string[]): Promise<void> {
	const DBInstanceIdentifier = 'airflow-main-copy';
	await rds.send(new CreateDBSubnetGroupCommand({ DBSubnetGroupName: DBInstanceIdentifier, DBSubnetGroupDescription: 'theirs', SubnetIds }));
	await rds.send(new CreateDBInstanceCommand({ DBInstanceIdentifier, DBSubnetGroupName: DBInstanceIdentifier, Engine: 'postgres', DBInstanceClass: 'db.t4g.micro', AllocatedStorage: 20, MasterUsername: 'theirs', MasterUserPassword: 'theirs-and-long-enough', Tags: tagList(ourTags('database')) }));
	await eventually('their database is available', async () => (await rds.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier }))).DBInstances?.[0]?.DBInstanceStatus === 'available');
	await rds.send(new CreateDBSnapshotCommand({ DBInstanceIdentifier, DBSnapshotIdentifier: 'airflow-main-copy-of-monday' }));
}
