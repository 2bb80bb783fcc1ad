import { GetRoleCommand, CreateRoleCommand, CreateServiceLinkedRoleCommand, AttachRolePolicyCommand, AddRoleToInstanceProfileCommand, CreateInstanceProfileCommand, DeleteRoleCommand, DeleteRolePolicyCommand, DetachRolePolicyCommand, IAMClient, PutRolePolicyCommand, RemoveRoleFromInstanceProfileCommand } from '@aws-sdk/client-iam';
import { AttachInternetGatewayCommand, AuthorizeSecurityGroupIngressCommand, CreateInternetGatewayCommand, CreateNetworkInterfaceCommand, CreateRouteTableCommand, DeleteRouteTableCommand, CreateSecurityGroupCommand, CreateSubnetCommand, CreateVpcCommand, DeleteInternetGatewayCommand, DeleteNetworkInterfaceCommand, DeleteSecurityGroupCommand, DeleteSubnetCommand, DeleteVpcCommand, DescribeNetworkInterfacesCommand, DescribeSecurityGroupsCommand, DescribeVpcBlockPublicAccessOptionsCommand, DetachInternetGatewayCommand, EC2Client, RevokeSecurityGroupIngressCommand } from '@aws-sdk/client-ec2';
import { CreateRepositoryCommand, DescribeImagesCommand, ECRClient, GetAuthorizationTokenCommand, PutImageCommand } from '@aws-sdk/client-ecr';
import { CreateAccessPointCommand, CreateFileSystemCommand, CreateMountTargetCommand, DeleteAccessPointCommand, DeleteFileSystemCommand, DeleteFileSystemPolicyCommand, DeleteMountTargetCommand, DescribeFileSystemPolicyCommand, DescribeFileSystemsCommand, DescribeMountTargetsCommand, EFSClient, PutFileSystemPolicyCommand, UpdateFileSystemCommand } from '@aws-sdk/client-efs';
import { CloudWatchLogsClient, CreateLogGroupCommand, CreateLogStreamCommand, DeleteLogGroupCommand, DescribeLogGroupsCommand, ListTagsForResourceCommand, PutLogEventsCommand, PutRetentionPolicyCommand } from '@aws-sdk/client-cloudwatch-logs';
import { CreateBucketCommand, DeleteBucketCommand, DeleteObjectCommand, GetBucketTaggingCommand, HeadBucketCommand, ListObjectVersionsCommand, PutBucketOwnershipControlsCommand, PutBucketVersioningCommand, PutObjectCommand, PutPublicAccessBlockCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateSecretCommand, DeleteSecretCommand, RestoreSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { GetServiceQuotaCommand, ServiceQuotasClient } from '@aws-sdk/client-service-quotas';
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually, plain, refusal, startEndpoint, type TestEndpoint } from './endpoint.ts';

let endpoint: TestEndpoint;
beforeAll(async () => {
	endpoint = await startEndpoint();
});
afterAll(() => endpoint.stop());

