import { Exit, UserError } from '../errors.ts';
import type { CommandContext } from './context.ts';
import { defineCommand, value } from './define.ts';
import type { PolicyDocument, Placeholders } from './policy-documents.ts';

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
		const [{ allGrants }, { policyDocuments }] = await Promise.all([import('./policy-grants.ts'), import('./policy-documents.ts')]);
		const grants = allGrants();
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
