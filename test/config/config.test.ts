import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type ConfigFlags, loadConfig } from '../../src/config/config.ts';
import { exampleText } from '../../src/config/example.ts';
import { readProfile } from '../../src/config/profile.ts';
import { UserError } from '../../src/errors.ts';
import { packageRoot } from '../../src/package.ts';
import { temporaryDirectory } from '../cli/run.ts';

async function load(variables: Record<string, string> = {}, { dotenv, flags, aws = {} }: { dotenv?: string; flags?: ConfigFlags; aws?: Record<string, string> } = {}) {
	const cwd = await temporaryDirectory();
	if (dotenv !== undefined) await writeFile(join(cwd, '.env'), dotenv);
	const env = { HOME: cwd, ...aws, ...Object.fromEntries(Object.entries(variables).map(([name, value]) => [`AIRFLOW_DEPLOY_${name}`, value])) };
	return loadConfig({ env, cwd, ...(flags ? { flags } : {}) });
}

/** The problems that a configuration has, one a line; empty for a good one. */
async function problems(variables: Record<string, string>, options: Parameters<typeof load>[1] = {}): Promise<string> {
	try {
		await load(variables, options);
		return '';
	} catch (error) {
		if (!(error instanceof UserError)) throw error;
		if (error.exit !== 2) throw error;
		return error.message.replace('the configuration is not valid: ', '');
	}
}

test('.env.example is what the schema says', async () => {
	expect(await readFile(join(packageRoot, '.env.example'), 'utf8')).toBe(exampleText());
});