describe('EC2', () => {
	let ec2: EC2Client;
	let vpc: string;
	beforeAll(async () => {
		ec2 = endpoint.client(EC2Client);
		vpc = (await ec2.send(new CreateVpcCommand({ CidrBlock: '10.1.0.0/16' }))).Vpc?.VpcId ?? '';
	});
	const group = async (GroupName: string, Description = 'd') => (await ec2.send(new CreateSecurityGroupCommand({ VpcId: vpc, GroupName, Description }))).GroupId ?? '';
	const subnet = async (third: number) => (await ec2.send(new CreateSubnetCommand({ VpcId: vpc, CidrBlock: `10.1.${third}.0/24` }))).Subnet?.SubnetId ?? '';

	test('a security group is held by the rules of others and by interfaces', async () => {
		const [held, holder] = [await group('held'), await group('holder')];
		const rule = { GroupId: holder, IpPermissions: [{ IpProtocol: 'tcp', FromPort: 5432, ToPort: 5432, UserIdGroupPairs: [{ GroupId: held }] }] };
		await ec2.send(new AuthorizeSecurityGroupIngressCommand(rule));
		expect(await refusal(ec2.send(new DeleteSecurityGroupCommand({ GroupId: held })))).toBe(`DependencyViolation: resource ${held} has a dependent object`);
		await ec2.send(new RevokeSecurityGroupIngressCommand(rule));
		const { NetworkInterface } = await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId: await subnet(1), Groups: [held] }));
		expect(await refusal(ec2.send(new DeleteSecurityGroupCommand({ GroupId: held })))).toMatch(/^DependencyViolation/);
		expect(await refusal(ec2.send(new DeleteSubnetCommand({ SubnetId: NetworkInterface?.SubnetId })))).toMatch(/^DependencyViolation/);
		await ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId: NetworkInterface?.NetworkInterfaceId }));
		for (const GroupId of [held, holder]) await ec2.send(new DeleteSecurityGroupCommand({ GroupId }));
		await ec2.send(new DeleteSubnetCommand({ SubnetId: NetworkInterface?.SubnetId }));
		expect(await refusal(ec2.send(new DeleteSecurityGroupCommand({ GroupId: held })))).toMatch(/^InvalidGroup\.NotFound/);
	});

	test('a group may refer to itself and still be deleted; the default group may not', async () => {
		const own = await group('own');
		await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId: own, IpPermissions: [{ IpProtocol: '-1', UserIdGroupPairs: [{ GroupId: own }] }] }));
		await ec2.send(new DeleteSecurityGroupCommand({ GroupId: own }));
		const { SecurityGroups } = await ec2.send(new DescribeSecurityGroupsCommand({ Filters: [{ Name: 'vpc-id', Values: [vpc] }] }));
		expect(await refusal(ec2.send(new DeleteSecurityGroupCommand({ GroupId: SecurityGroups?.[0]?.GroupId })))).toMatch(/^CannotDelete/);
	});

	test.each([["it's", 'd'], ['sg-name', 'd'], ['name', 'an en dash – here'], ['x'.repeat(256), 'd']])('group name %s with description %s is refused', async (name, description) => {
		expect(await refusal(group(name, description))).toMatch(/^InvalidParameterValue/);
	});

	test('a route table whose client token is known is not made again', async () => {
		const make = async (more: object = {}) => (await ec2.send(new CreateRouteTableCommand({ VpcId: vpc, ClientToken: 'once', ...more }))).RouteTable?.RouteTableId ?? '';
		const RouteTableId = await make();
		expect(await make()).toBe(RouteTableId);
		expect(await refusal(make({ TagSpecifications: [{ ResourceType: 'route-table', Tags: [{ Key: 'a', Value: 'b' }] }] }))).toMatch(/^IdempotentParameterMismatch/);
		await ec2.send(new DeleteRouteTableCommand({ RouteTableId }));
	});

	test('a rule with an apostrophe in its description is refused', async () => {
		const GroupId = await group('described');
		const rule = { GroupId, IpPermissions: [{ IpProtocol: 'tcp', FromPort: 1, ToPort: 1, IpRanges: [{ CidrIp: '10.0.0.0/8', Description: "it's" }] }] };
		expect(await refusal(ec2.send(new AuthorizeSecurityGroupIngressCommand(rule)))).toMatch(/^InvalidParameterValue/);
		await ec2.send(new DeleteSecurityGroupCommand({ GroupId }));
	});

	test('a VPC is held by gateway, subnets and groups; the number of VPCs is limited', async () => {
		const { InternetGateway } = await ec2.send(new CreateInternetGatewayCommand({}));
		const attachment = { VpcId: vpc, InternetGatewayId: InternetGateway?.InternetGatewayId };
		await ec2.send(new AttachInternetGatewayCommand(attachment));
		expect(await refusal(ec2.send(new DeleteInternetGatewayCommand(attachment)))).toMatch(/^DependencyViolation/);
		const inside = [await subnet(2), await group('inside')];
		const steps = [() => ec2.send(new DetachInternetGatewayCommand(attachment)), () => ec2.send(new DeleteSubnetCommand({ SubnetId: inside[0] })), () => ec2.send(new DeleteSecurityGroupCommand({ GroupId: inside[1] }))];
		for (const step of steps) {
			expect(await refusal(ec2.send(new DeleteVpcCommand({ VpcId: vpc })))).toMatch(/^DependencyViolation: The vpc/);
			await step();
		}
		await ec2.send(new DeleteVpcCommand({ VpcId: vpc }));
		expect(await refusal((async () => {
			for (let count = 0; count < 6; count++) await ec2.send(new CreateVpcCommand({ CidrBlock: '10.2.0.0/16' }));
		})())).toBe('VpcLimitExceeded: The maximum number of VPCs has been reached.');
	});

	test('preflight questions have answers', async () => {
		const { VpcBlockPublicAccessOptions } = await ec2.send(new DescribeVpcBlockPublicAccessOptionsCommand({}));
		expect(VpcBlockPublicAccessOptions?.InternetGatewayBlockMode).toBe('off');
		const { Quota } = await endpoint.client(ServiceQuotasClient).send(new GetServiceQuotaCommand({ ServiceCode: 'fargate', QuotaCode: 'L-3032A538' }));
		expect(Quota?.Value).toBe(6);
	});
});

