import { CloudWatchLogsClient, DescribeLogGroupsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { DescribeInternetGatewaysCommand, DescribeNetworkInterfacesCommand, DescribeRouteTablesCommand, DescribeSecurityGroupRulesCommand, DescribeSecurityGroupsCommand, DescribeSubnetsCommand, DescribeVpcsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { DescribeRepositoriesCommand, ECRClient } from '@aws-sdk/client-ecr';
import { ECSClient, ListClustersCommand, ListServicesCommand, ListTaskDefinitionsCommand, ListTasksCommand } from '@aws-sdk/client-ecs';
import { DescribeAccessPointsCommand, DescribeFileSystemsCommand, DescribeMountTargetsCommand, EFSClient } from '@aws-sdk/client-efs';
import { DescribeLoadBalancersCommand, DescribeTargetGroupsCommand, ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { IAMClient, ListPoliciesCommand, ListRolePoliciesCommand, ListRolesCommand } from '@aws-sdk/client-iam';
import { DescribeDBInstancesCommand, DescribeDBSnapshotsCommand, DescribeDBSubnetGroupsCommand, RDSClient } from '@aws-sdk/client-rds';
import { ListBucketsCommand, ListObjectVersionsCommand, S3Client } from '@aws-sdk/client-s3';
import { ListSchedulesCommand, SchedulerClient } from '@aws-sdk/client-scheduler';
import { ListSecretsCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { settings } from '../../src/aws/clients.ts';

/** Ids by kind. */
export type Inventory = ReadonlyMap<string, readonly string[]>;

type Look = (ask: Ask) => Promise<readonly (string | undefined)[]>;
type Ask = <C>(type: new (config: never) => C) => C;

/** The lease of a run that died stays while its environment stands: the next one to change something takes it over. */
export const leaseKind = 'lease of a branch';

/** Everything in an account that `up`, `deploy` and branches could make, whoever made it: by listing, not by what is recorded. */
const looks: Readonly<Record<string, Look>> = {
	vpc: async (ask) => ((await ask(EC2Client).send(new DescribeVpcsCommand({}))).Vpcs ?? []).map(({ VpcId }) => VpcId),
	subnet: async (ask) => ((await ask(EC2Client).send(new DescribeSubnetsCommand({}))).Subnets ?? []).map(({ SubnetId }) => SubnetId),
	'security group': async (ask) => ((await ask(EC2Client).send(new DescribeSecurityGroupsCommand({}))).SecurityGroups ?? []).map(({ GroupId }) => GroupId),
	'security group rule': async (ask) => ((await ask(EC2Client).send(new DescribeSecurityGroupRulesCommand({}))).SecurityGroupRules ?? []).map(({ SecurityGroupRuleId }) => SecurityGroupRuleId),
	'internet gateway': async (ask) => ((await ask(EC2Client).send(new DescribeInternetGatewaysCommand({}))).InternetGateways ?? []).map(({ InternetGatewayId }) => InternetGatewayId),
	'route table': async (ask) => (await routeTables(ask)).map(({ RouteTableId }) => RouteTableId),
	route: async (ask) => (await routeTables(ask)).flatMap(({ RouteTableId, Routes = [] }) => Routes.map(({ DestinationCidrBlock }) => `${RouteTableId} ${DestinationCidrBlock}`)),
	association: async (ask) => (await routeTables(ask)).flatMap(({ Associations = [] }) => Associations.map(({ RouteTableAssociationId }) => RouteTableAssociationId)),
	'network interface': async (ask) => ((await ask(EC2Client).send(new DescribeNetworkInterfacesCommand({}))).NetworkInterfaces ?? []).map(({ NetworkInterfaceId }) => NetworkInterfaceId),
	'file system': async (ask) => (await fileSystems(ask)).map(({ FileSystemId }) => FileSystemId),
	'mount target': async (ask) => (await Promise.all((await fileSystems(ask)).map(async ({ FileSystemId }) => (await ask(EFSClient).send(new DescribeMountTargetsCommand({ FileSystemId }))).MountTargets ?? []))).flat().map(({ MountTargetId }) => MountTargetId),
	'access point': async (ask) => ((await ask(EFSClient).send(new DescribeAccessPointsCommand({}))).AccessPoints ?? []).map(({ AccessPointId }) => AccessPointId),
	bucket: async (ask) => (await buckets(ask)).map(({ Name }) => Name),
	object: async (ask) => (await objects(ask)).filter((key) => !key.endsWith('.lease')),
	[leaseKind]: async (ask) => (await objects(ask)).filter((key) => key.endsWith('.lease')),
	role: async (ask) => (await roles(ask)).map(({ RoleName }) => RoleName),
	'role policy': async (ask) => (await Promise.all((await roles(ask)).map(async ({ RoleName }) => ((await ask(IAMClient).send(new ListRolePoliciesCommand({ RoleName }))).PolicyNames ?? []).map((name) => `${RoleName} ${name}`)))).flat(),
	policy: async (ask) => ((await ask(IAMClient).send(new ListPoliciesCommand({ Scope: 'Local' }))).Policies ?? []).map(({ Arn }) => Arn),
	secret: async (ask) => ((await ask(SecretsManagerClient).send(new ListSecretsCommand({ IncludePlannedDeletion: true, MaxResults: 100 }))).SecretList ?? []).map(({ Name }) => Name),
	'log group': async (ask) => ((await ask(CloudWatchLogsClient).send(new DescribeLogGroupsCommand({}))).logGroups ?? []).map(({ logGroupName }) => logGroupName),
	'DB instance': async (ask) => ((await ask(RDSClient).send(new DescribeDBInstancesCommand({}))).DBInstances ?? []).map(({ DBInstanceIdentifier }) => DBInstanceIdentifier),
	'DB subnet group': async (ask) => ((await ask(RDSClient).send(new DescribeDBSubnetGroupsCommand({}))).DBSubnetGroups ?? []).map(({ DBSubnetGroupName }) => DBSubnetGroupName),
	'DB snapshot': async (ask) => ((await ask(RDSClient).send(new DescribeDBSnapshotsCommand({}))).DBSnapshots ?? []).map(({ DBSnapshotIdentifier }) => DBSnapshotIdentifier),
	repository: async (ask) => ((await ask(ECRClient).send(new DescribeRepositoriesCommand({}))).repositories ?? []).map(({ repositoryName }) => repositoryName),
	cluster: async (ask) => clusters(ask),
	service: async (ask) => (await Promise.all((await clusters(ask)).map(async (cluster) => (await ask(ECSClient).send(new ListServicesCommand({ cluster }))).serviceArns ?? []))).flat(),
	task: async (ask) => (await Promise.all((await clusters(ask)).map(async (cluster) => (await ask(ECSClient).send(new ListTasksCommand({ cluster, desiredStatus: 'RUNNING' }))).taskArns ?? []))).flat(),
	'task definition': async (ask) => (await ask(ECSClient).send(new ListTaskDefinitionsCommand({ status: 'ACTIVE' }))).taskDefinitionArns ?? [],
	schedule: async (ask) => ((await ask(SchedulerClient).send(new ListSchedulesCommand({}))).Schedules ?? []).map(({ Name }) => Name),
	'load balancer': async (ask) => ((await ask(ElasticLoadBalancingV2Client).send(new DescribeLoadBalancersCommand({}))).LoadBalancers ?? []).map(({ LoadBalancerName }) => LoadBalancerName),
	'target group': async (ask) => ((await ask(ElasticLoadBalancingV2Client).send(new DescribeTargetGroupsCommand({}))).TargetGroups ?? []).map(({ TargetGroupName }) => TargetGroupName),
};

const routeTables = async (ask: Ask) => (await ask(EC2Client).send(new DescribeRouteTablesCommand({}))).RouteTables ?? [];
const fileSystems = async (ask: Ask) => (await ask(EFSClient).send(new DescribeFileSystemsCommand({}))).FileSystems ?? [];
const buckets = async (ask: Ask) => (await ask(S3Client).send(new ListBucketsCommand({}))).Buckets ?? [];
const clusters = async (ask: Ask) => (await ask(ECSClient).send(new ListClustersCommand({}))).clusterArns ?? [];

/** A service-linked role is one per account, and stays. */
const roles = async (ask: Ask) => ((await ask(IAMClient).send(new ListRolesCommand({}))).Roles ?? []).filter(({ Path }) => !Path?.startsWith('/aws-service-role/'));

/** What comes and goes by design: images of earlier releases, reports of tasks, leases of what stands in every scenario. */
const passing = /^(images\/|status\/|anchors\/(shared|main)\.lease$)/;

/** Current versions. */
async function objects(ask: Ask): Promise<string[]> {
	const found = await Promise.all((await buckets(ask)).map(async ({ Name: bucket }) => {
		const { Versions = [] } = await ask(S3Client).send(new ListObjectVersionsCommand({ Bucket: bucket }));
		return Versions.filter(({ IsLatest, Key }) => IsLatest === true && !passing.test(Key ?? '')).map(({ Key }) => `${bucket}/${Key}`);
	}));
	return found.flat();
}

const config = (endpoint: string): object => settings({ region: 'us-east-1', endpoint, credentials: { accessKeyId: 'local', secretAccessKey: 'local' } });

/** What the account of an endpoint holds. */
export async function inventoryOf(endpointUrl: string): Promise<Inventory> {
	const clients = new Map<unknown, unknown>();
	const ask = <C>(type: new (config: never) => C): C => {
		const client = (clients.get(type) ?? new type(config(endpointUrl) as never)) as C;
		clients.set(type, client);
		return client;
	};
	const found = await Promise.all(Object.entries(looks).map(async ([kind, look]) => [kind, (await look(ask)).map(String)] as const));
	return new Map(found);
}

/** What is there now and was not before: `kind id`. */
export function surplus(now: Inventory, before: Inventory): string[] {
	return [...now].flatMap(([kind, ids]) => ids.filter((id) => before.get(kind)?.includes(id) !== true).map((id) => `${kind} ${id}`));
}

/** Kinds of which there are more, or fewer, than there should be: `subnet: 3 instead of 2`. */
export function differences(now: Inventory, wanted: Inventory, sign: 1 | -1): string[] {
	return [...now].flatMap(([kind, ids]) => {
		const should = wanted.get(kind)?.length ?? 0;
		return (ids.length - should) * sign > 0 ? [`${kind}: ${ids.length} instead of ${should} (${ids.join(', ')})`] : [];
	});
}
