import type { Config } from './settings.ts';

/** The longest role that ends an IAM role's name (stacks/roles.ts); `execution` is as long. */
const longestRole = 'scheduler';
const account = '0'.repeat(12);

interface Name {
	readonly what: string;
	readonly name: string;
	readonly most: number;
}

/** The names that AWS limits most, with the longest that this configuration leads to; stacks build them the same way. */
function longestNames({ project, environment }: Config, region: string): Name[] {
	return [
		{ what: 'the S3 bucket', name: `${project}-${account}-${region}`, most: 63 },
		{ what: 'an IAM role', name: `${project}-${environment}-${longestRole}-${region}`, most: 64 },
		{ what: 'the RDS instance', name: `${project}-${environment}-database`, most: 63 },
	];
}

/** Bucket names that S3 keeps for itself, and group names that EC2 takes for ids. */
const reservedStarts = ['sthree-', 'amzn-s3-demo-', 'sg-'];
export const reservedEnvironments = ['shared', 'local', 'all'];

/** What AWS would refuse in the names made from project, environment and region. */
export function nameProblems(config: Config, region: string): string[] {
	const problems = longestNames(config, region)
		.filter(({ name, most }) => name.length > most)
		.map(({ what, name, most }) => `AIRFLOW_DEPLOY_PROJECT: "${config.project}" makes the name of ${what} ${name.length} characters long (${name}); AWS takes ${most}`);
	const start = reservedStarts.find((start) => `${config.project}-`.startsWith(start));
	if (start !== undefined) problems.push(`AIRFLOW_DEPLOY_PROJECT: "${config.project}" begins with ${start}, which AWS keeps for itself`);
	if (reservedEnvironments.includes(config.environment)) problems.push(`AIRFLOW_DEPLOY_ENV: "${config.environment}" is reserved; so are ${reservedEnvironments.filter((name) => name !== config.environment).join(' and ')}`);
	return problems;
}