test('EFS: states, mount targets, interfaces, tokens and throughput', async () => {
	const [efs, ec2] = [endpoint.client(EFSClient, 'eu-west-1'), endpoint.client(EC2Client, 'eu-west-1')];
	const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16' }));
	const made = ['a', 'b', 'b'].map((zone, index) => ec2.send(new CreateSubnetCommand({ VpcId: Vpc?.VpcId, CidrBlock: `10.0.${index}.0/24`, AvailabilityZone: `eu-west-1${zone}` })));
	const [first, second, twin] = (await Promise.all(made)).map(({ Subnet }) => Subnet?.SubnetId);
	const { FileSystemId, LifeCycleState } = await efs.send(new CreateFileSystemCommand({ CreationToken: 't', Encrypted: true, ThroughputMode: 'elastic' }));
	const target = (SubnetId: string | undefined) => efs.send(new CreateMountTargetCommand({ FileSystemId, SubnetId }));
	const state = async () => (await efs.send(new DescribeFileSystemsCommand({ FileSystemId }))).FileSystems?.[0];
	expect(LifeCycleState).toBe('creating');
	expect(await refusal(target(first))).toMatch(/^IncorrectFileSystemLifeCycleState/);
	await eventually('the file system is available', async () => (await state())?.LifeCycleState === 'available');
	expect(await efs.send(new CreateFileSystemCommand({ CreationToken: 't' })).catch((error: unknown) => error)).toMatchObject({ name: 'FileSystemAlreadyExists', FileSystemId });

	const { MountTargetId } = await target(first);
	await target(second);
	expect(await refusal(target(twin))).toMatch(/^MountTargetConflict/);
	const targets = async () => (await efs.send(new DescribeMountTargetsCommand({ FileSystemId }))).MountTargets ?? [];
	expect((await targets()).map((each) => each.LifeCycleState)).toContain('creating');
	await eventually('the targets are available', async () => (await targets()).every((each) => each.LifeCycleState === 'available'));
	const { NetworkInterfaces: [held] = [] } = await ec2.send(new DescribeNetworkInterfacesCommand({ Filters: [{ Name: 'subnet-id', Values: [first ?? ''] }] }));
	expect(held).toMatchObject({ Description: `EFS mount target for ${FileSystemId} (${MountTargetId})`, Status: 'in-use', RequesterManaged: true });
	expect(await refusal(ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId: held?.NetworkInterfaceId })))).toMatch(/^InvalidParameterValue.*currently in use/);
	expect(await refusal(ec2.send(new DeleteSubnetCommand({ SubnetId: first })))).toMatch(/^DependencyViolation/);

	const point = { FileSystemId, ClientToken: 'p', RootDirectory: { Path: '/airflow', CreationInfo: { OwnerUid: 50000, OwnerGid: 50000, Permissions: '0755' } } };
	const { AccessPointId } = await efs.send(new CreateAccessPointCommand(point));
	expect(await refusal(efs.send(new CreateAccessPointCommand(point)))).toMatch(/^AccessPointAlreadyExists/);
	await efs.send(new DeleteAccessPointCommand({ AccessPointId }));
	const again = await efs.send(new CreateAccessPointCommand(point));
	expect(again.AccessPointId).not.toBe(AccessPointId);

	expect(await refusal(efs.send(new PutFileSystemPolicyCommand({ FileSystemId, Policy: 'not json' })))).toMatch(/^InvalidPolicyException/);
	await efs.send(new PutFileSystemPolicyCommand({ FileSystemId, Policy: '{}' }));
	await efs.send(new DeleteFileSystemPolicyCommand({ FileSystemId }));
	expect(await refusal(efs.send(new DescribeFileSystemPolicyCommand({ FileSystemId })))).toMatch(/^PolicyNotFound/);
	await efs.send(new UpdateFileSystemCommand({ FileSystemId, ThroughputMode: 'bursting' }));
	expect((await state())?.ThroughputMode).toBe('bursting');

	expect(await refusal(efs.send(new DeleteFileSystemCommand({ FileSystemId })))).toMatch(/^FileSystemInUse/);
	for (const each of await targets()) await efs.send(new DeleteMountTargetCommand({ MountTargetId: each.MountTargetId }));
	expect((await targets()).map((each) => each.LifeCycleState)).toEqual(['deleting', 'deleting']);
	expect(await refusal(efs.send(new DeleteFileSystemCommand({ FileSystemId })))).toMatch(/^FileSystemInUse/);
	await eventually('the targets are gone', async () => (await targets()).length === 0);
	expect((await ec2.send(new DescribeNetworkInterfacesCommand({ Filters: [{ Name: 'vpc-id', Values: [Vpc?.VpcId ?? ''] }] }))).NetworkInterfaces).toEqual([]);
	await efs.send(new DeleteFileSystemCommand({ FileSystemId }));
	expect((await state())?.LifeCycleState).toBe('deleting');
	await eventually('the file system is gone', async () => (await refusal(state()).catch(() => '')).startsWith('FileSystemNotFound'));
});

