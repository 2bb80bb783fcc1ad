import type { Grant } from '../engine/resource.ts';
import { kinds } from '../resources/registry.ts';

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
	// Whom to trust at a load balancer on this machine: what it shows is public.
	{ actions: ['acm:GetCertificate'], on: ['arn:{partition}:acm:{region}:{account}:certificate/*'], for: 'up' },
	// Checked on the task and on the document, which belongs to no account.
	{ actions: ['ssm:StartSession'], on: ['arn:{partition}:ecs:{region}:{account}:task/{project}-*/*', 'arn:{partition}:ssm:{region}::document/AWS-StartPortForwardingSession'], for: 'up' },
];

/** What up, teardown and all commands about what stands ask of AWS. */
export function allGrants(): Grant[] {
	return [...beside, ...operating, ...receipt, ...[...kinds.values()].flatMap(({ permissions }) => permissions)];
}