test('.env.example is a valid configuration with every line switched on that has a value', async () => {
	const dotenv = exampleText().replaceAll(/^#(AIRFLOW_DEPLOY_\w+=)/gm, '$1');
	const { config } = await load({}, { dotenv });
	expect(config).toEqual((await load()).config);
});

test('defaults', async () => {
	const { config, region } = await load();
	expect(config).toMatchObject({ project: 'airflow', environment: 'main', target: 'aws', source: 'airflow', subnetIds: [], webserverCpu: 1024, schedulerMemory: 4096, dbDeletionProtection: false, logRetentionDays: 14, tags: {} });
	expect(config.allowedCidrs).toBeUndefined();
	expect(region).toEqual({ name: 'us-east-1', source: 'default' });
});

test('flags win over the environment, that over .env, that over defaults', async () => {
	const dotenv = 'AIRFLOW_DEPLOY_PROJECT=from-file\nAIRFLOW_DEPLOY_ENV=from-file\nAIRFLOW_DEPLOY_SOURCE="from file"\n';
	const { config } = await load({ PROJECT: 'from-shell', ENV: 'from-shell' }, { dotenv, flags: { environment: 'from-flag' } });
	expect(config).toMatchObject({ environment: 'from-flag', project: 'from-shell', source: 'from file', target: 'aws' });
});

test('an empty variable is an unset one', async () => {
	expect((await load({ PROJECT: '', DB_STORAGE_GB: '' })).config).toMatchObject({ project: 'airflow', dbStorageGb: 20 });
});

test('values are parsed', async () => {
	const { config } = await load({ TAGS: 'team=data, cost center=a=b', ALLOWED_CIDRS: '203.0.113.7/32, 10.0.0.0/8', DB_FINAL_SNAPSHOT: 'true', ASSIGN_PUBLIC_IP: 'no', VPC_ID: 'vpc-12345678', SUBNET_IDS: 'subnet-12345678,subnet-87654321' });
	expect(config).toMatchObject({ tags: { team: 'data', 'cost center': 'a=b' }, allowedCidrs: ['203.0.113.7/32', '10.0.0.0/8'], dbFinalSnapshot: true, assignPublicIp: false });
});

describe('region', () => {
	test.each([
		['the flag', { flags: { region: 'eu-west-1' } }, { name: 'eu-west-1', source: '--region' }],
		['AWS_REGION', { aws: { AWS_REGION: 'eu-west-2', AWS_DEFAULT_REGION: 'eu-west-3' } }, { name: 'eu-west-2', source: 'AWS_REGION' }],
		['AWS_DEFAULT_REGION', { aws: { AWS_DEFAULT_REGION: 'eu-west-3' } }, { name: 'eu-west-3', source: 'AWS_DEFAULT_REGION' }],
		['.env', { dotenv: 'AWS_REGION=ap-south-1\n' }, { name: 'ap-south-1', source: 'AWS_REGION' }],
	])('from %s', async (_, options, expected) => {
		expect((await load({}, options)).region).toEqual(expected);
	});

	test('from the profile', async () => {
		const file = join(await temporaryDirectory(), 'config');
		await writeFile(file, '[default]\nregion = eu-north-1\n[profile dev]\nsso_region = us-west-1\nregion=eu-central-1\n');
		const aws = { AWS_CONFIG_FILE: file };
		expect((await load({}, { aws })).region).toEqual({ name: 'eu-north-1', source: 'profile default' });
		expect((await load({}, { aws: { ...aws, AWS_PROFILE: 'dev' } })).region).toEqual({ name: 'eu-central-1', source: 'profile dev' });
		expect((await load({}, { aws, flags: { profile: 'dev' } })).region.name).toBe('eu-central-1');
		expect((await load({}, { aws, flags: { profile: 'other' } })).region.name).toBe('us-east-1');
		await writeFile(file, '[default]\nendpoint_url = http://all\n[profile dev]\nservices = mine\n[services mine]\ns3 =\n  endpoint_url = http://s3\n  addressing_style = path\necs =\n  endpoint_url = http://ecs\n[services other]\nrds =\n  endpoint_url = http://rds\n');
		expect((await readProfile('default', aws)).endpoints).toEqual({ all: 'http://all' });
		expect((await readProfile('dev', aws)).endpoints).toEqual({ s3: 'http://s3', ecs: 'http://ecs' });
		expect((await readProfile('other', aws)).endpoints).toEqual({});
	});

	test.each(['us-gov-west-1', 'eusc-de-east-1', 'cn-north-1', 'us-isob-east-1'])('%s is a region', async (region) => {
		expect(await problems({}, { flags: { region } })).toBe('');
	});

	test.each(['frankfurt', 'eu-central', 'EU-WEST-1', 'eu_west_1', 'eu-west-1a'])('%s is none', async (region) => {
		expect(await problems({}, { flags: { region } })).toBe(`--region: "${region}" is not shaped like an AWS region, e.g. eu-central-1`);
	});
});

describe('names', () => {
	test.each(['Airflow', '1airflow', 'air_flow', 'airflow-', 'air--flow', '-a', 'äirflow', 'a b', '🚀', 'air.flow'])('project "%s" is refused', async (project) => {
		expect(await problems({ PROJECT: project })).toContain('AIRFLOW_DEPLOY_PROJECT: ');
	});

	test('a project too long for its bucket', async () => {
		const project = 'a'.repeat(41);
		expect(await problems({ PROJECT: project })).toContain(`makes the name of the S3 bucket 64 characters long`);
		expect(await problems({ PROJECT: project.slice(1), ENV: 'x' })).not.toContain('S3 bucket');
	});

	test('a project and environment too long for a role in a long region', async () => {
		const long = { PROJECT: 'data-platform-analytics', ENV: 'feature-12345678' };
		expect(await problems(long, { flags: { region: 'us-east-1' } })).toBe('');
		expect(await problems(long, { flags: { region: 'ap-southeast-1' } })).toMatchInlineSnapshot(`"AIRFLOW_DEPLOY_PROJECT: "data-platform-analytics" makes the name of an IAM role 65 characters long (data-platform-analytics-feature-12345678-scheduler-ap-southeast-1); AWS takes 64"`);
	});

	test.each(['sg', 'sthree', 'amzn-s3-demo'])('project %s begins what AWS keeps for itself', async (project) => {
		expect(await problems({ PROJECT: project })).toContain('which AWS keeps for itself');
	});

	test.each(['shared', 'local', 'all'])('environment %s is reserved', async (environment) => {
		expect(await problems({}, { flags: { environment } })).toContain(`"${environment}" is reserved`);
	});
});

test.each([
	['512', '512', false], ['256', '512', true], ['256', '1536', false], ['1024', '2048', true], ['1024', '2049', false],
	['1024', '9216', false], ['2048', '4096', true], ['4096', '30720', true], ['8192', '16384', true], ['8192', '17408', false], ['16384', '122880', true],
])('Fargate: %s CPU units with %s MiB: %s', async (cpu, memory, good) => {
	const found = await problems({ WEBSERVER_CPU: cpu, WEBSERVER_MEMORY: memory });
	expect(found).toMatch(good ? /^$/ : new RegExp(`^AIRFLOW_DEPLOY_WEBSERVER_MEMORY: "${memory}": with ${cpu} CPU units Fargate has `));
});

describe('single values', () => {
	test.each([
		[{ ALLOWED_CIDRS: '203.0.113.7' }, 'AIRFLOW_DEPLOY_ALLOWED_CIDRS: "203.0.113.7" is no IPv4 CIDR block, e.g. 203.0.113.7/32'],
		[{ ALLOWED_CIDRS: '203.0.113.7/24' }, 'AIRFLOW_DEPLOY_ALLOWED_CIDRS: "203.0.113.7/24" has bits set beyond its prefix: 203.0.113.0/24?'],
		[{ ALLOWED_CIDRS: '10.0.0.0/33' }, 'AIRFLOW_DEPLOY_ALLOWED_CIDRS: "10.0.0.0/33" is no IPv4 CIDR block, e.g. 203.0.113.7/32'],
		[{ ALLOWED_CIDRS: '300.0.0.0/8' }, 'AIRFLOW_DEPLOY_ALLOWED_CIDRS: "300.0.0.0/8" is no IPv4 CIDR block, e.g. 203.0.113.7/32'],
		[{ ALLOWED_CIDRS: '::1/128' }, 'AIRFLOW_DEPLOY_ALLOWED_CIDRS: "::1/128" is no IPv4 CIDR block, e.g. 203.0.113.7/32'],
		[{ ALLOWED_CIDRS: ',' }, 'AIRFLOW_DEPLOY_ALLOWED_CIDRS: "," must name at least one CIDR block'],
		[{ LOG_RETENTION_DAYS: '15' }, 'AIRFLOW_DEPLOY_LOG_RETENTION_DAYS: "15" must be one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653'],
		[{ DB_STORAGE_GB: '10' }, 'AIRFLOW_DEPLOY_DB_STORAGE_GB: "10" must be a whole number from 20 to 65536'],
		[{ DB_STORAGE_GB: '2e1' }, 'AIRFLOW_DEPLOY_DB_STORAGE_GB: "2e1" must be a whole number from 20 to 65536'],
		[{ DB_ENGINE_VERSION: '15.4' }, 'AIRFLOW_DEPLOY_DB_ENGINE_VERSION: "15.4" must be a major version of PostgreSQL, e.g. 15'],
		[{ DB_FINAL_SNAPSHOT: 'perhaps' }, 'AIRFLOW_DEPLOY_DB_FINAL_SNAPSHOT: "perhaps" must be true or false'],
		[{ TARGET: 'azure' }, 'AIRFLOW_DEPLOY_TARGET: "azure" must be one of aws, local'],
		[{ ROLE_PATH: 'team' }, 'AIRFLOW_DEPLOY_ROLE_PATH: "team" must begin and end with /'],
		[{ SUBNET_IDS: 'subnet-12345678,subnet-87654321' }, 'AIRFLOW_DEPLOY_VPC_ID: is needed with AIRFLOW_DEPLOY_SUBNET_IDS'],
		[{ VPC_ID: 'vpc-12345678', SUBNET_IDS: 'subnet-12345678' }, 'AIRFLOW_DEPLOY_SUBNET_IDS: two subnets of vpc-12345678 are needed, in different zones'],
		[{ VPC_ID: 'vpc-12345678', SUBNET_IDS: 'subnet-12345678,subnet-12345678' }, 'AIRFLOW_DEPLOY_SUBNET_IDS: two subnets of vpc-12345678 are needed, in different zones'],
		[{ ASSIGN_PUBLIC_IP: 'false' }, 'AIRFLOW_DEPLOY_ASSIGN_PUBLIC_IP: the subnets that are made lead to an internet gateway, which carries public addresses only: false needs AIRFLOW_DEPLOY_VPC_ID'],
		[{ EXECUTOR: 'celery' }, 'AIRFLOW_DEPLOY_EXECUTOR: "celery" must be one of local, ecs'],
		[{ WORKER_CPU: '256', WORKER_MEMORY: '4096' }, 'AIRFLOW_DEPLOY_WORKER_MEMORY: "4096": with 256 CPU units Fargate has 512, 1024 or 2048 MiB'],
		[{ DOMAIN: 'Airflow.example.com', HOSTED_ZONE_ID: 'Z1' }, 'AIRFLOW_DEPLOY_DOMAIN: "Airflow.example.com" must be a domain name in lower case, e.g. airflow.example.com'],
		[{ DOMAIN: 'airflow.-example.com', HOSTED_ZONE_ID: 'Z1' }, 'AIRFLOW_DEPLOY_DOMAIN: "airflow.-example.com" must be a domain name in lower case, e.g. airflow.example.com'],
		[{ DOMAIN: `${'a'.repeat(61)}.com`, HOSTED_ZONE_ID: 'Z1' }, `AIRFLOW_DEPLOY_DOMAIN: "${'a'.repeat(61)}.com" must have at most 64 characters: ACM takes no more`],
		[{ DOMAIN: 'airflow.example.com' }, 'AIRFLOW_DEPLOY_DOMAIN: "airflow.example.com" needs a certificate: set AIRFLOW_DEPLOY_HOSTED_ZONE_ID to have one requested, or AIRFLOW_DEPLOY_CERTIFICATE_ARN to one that you have'],
		[{ HOSTED_ZONE_ID: 'Z1' }, 'AIRFLOW_DEPLOY_DOMAIN: is needed with AIRFLOW_DEPLOY_HOSTED_ZONE_ID'],
		[{ CERTIFICATE_ARN: 'arn:aws:acm:us-east-1:123456789012:certificate/0' }, 'AIRFLOW_DEPLOY_DOMAIN: is needed with AIRFLOW_DEPLOY_CERTIFICATE_ARN'],
		[
			{ DOMAIN: 'airflow.example.com', CERTIFICATE_ARN: 'arn:aws:acm:eu-west-1:123456789012:certificate/0' },
			'AIRFLOW_DEPLOY_CERTIFICATE_ARN: "arn:aws:acm:eu-west-1:123456789012:certificate/0" lies in eu-west-1: a load balancer in us-east-1 takes certificates of us-east-1 only',
		],
		[{ DOMAIN: 'airflow.example.com', HOSTED_ZONE_ID: '/hostedzone/Z1' }, 'AIRFLOW_DEPLOY_HOSTED_ZONE_ID: "/hostedzone/Z1" must be the id of a hosted zone, e.g. Z0123456789ABCDEFGHIJ'],
		[{ DOMAIN: 'airflow.example.com', HOSTED_ZONE_ID: 'Z1', BALANCER_SUBNET_IDS: 'subnet-12345678,subnet-87654321' }, 'AIRFLOW_DEPLOY_VPC_ID: is needed with AIRFLOW_DEPLOY_BALANCER_SUBNET_IDS'],
		[
			{ DOMAIN: 'airflow.example.com', HOSTED_ZONE_ID: 'Z1', VPC_ID: 'vpc-12345678', SUBNET_IDS: 'subnet-12345678,subnet-87654321', BALANCER_SUBNET_IDS: 'subnet-12345678' },
			'AIRFLOW_DEPLOY_BALANCER_SUBNET_IDS: two subnets of vpc-12345678 are needed, in different zones',
		],
		[{ TAGS: 'team' }, 'AIRFLOW_DEPLOY_TAGS: "team" is not name=value'],
		[{ TAGS: 'aws:x=1' }, 'AIRFLOW_DEPLOY_TAGS: "aws:x": names that begin with aws: belong to AWS'],
		[{ TAGS: 'a=b!' }, 'AIRFLOW_DEPLOY_TAGS: "a=b!" may hold letters, digits, spaces and + - = . _ : / @ only'],
		[{ TAGS: 'a=1,a=2' }, 'AIRFLOW_DEPLOY_TAGS: "a=1,a=2" names "a" twice'],
		[{ PROJCT: 'x' }, 'AIRFLOW_DEPLOY_PROJCT: there is no such setting: did you mean AIRFLOW_DEPLOY_PROJECT?'],
		[{ ALLOWED_CIDR: '10.0.0.0/8' }, 'AIRFLOW_DEPLOY_ALLOWED_CIDR: there is no such setting: did you mean AIRFLOW_DEPLOY_ALLOWED_CIDRS?'],
	])('%o', async (variables, expected) => {
		expect(await problems(variables)).toBe(expected);
	});

	test('limits of tags', async () => {
		expect(await problems({ TAGS: `${'k'.repeat(129)}=1` })).toContain('at most 128 characters');
		expect(await problems({ TAGS: `k=${'v'.repeat(257)}` })).toContain('a value 256');
		expect(await problems({ TAGS: Array.from({ length: 46 }, (_, index) => `k${index}=1`).join() })).toContain('holds 46 tags');
		expect(await problems({ TAGS: Array.from({ length: 45 }, (_, index) => `k${index}=1`).join() })).toBe('');
	});
});

test('all problems at once', async () => {
	expect(await problems({ PROJECT: 'My Project', WEBSERVER_CPU: '3', TARGT: 'local' }, { flags: { region: 'nowhere' } })).toMatchInlineSnapshot(`
		"the configuration is not valid:
		  AIRFLOW_DEPLOY_TARGT: there is no such setting: did you mean AIRFLOW_DEPLOY_TARGET?
		  AIRFLOW_DEPLOY_PROJECT: "My Project" must be lower-case letters, digits and single hyphens, a letter first, no hyphen last
		  AIRFLOW_DEPLOY_WEBSERVER_CPU: "3" must be one of 256, 512, 1024, 2048, 4096, 8192, 16384
		  --region: "nowhere" is not shaped like an AWS region, e.g. eu-central-1"
	`);
});

describe('.env', () => {
	test.each([
		['no equals sign', 'A=1\n\n# fine\nAIRFLOW_DEPLOY_PROJECT airflow\n', 4],
		['a name with a dash', 'MY-NAME=1\n', 1],
		['a quote that is not closed', 'A=1\nB="two\nC=3\n', 2],
	])('%s is an error that names the line', async (_, dotenv, line) => {
		await expect(load({}, { dotenv })).rejects.toMatchObject({ code: 'MalformedDotenv', exit: 2, message: expect.stringContaining(`.env line ${line} is malformed`) as string });
	});

	test('does not show the value of a malformed line', async () => {
		await expect(load({}, { dotenv: 'PASSWORD "hunter2"\n' })).rejects.toSatisfy((error: Error) => !error.message.includes('hunter2'));
	});

	test('quotes, exports, comments and values over several lines', async () => {
		const { env } = await load({}, { dotenv: 'export A=1 # one\r\nB=\'two "2"\'\nC="line 1\nline 2 = x\nend" # three\n  D = four\nE=\n' });
		expect(env).toMatchObject({ A: '1', B: 'two "2"', C: 'line 1\nline 2 = x\nend', D: 'four', E: '' });
	});
});