describe('S3', () => {
	let s3: S3Client;
	beforeAll(async () => {
		s3 = endpoint.client(S3Client);
		await s3.send(new CreateBucketCommand({ Bucket: 'laws', CreateBucketConfiguration: { Tags: [{ Key: 'a&b', Value: '<c>' }] } }));
	});

	test('tags of the creation are there', async () => {
		expect((await s3.send(new GetBucketTaggingCommand({ Bucket: 'laws' }))).TagSet).toEqual([{ Key: 'a&b', Value: '<c>' }]);
	});

	test('two settings of one bucket at the same time: one is refused', async () => {
		const puts = [
			s3.send(new PutPublicAccessBlockCommand({ Bucket: 'laws', PublicAccessBlockConfiguration: { BlockPublicAcls: true } })),
			s3.send(new PutBucketOwnershipControlsCommand({ Bucket: 'laws', OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] } })),
		];
		const refused = (await Promise.allSettled(puts)).filter((each) => each.status === 'rejected');
		expect(refused.map(({ reason }) => (reason as Error).name)).toEqual(['OperationAborted']);
		await s3.send(new PutBucketVersioningCommand({ Bucket: 'laws', VersioningConfiguration: { Status: 'Enabled' } }));
	});

	test('conditional writes: of two creators one wins', async () => {
		const put = (condition: object, Body = 'x') => s3.send(new PutObjectCommand({ Bucket: 'laws', Key: 'anchor', Body, ...condition }));
		const results = await Promise.allSettled([1, 2, 3].map((each) => put({ IfNoneMatch: '*' }, `${each}`)));
		expect(results.filter((each) => each.status === 'fulfilled')).toHaveLength(1);
		expect(results.flatMap((each) => (each.status === 'rejected' ? [(each.reason as Error).name] : []))).toEqual(['PreconditionFailed', 'PreconditionFailed']);
		expect(await refusal(put({ IfMatch: '"0123"' }))).toMatch(/^PreconditionFailed/);
	});

	test('a bucket is held by objects, versions and delete markers', async () => {
		const remove = () => s3.send(new DeleteBucketCommand({ Bucket: 'laws' }));
		expect(await refusal(remove())).toMatch(/^BucketNotEmpty/);
		await s3.send(new DeleteObjectCommand({ Bucket: 'laws', Key: 'anchor' }));
		expect(await refusal(remove())).toMatch(/^BucketNotEmpty/);
		const { Versions = [], DeleteMarkers = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket: 'laws' }));
		for (const { Key, VersionId } of [...Versions, ...DeleteMarkers]) await s3.send(new DeleteObjectCommand({ Bucket: 'laws', Key, VersionId }));
		await remove();
	});

	test("another account's bucket", async () => {
		expect(await refusal(s3.send(new CreateBucketCommand({ Bucket: 'taken-by-someone' })))).toMatch(/^BucketAlreadyExists/);
		expect((await s3.send(new HeadBucketCommand({ Bucket: 'taken-by-someone' })).catch((error: unknown) => error)) as object).toMatchObject({ $metadata: { httpStatusCode: 403 } });
		await s3.send(new CreateBucketCommand({ Bucket: 'owned-by-us' }));
		expect((await s3.send(new HeadBucketCommand({ Bucket: 'owned-by-us', ExpectedBucketOwner: '111111111111' })).catch((error: unknown) => error)) as object).toMatchObject({ $metadata: { httpStatusCode: 403 } });
		expect((await s3.send(new HeadBucketCommand({ Bucket: 'not-there', ExpectedBucketOwner: '111111111111' })).catch((error: unknown) => error)) as object).toMatchObject({ $metadata: { httpStatusCode: 404 } });
	});

	test('the name of a deleted bucket is taken for a while', async () => {
		const create = () => s3.send(new CreateBucketCommand({ Bucket: 'back-again' }));
		await create();
		await s3.send(new DeleteBucketCommand({ Bucket: 'back-again' }));
		expect(await refusal(create())).toMatch(/^OperationAborted/);
		await eventually('the name is free', () => create().then(() => true, () => false));
	});

	test('location and names', async () => {
		const europe = endpoint.client(S3Client, 'eu-west-1');
		const create = (client: S3Client, Bucket: string, LocationConstraint?: string) => client.send(new CreateBucketCommand({ Bucket, ...(LocationConstraint === undefined ? {} : { CreateBucketConfiguration: { LocationConstraint: LocationConstraint as 'eu-west-1' } }) }));
		expect(await refusal(create(s3, 'in-virginia', 'us-east-1'))).toMatch(/^InvalidLocationConstraint/);
		// The SDK adds a constraint by itself.
		expect((await plain(endpoint.url, { method: 'PUT', path: '/in-europe', scope: 's3/eu-west-1' })).body).toContain('<Code>IllegalLocationConstraintException</Code>');
		await create(europe, 'in-europe', 'eu-west-1');
		expect(await refusal(create(europe, 'in-europe', 'eu-west-1'))).toMatch(/^BucketAlreadyOwnedByYou/);
		await create(s3, 'owned-twice');
		await create(s3, 'owned-twice');
		const names = ['ab', 'Upper', 'xn--a', 'sthree-a', 'a-s3alias', 'a..b', '192.168.1.1', 'under_score'];
		const refused = await Promise.all(names.map(async (name) => (await refusal(create(s3, name))).split(':')[0]));
		expect(refused).toEqual(names.map(() => 'InvalidBucketName'));
	});
});

