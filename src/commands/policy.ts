import { Exit, UserError } from '../errors.ts';
import type { Grant } from '../engine/resource.ts';
import type { CommandContext } from './context.ts';
import { defineCommand, value } from './define.ts';
import { type PolicyDocument, type Placeholders, policyDocuments } from './policy-documents.ts';

/** What is asked before the first create, beside the objects themselves (environment/preflight.ts, doctor/ and what they call). */
const beside: readonly Grant[] = [
	{
		actions: [
			...['Addresses', 'AvailabilityZones', 'DhcpOptions', 'Regions', 'RouteTables', 'Subnets', 'VpcAttribute', 'VpcBlockPublicAccessOptions', 'VpcEndpoints', 'Vpcs'].map((what) => `ec2:Describe${what}`),
			'ecs:ListAccountSettings',
			'iam:SimulatePrincipalPolicy',
			'rds:DescribeDBInstances',
			'route53:GetHostedZone',
			'rds:DescribeOrderableDBInstanceOptions',
			'servicequotas:GetServiceQuota',
		],
		on: ['*'],
		for: 'up',
	},
];

/** What teardown and `state recover` look for beside what is recorded (environment/lookalikes.ts). */
const receipt: readonly Grant[] = [
	{
		actions: ['ecs:ListTaskDefinitionFamilies', 'ecs:ListTaskDefinitions', 'iam:ListRoles', 'logs:DescribeLogGroups', 'rds:DescribeDBInstanceAutomatedBackups', 'rds:DescribeDBInstances', 'rds:DescribeDBSnapshots', 'secretsmanager:ListSecrets'],
		on: ['*'],
	},
	{ actions: ['logs:ListTagsForResource'], on: ['arn:{partition}:logs:{region}:{account}:log-group:*'] },
];

/** What `logs`, `exec`, `validate` and `branch connect` ask of what stands. */
const operating: readonly Grant[] = [
	{ actions: ['logs:FilterLogEvents', 'logs:StartLiveTail', 'logs:StopLiveTail'], on: ['arn:{partition}:logs:{region}:{account}:log-group:/airflow-deploy/{project}/*'], for: 'up' },
	// Checked on the cluster and on the task.
	{ actions: ['ecs:ExecuteCommand'], on: ['cluster/{project}-*', 'task/{project}-*/*'].map((part) => `arn:{partition}:ecs:{region}:{account}:${part}`), for: 'up' },
	// Checked on the task and on the document, which belongs to no account.
	// Whom to trust at a load balancer on this machine: what it shows is public.
	{ actions: ['acm:GetCertificate'], on: ['arn:{partition}:acm:{region}:{account}:certificate/*'], for: 'up' },
	{ actions: ['ssm:StartSession'], on: ['arn:{partition}:ecs:{region}:{account}:task/{project}-*/*', 'arn:{partition}:ssm:{region}::document/AWS-StartPortForwardingSession'], for: 'up' },
];

interface Policies {
	readonly up?: readonly PolicyDocument[];
	readonly teardown?: readonly PolicyDocument[];
}

export const policy = defineCommand({
	name: 'policy',
	summary: 'print the IAM policies that up and teardown need',
	options: {
		for: value('<verb>', 'one of the two only', ['up', 'teardown']),
		account: value('<id>', 'the account to write into them, instead of asking AWS'),
	},
	async run(context, { for: verb, account }) {
		const { ui, config } = context;
		const { kinds } = await import('../resources/registry.ts');
		const grants = [...beside, ...operating, ...receipt, ...[...kinds.values()].flatMap(({ permissions }) => permissions)];
		const placeholders = { ...(await placeOf(context, account)), project: config.project, 'role-path': config.rolePath };
		const policies: Policies = Object.fromEntries((['up', 'teardown'] as const).filter((purpose) => verb === undefined || verb === purpose).map((purpose) => [purpose, policyDocuments(grants, purpose, placeholders)]));
		ui.result(policies, (all) => JSON.stringify(all, null, 2));
		const counts = Object.entries(policies).map(([purpose, documents]) => `${purpose}: ${documents.length}`).join(', ');
		ui.note(`customer managed policies to attach (10 a role, 6,144 characters each): ${counts}`);
		return Exit.ok;
	},
});

async function placeOf({ connect, region }: CommandContext, account: string | undefined): Promise<Pick<Placeholders, 'partition' | 'account' | 'region'>> {
	if (account === undefined) {
		const aws = await connect();
		return { partition: aws.partition, account: aws.account, region: aws.region };
	}
	if (!/^\d{12}$/.test(account)) throw new UserError('InvalidAccount', `--account: "${account}" is no account id: 12 digits`, { hint: 'airflow-deploy policy --account 123456789012', exit: Exit.usage });
	return { partition: partitionOf(region.name), account, region: region.name };
}

/** Without a caller's ARN the region tells (botocore's partitions.json). */
function partitionOf(region: string): string {
	const partitions = { 'cn-': 'aws-cn', 'us-gov-': 'aws-us-gov', 'us-iso-': 'aws-iso', 'us-isob-': 'aws-iso-b', 'eu-isoe-': 'aws-iso-e', 'us-isof-': 'aws-iso-f', 'eusc-': 'aws-eusc' };
	return Object.entries(partitions).find(([start]) => region.startsWith(start))?.[1] ?? 'aws';
}
