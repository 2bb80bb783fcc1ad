import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lengthOf, longest, type PolicyDocument, policyDocuments } from '../../src/commands/policy-documents.ts';
import { packageRoot } from '../../src/package.ts';
import { run } from './run.ts';

const placeholders = { partition: 'aws-cn', account: '123456789012', region: 'cn-north-1', project: 'data', 'role-path': '/team/' };

test('grants are filled in, merged and sorted', () => {
	const grants = [
		{ actions: ['ec2:DeleteVpc'], on: ['arn:{partition}:ec2:{region}:{account}:vpc/*'], for: 'teardown' as const },
		{ actions: ['iam:GetRole', 'iam:CreateRole'], on: ['arn:{partition}:iam::{account}:role{role-path}{project}-*'] },
		{ actions: ['ec2:DescribeVpcs'], on: ['*'] },
		{ actions: ['ecs:DescribeClusters'], on: ['*'], for: 'up' as const },
		{ actions: ['ec2:DescribeVpcs'], on: ['*'] },
		{ actions: ['iam:PassRole'], on: ['*'], condition: { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com', x: '${aws:PrincipalTag/{project}}' } } },
	];
	expect(policyDocuments(grants, 'up', placeholders)).toMatchInlineSnapshot(`
		[
		  {
		    "Statement": [
		      {
		        "Action": [
		          "ec2:DescribeVpcs",
		          "ecs:DescribeClusters",
		        ],
		        "Effect": "Allow",
		        "Resource": [
		          "*",
		        ],
		      },
		      {
		        "Action": [
		          "iam:CreateRole",
		          "iam:GetRole",
		        ],
		        "Effect": "Allow",
		        "Resource": [
		          "arn:aws-cn:iam::123456789012:role/team/data-*",
		        ],
		      },
		      {
		        "Action": [
		          "iam:PassRole",
		        ],
		        "Condition": {
		          "StringEquals": {
		            "iam:PassedToService": "ecs-tasks.amazonaws.com",
		            "x": "\${aws:PrincipalTag/data}",
		          },
		        },
		        "Effect": "Allow",
		        "Resource": [
		          "*",
		        ],
		      },
		    ],
		    "Version": "2012-10-17",
		  },
		]
	`);
	expect(JSON.stringify(policyDocuments(grants, 'teardown', placeholders))).toContain('arn:aws-cn:ec2:cn-north-1:123456789012:vpc/*');
});

test('an unknown placeholder is a defect', () => {
	expect(() => policyDocuments([{ actions: ['s3:GetObject'], on: ['arn:{partiton}:s3:::x'] }], 'up', placeholders)).toThrow('{partiton}');
});

test('documents are as long as IAM takes, statements too long are split', () => {
	const many = Array.from({ length: 400 }, (_, index) => `service:${'Action'.repeat(4)}${index}`);
	const documents = policyDocuments([{ actions: many, on: ['*'] }, { actions: ['x:Y'], on: Array.from({ length: 50 }, (_, index) => `arn:aws:x:::${index}`) }], 'up', placeholders);
	expect(documents.length).toBeGreaterThan(2);
	expect(documents.every((document) => lengthOf(document) <= longest)).toBe(true);
	const actions = documents.flatMap(({ Statement }) => Statement.flatMap(({ Action }) => Action));
	expect(new Set(actions)).toEqual(new Set([...many, 'x:Y']));
});

test('policy prints what the kinds need, without a call where the account is given', async () => {
	const { exit, stdout, stderr } = await run(['policy', '--account', '123456789012', '--region', 'us-gov-west-1', '--json'], { env: { AIRFLOW_DEPLOY_PROJECT: 'data' } });
	expect(exit).toBe(0);
	const policies = JSON.parse(stdout) as Record<'up' | 'teardown', PolicyDocument[]>;
	expect(Object.keys(policies)).toEqual(['up', 'teardown']);
	for (const document of [...policies.up, ...policies.teardown]) expect(lengthOf(document)).toBeLessThanOrEqual(longest);
	const text = JSON.stringify(policies);
	expect(text).toContain('arn:aws-us-gov:iam::123456789012:role/data-*');
	expect(text).not.toMatch(/\{(partition|account|region|project|role-path)\}/);
	expect(JSON.stringify(policies.up)).toContain('ecs:CreateService');
	expect(JSON.stringify(policies.up)).not.toContain('rds:DeleteDBInstance"');
	expect(JSON.stringify(policies.teardown)).toContain('rds:DeleteDBInstance"');
	expect(stderr).toMatch(/customer managed policies to attach .*: up: \d, teardown: \d/);
});

test('an account that is none', async () => {
	expect(await run(['policy', '--account', '12'])).toMatchObject({ exit: 2, stderr: expect.stringContaining('--account: "12" is no account id: 12 digits') as string });
});

const prefixes: Readonly<Record<string, string>> = { efs: 'elasticfilesystem', 'secrets-manager': 'secretsmanager', 'cloudwatch-logs': 'logs', 'resource-groups-tagging-api': 'tag', 'service-quotas': 'servicequotas', 'elastic-load-balancing-v2': 'elasticloadbalancing', 'route-53': 'route53' };
/** Where the IAM action is not named like the operation (Service Authorization Reference, Amazon S3). */
const actionsOf: Readonly<Record<string, string>> = {
	's3:DeleteObjects': 's3:DeleteObject',
	's3:GetBucketEncryption': 's3:GetEncryptionConfiguration',
	's3:GetBucketLifecycleConfiguration': 's3:GetLifecycleConfiguration',
	's3:GetPublicAccessBlock': 's3:GetBucketPublicAccessBlock',
	's3:HeadBucket': 's3:ListBucket',
	's3:HeadObject': 's3:GetObject',
	's3:ListMultipartUploads': 's3:ListBucketMultipartUploads',
	's3:ListObjectVersions': 's3:ListBucketVersions',
	's3:ListObjectsV2': 's3:ListBucket',
	's3:PutBucketEncryption': 's3:PutEncryptionConfiguration',
	's3:PutBucketLifecycleConfiguration': 's3:PutLifecycleConfiguration',
	's3:PutPublicAccessBlock': 's3:PutBucketPublicAccessBlock',
};

/** Operations of AWS that the source imports, as `service:Operation`, the local target aside. */
async function operationsInSource(): Promise<string[]> {
	const root = join(packageRoot, 'src');
	const files = (await readdir(root, { recursive: true })).filter((path) => path.endsWith('.ts') && !path.startsWith('local/'));
	const texts = await Promise.all(files.map((path) => readFile(join(root, path), 'utf8')));
	return texts.flatMap((text) => [...text.matchAll(/import \{([^}]*)\} from '@aws-sdk\/client-([\w-]+)'/g)]).flatMap(([, names = '', service = '']) =>
		[...names.matchAll(/(\w+)Command\b|paginate(\w+)/g)].map(([, command, pages]) => command ?? pages).map((operation) => `${prefixes[service] ?? service}:${operation}`),
	);
}

test('every call in the source is in the policies', async () => {
	const { stdout } = await run(['policy', '--account', '123456789012', '--json']);
	const policies = JSON.parse(stdout) as Record<'up' | 'teardown', PolicyDocument[]>;
	const allowed = new Set([...policies.up, ...policies.teardown].flatMap(({ Statement }) => Statement.flatMap(({ Action }) => Action)));
	const needed = (await operationsInSource()).map((operation) => actionsOf[operation] ?? operation);
	expect(needed.length).toBeGreaterThan(100);
	// GetCallerIdentity needs no permission.
	expect(needed.filter((action) => !allowed.has(action) && action !== 'sts:GetCallerIdentity')).toEqual([]);
});