describe('IAM', () => {
	let iam: IAMClient;
	beforeAll(() => {
		iam = endpoint.client(IAMClient);
	});
	const trust = JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { Service: 'ecs-tasks.amazonaws.com' }, Action: 'sts:AssumeRole' }] });
	const policy = (filler = '') => JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: `arn:aws:s3:::bucket/${filler}` }] });

	test('a role is held by policies and instance profiles; its name is unique whatever its case', async () => {
		const RoleName = 'Held';
		const PolicyArn = 'arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy';
		const remove = () => iam.send(new DeleteRoleCommand({ RoleName }));
		await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trust }));
		expect(await refusal(iam.send(new CreateRoleCommand({ RoleName: 'hELD', AssumeRolePolicyDocument: trust })))).toMatch(/^EntityAlreadyExists/);
		await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'p', PolicyDocument: policy() }));
		expect(await refusal(iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'q', PolicyDocument: policy('x'.repeat(10_240)) })))).toMatch(/^LimitExceeded/);
		expect(await refusal(remove())).toMatch(/^DeleteConflict/);
		await iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName: 'p' }));
		await iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn }));
		expect(await refusal(remove())).toMatch(/^DeleteConflict/);
		await iam.send(new DetachRolePolicyCommand({ RoleName, PolicyArn }));
		await iam.send(new CreateInstanceProfileCommand({ InstanceProfileName: 'i' }));
		await iam.send(new AddRoleToInstanceProfileCommand({ InstanceProfileName: 'i', RoleName }));
		expect(await refusal(remove())).toMatch(/^DeleteConflict/);
		await iam.send(new RemoveRoleFromInstanceProfileCommand({ InstanceProfileName: 'i', RoleName }));
		await remove();
		await iam.send(new CreateRoleCommand({ RoleName: 'held', AssumeRolePolicyDocument: trust }));
		expect(await refusal(iam.send(new CreateRoleCommand({ RoleName: 'r'.repeat(65), AssumeRolePolicyDocument: trust })))).toMatch(/^ValidationError/);
	});

	test('service-linked roles: made once, or by the first use, never removed as a role', async () => {
		await iam.send(new CreateServiceLinkedRoleCommand({ AWSServiceName: 'elasticloadbalancing.amazonaws.com' }));
		expect(await refusal(iam.send(new CreateServiceLinkedRoleCommand({ AWSServiceName: 'elasticloadbalancing.amazonaws.com' })))).toMatch(/^InvalidInput.*has been taken in this account/);
		expect(await refusal(iam.send(new DeleteRoleCommand({ RoleName: 'AWSServiceRoleForElasticLoadBalancing' })))).toMatch(/^UnmodifiableEntity/);
		await endpoint.client(EFSClient, 'eu-north-1').send(new CreateFileSystemCommand({ CreationToken: 'first use' }));
		expect((await iam.send(new GetRoleCommand({ RoleName: 'AWSServiceRoleForAmazonElasticFileSystem' }))).Role?.Path).toBe('/aws-service-role/elasticfilesystem.amazonaws.com/');
	});
});

