import { CloudWatchLogsClient, ListTagsForResourceCommand, paginateDescribeLogGroups } from '@aws-sdk/client-cloudwatch-logs';
import { DescribeInternetGatewaysCommand, DescribeNetworkInterfacesCommand, DescribeRouteTablesCommand, DescribeSecurityGroupsCommand, DescribeSubnetsCommand, DescribeVpcsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { ECSClient, paginateListTaskDefinitionFamilies, paginateListTaskDefinitions } from '@aws-sdk/client-ecs';
import { EFSClient, paginateDescribeFileSystems } from '@aws-sdk/client-efs';
import { GetRoleCommand, IAMClient, paginateListRoles } from '@aws-sdk/client-iam';
import { DescribeDBInstanceAutomatedBackupsCommand, paginateDescribeDBInstances, paginateDescribeDBSnapshots, RDSClient } from '@aws-sdk/client-rds';
import { DescribeSecretCommand, paginateListSecrets, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { Aws } from '../aws/clients.ts';
import { filter } from '../resources/ec2.ts';
import { describeDefinition, lastPart, tagsFromEcs } from '../resources/ecs.ts';
import { ignoring, tagList } from '../resources/support.ts';

type Tags = readonly { Key?: string | undefined; Value?: string | undefined }[];

/** An object that could be an environment's, by its tags or by how its name begins. */
export interface Lookalike {
	/** CloudFormation's name of its kind. */
	readonly type: string;
	readonly id: string;
	readonly tags: Tags;
	readonly createdAt?: Date | undefined;
}

/** Where is looked: all that could be of these scopes. */
interface Field {
	readonly aws: Aws;
	readonly project: string;
	/** Environments, and `shared`. */
	readonly scopes: readonly string[];
	/** Where our roles are: `/`, or what AIRFLOW_DEPLOY_ROLE_PATH says. */
	readonly rolePath: string;
}

type Look = (field: Field) => Promise<Lookalike[]>;

/** By what is asked for, for people. None relies on the tagging API, which shows what is gone and knows no roles. */
export const looks: Readonly<Record<string, Look>> = {
	'networks, groups and interfaces': async ({ aws, project }) => {
		const ec2 = aws.client(EC2Client);
		const ours = { Filters: [filter('tag:airflow-deploy:project', project)] };
		const found = await Promise.all([
			ec2.send(new DescribeVpcsCommand(ours)).then(({ Vpcs }) => Vpcs?.map(({ VpcId, Tags }) => seen('AWS::EC2::VPC', VpcId, Tags))),
			ec2.send(new DescribeSubnetsCommand(ours)).then(({ Subnets }) => Subnets?.map(({ SubnetId, Tags }) => seen('AWS::EC2::Subnet', SubnetId, Tags))),
			ec2.send(new DescribeSecurityGroupsCommand(ours)).then(({ SecurityGroups }) => SecurityGroups?.map(({ GroupId, Tags }) => seen('AWS::EC2::SecurityGroup', GroupId, Tags))),
			ec2.send(new DescribeInternetGatewaysCommand(ours)).then(({ InternetGateways }) => InternetGateways?.map(({ InternetGatewayId, Tags }) => seen('AWS::EC2::InternetGateway', InternetGatewayId, Tags))),
			ec2.send(new DescribeRouteTablesCommand(ours)).then(({ RouteTables }) => RouteTables?.map(({ RouteTableId, Tags }) => seen('AWS::EC2::RouteTable', RouteTableId, Tags))),
			ec2.send(new DescribeNetworkInterfacesCommand(ours)).then(({ NetworkInterfaces }) => NetworkInterfaces?.map(({ NetworkInterfaceId, TagSet }) => seen('AWS::EC2::NetworkInterface', NetworkInterfaceId, TagSet))),
		]);
		return found.flatMap((each) => each ?? []);
	},

	'log groups': async ({ aws, project, scopes }) => {
		const logs = aws.client(CloudWatchLogsClient);
		const prefixes = scopes.flatMap((scope) => [`/airflow-deploy/${project}/${scope}/`, `/aws/rds/instance/${project}-${scope}-`, `/aws/ecs/containerinsights/${project}-${scope}-`]);
		return each(prefixes, (logGroupNamePrefix) => paginateDescribeLogGroups({ client: logs }, { logGroupNamePrefix }), async ({ logGroups = [] }) =>
			Promise.all(logGroups.map(async ({ logGroupName = '', creationTime = 0 }) => {
				const resourceArn = `arn:${aws.partition}:logs:${aws.region}:${aws.account}:log-group:${logGroupName}`;
				const answer = await ignoring(['ResourceNotFoundException'], logs.send(new ListTagsForResourceCommand({ resourceArn })));
				return { ...seen('AWS::Logs::LogGroup', logGroupName, tagList(answer?.tags ?? {})), createdAt: new Date(creationTime) };
			})));
	},

	'task definitions': async ({ aws, project, scopes }) => {
		const client = aws.client(ECSClient);
		const families = await each(scopes, (scope) => paginateListTaskDefinitionFamilies({ client }, { familyPrefix: `${project}-${scope}-`, status: 'ACTIVE' }), async (page) => page.families ?? []);
		const arns = await each(families, (familyPrefix) => paginateListTaskDefinitions({ client }, { familyPrefix, status: 'ACTIVE' }), async (page) => page.taskDefinitionArns ?? []);
		return Promise.all(arns.map(async (arn) => seen('AWS::ECS::TaskDefinition', lastPart(arn), tagsFromEcs((await describeDefinition(aws, arn))?.tags))));
	},

	secrets: async ({ aws, project, scopes }) => {
		const client = aws.client(SecretsManagerClient);
		const listed = await each(scopes, (scope) => paginateListSecrets({ client }, { Filters: [{ Key: 'name', Values: [`${project}-${scope}-`] }] }), async (page) => page.SecretList ?? []);
		// The list lags.
		const there = await Promise.all(listed.map(({ ARN }) => ignoring(['ResourceNotFoundException'], client.send(new DescribeSecretCommand({ SecretId: ARN })))));
		return there.flatMap((secret) => (secret && !secret.DeletedDate ? [seen('AWS::SecretsManager::Secret', secret.ARN, secret.Tags)] : []));
	},

	databases: async ({ aws, project, scopes }) => {
		const isLike = named(project, scopes);
		return each([{}], () => paginateDescribeDBInstances({ client: aws.client(RDSClient) }, {}), async ({ DBInstances = [] }) =>
			DBInstances.flatMap(({ DBInstanceIdentifier = '', DBInstanceStatus, TagList }) => (isLike(DBInstanceIdentifier) && DBInstanceStatus !== 'deleting' ? [seen('AWS::RDS::DBInstance', DBInstanceIdentifier, TagList)] : [])));
	},

	'snapshots and backups': async ({ aws, project, scopes }) => {
		const isLike = named(project, scopes);
		const client = aws.client(RDSClient);
		const snapshots = await each([{}], () => paginateDescribeDBSnapshots({ client }, { SnapshotType: 'manual' }), async ({ DBSnapshots = [] }) =>
			DBSnapshots.flatMap(({ DBInstanceIdentifier = '', DBSnapshotIdentifier, TagList }) => (isLike(DBInstanceIdentifier) ? [seen('AWS::RDS::DBSnapshot', DBSnapshotIdentifier, TagList)] : [])));
		const { DBInstanceAutomatedBackups = [] } = await client.send(new DescribeDBInstanceAutomatedBackupsCommand({}));
		// Those of an instance that stands are its own.
		const backups = DBInstanceAutomatedBackups.filter(({ DBInstanceIdentifier = '', Status }) => Status === 'retained' && isLike(DBInstanceIdentifier));
		return [...snapshots, ...backups.map(({ DBInstanceAutomatedBackupsArn, DbiResourceId, TagList }) => seen('AWS::RDS::DBInstanceAutomatedBackup', DBInstanceAutomatedBackupsArn ?? DbiResourceId, TagList))];
	},

	'file systems': async ({ aws, project }) =>
		each([{}], () => paginateDescribeFileSystems({ client: aws.client(EFSClient) }, {}), async ({ FileSystems = [] }) =>
			FileSystems.flatMap(({ FileSystemId, LifeCycleState, Tags }) => (valueOf(Tags, 'project') === project && !LifeCycleState?.startsWith('delet') ? [seen('AWS::EFS::FileSystem', FileSystemId, Tags)] : []))),

	roles: async ({ aws, project, scopes, rolePath }) => {
		const isLike = named(project, scopes);
		const client = aws.client(IAMClient);
		const roles = await each([rolePath], (PathPrefix) => paginateListRoles({ client }, { PathPrefix }), async ({ Roles = [] }) => Roles.filter(({ RoleName = '' }) => isLike(RoleName) && RoleName.endsWith(`-${aws.region}`)));
		// The list shows no tags.
		const there = await Promise.all(roles.map(({ RoleName }) => ignoring(['NoSuchEntityException'], client.send(new GetRoleCommand({ RoleName })))));
		return there.flatMap((answer) => (answer?.Role ? [seen('AWS::IAM::Role', answer.Role.RoleName, answer.Role.Tags)] : []));
	},
};

/** A tag of ours, by its last word. */
export function valueOf(tags: Tags | undefined, word: 'project' | 'environment' | 'nonce'): string | undefined {
	return tags?.find(({ Key }) => Key === `airflow-deploy:${word}`)?.Value;
}

function named(project: string, scopes: readonly string[]): (name: string) => boolean {
	return (name) => scopes.some((scope) => name.startsWith(`${project}-${scope}-`));
}

function seen(type: string, id: string | undefined, tags: Tags | undefined): Lookalike {
	return { type, id: id ?? '', tags: tags ?? [] };
}

/** What all pages of all questions hold. */
async function each<Question, Page, Item>(questions: readonly Question[], ask: (question: Question) => AsyncIterable<Page>, items: (page: Page) => Promise<readonly Item[]>): Promise<Item[]> {
	const found = await Promise.all(questions.map(async (question) => {
		const all: Item[] = [];
		for await (const page of ask(question)) all.push(...(await items(page)));
		return all;
	}));
	return found.flat();
}