test('Secrets Manager: a deleted name is reserved', async () => {
	const secrets = endpoint.client(SecretsManagerClient);
	const create = () => secrets.send(new CreateSecretCommand({ Name: 'held', SecretString: 'x' }));
	const scheduled = "InvalidRequestException: You can't create this secret because a secret with this name is already scheduled for deletion.";
	const { ARN } = await create();
	expect(await refusal(create())).toMatch(/^ResourceExistsException/);
	await secrets.send(new DeleteSecretCommand({ SecretId: ARN }));
	expect(await refusal(create())).toBe(scheduled);
	await secrets.send(new RestoreSecretCommand({ SecretId: ARN }));
	await secrets.send(new DeleteSecretCommand({ SecretId: ARN, ForceDeleteWithoutRecovery: true }));
	expect(await refusal(create())).toBe(scheduled);
	await eventually('the name is free', async () => (await create().catch(() => undefined)) !== undefined);
	expect(await refusal(secrets.send(new CreateSecretCommand({ Name: 'long', SecretString: 'x'.repeat(65_537) })))).toMatch(/^ValidationException/);
	expect(await refusal(secrets.send(new DeleteSecretCommand({ SecretId: 'held', RecoveryWindowInDays: 3 })))).toMatch(/^InvalidParameterException/);
});

test('Cloud Map: a namespace is held by its services, a service by its instances', async () => {
	const call = async (operation: string, body: object): Promise<string> => (await plain(endpoint.url, { method: 'POST', scope: 'servicediscovery', headers: { 'x-amz-target': `Route53AutoNaming_v20170314.${operation}`, 'content-type': 'application/x-amz-json-1.1' }, body: JSON.stringify(body) })).body;
	await call('CreateHttpNamespace', { Name: 'held' });
	const { Namespaces: [namespace] = [] } = JSON.parse(await call('ListNamespaces', {})) as { Namespaces?: { Id: string }[] };
	const { Service } = JSON.parse(await call('CreateService', { Name: 'holder', NamespaceId: namespace?.Id })) as { Service: { Id: string } };
	await call('RegisterInstance', { ServiceId: Service.Id, InstanceId: 'one', Attributes: { AWS_INSTANCE_IPV4: '10.0.0.1' } });
	expect(await call('DeleteNamespace', { Id: namespace?.Id })).toContain('ResourceInUse');
	expect(await call('DeleteService', { Id: Service.Id })).toContain('ResourceInUse');
	await call('DeregisterInstance', { ServiceId: Service.Id, InstanceId: 'one' });
	expect(await call('DeleteService', { Id: Service.Id })).not.toContain('ResourceInUse');
	expect(await call('DeleteNamespace', { Id: namespace?.Id })).toContain('OperationId');
});

test('CloudWatch Logs: a group that is made again has nothing of the one before', async () => {
	const logs = endpoint.client(CloudWatchLogsClient);
	const group = { logGroupName: '/airflow-deploy/again' };
	await logs.send(new CreateLogGroupCommand({ ...group, tags: { owner: 'first' } }));
	expect(await refusal(logs.send(new CreateLogGroupCommand({ ...group, tags: { owner: 'second' } })))).toMatch(/^ResourceAlreadyExistsException/);
	await logs.send(new DeleteLogGroupCommand(group));
	expect(await refusal(logs.send(new DeleteLogGroupCommand(group)))).toMatch(/^ResourceNotFoundException/);
	await logs.send(new CreateLogGroupCommand(group));
	const [made] = (await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: group.logGroupName }))).logGroups ?? [];
	expect((await logs.send(new ListTagsForResourceCommand({ resourceArn: made?.arn?.replace(/:\*$/, '') }))).tags).toEqual({});
});

test('CloudWatch Logs: retention and batches', async () => {
	const logs = endpoint.client(CloudWatchLogsClient);
	const stream = { logGroupName: '/airflow-deploy/laws', logStreamName: 's' };
	await logs.send(new CreateLogGroupCommand(stream));
	await logs.send(new CreateLogStreamCommand(stream));
	expect(await refusal(logs.send(new PutRetentionPolicyCommand({ ...stream, retentionInDays: 13 })))).toMatch(/^InvalidParameterException/);
	await logs.send(new PutRetentionPolicyCommand({ ...stream, retentionInDays: 14 }));
	const put = (...logEvents: { timestamp: number; message: string }[]) => logs.send(new PutLogEventsCommand({ ...stream, logEvents }));
	const now = Date.now();
	await put({ timestamp: now, message: 'a' }, { timestamp: now, message: 'b' });
	expect(await refusal(put({ timestamp: now, message: 'a' }, { timestamp: now - 1, message: 'b' }))).toMatch(/chronological order/);
	expect(await refusal(put({ timestamp: now, message: 'x'.repeat(1_048_576) }))).toMatch(/^InvalidParameterException: Upload too large/);
	expect(await refusal(put())).toMatch(/^InvalidParameterException/);
});

test('ECR: the digest is that of the manifest, and there is no registry to push to', async () => {
	const ecr = endpoint.client(ECRClient);
	const repositoryName = 'airflow-shared';
	const { repository } = await ecr.send(new CreateRepositoryCommand({ repositoryName, imageTagMutability: 'IMMUTABLE' }));
	expect(repository?.repositoryUri).toBe('000000000000.dkr.ecr.us-east-1.amazonaws.com/airflow-shared');
	const manifest = (context: string) => JSON.stringify({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.manifest.v1+json', config: { mediaType: 'application/vnd.oci.image.config.v1+json', size: 2, digest: `sha256:${'0'.repeat(64)}` }, layers: [], annotations: { 'airflow-deploy:context': context } });
	for (const tag of ['one', 'two']) {
		const { image } = await ecr.send(new PutImageCommand({ repositoryName, imageTag: tag, imageManifest: manifest(tag) }));
		expect(image?.imageId?.imageDigest).toBe(`sha256:${createHash('sha256').update(manifest(tag)).digest('hex')}`);
	}
	expect(await refusal(ecr.send(new PutImageCommand({ repositoryName, imageTag: 'one', imageManifest: manifest('other') })))).toMatch(/^ImageTagAlreadyExistsException/);
	expect((await ecr.send(new DescribeImagesCommand({ repositoryName }))).imageDetails).toHaveLength(2);
	const { authorizationData: [authorization] = [] } = await ecr.send(new GetAuthorizationTokenCommand({}));
	expect(authorization?.proxyEndpoint).toBe(endpoint.url);
	expect(await refusal(ecr.send(new CreateRepositoryCommand({ repositoryName: 'Upper' })))).toMatch(/^InvalidParameterException/);
});
