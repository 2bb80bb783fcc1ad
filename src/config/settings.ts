import * as z from 'zod/mini';
import { cidrs, domainName, issuer, listOf, listOrNone, matching, name, oneNumberOf, oneOf, tags, text, wholeNumber, yesOrNo } from './rules.ts';

/** What the names of our environment variables begin with. */
export const prefix = 'AIRFLOW_DEPLOY_';

/** Days that CloudWatch Logs accepts (PutRetentionPolicy). */
const retentionDays = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];
const cpu = oneNumberOf([256, 512, 1024, 2048, 4096, 8192, 16384]);
const memory = wholeNumber(512, 122880);
const subnets = listOf(/^subnet-([0-9a-f]{8}|[0-9a-f]{17})$/, 'is no subnet id, e.g. subnet-0123456789abcdef0');
const emails = listOrNone(/^[^\s@]+@[^\s@]+\.[^\s@]+$/, 'is no e-mail address');

export interface Setting<Check extends z.ZodMiniType = z.ZodMiniType> {
	/** Without the prefix. */
	readonly name: string;
	/** As written in the environment; absent: not set. */
	readonly default?: string;
	readonly help: string;
	readonly check: Check;
}

/** All settings: name, default, help line and check, here and nowhere else. `.env.example` and `init` are made from it. */
export const settings = {
	project: { name: 'PROJECT', default: 'airflow', help: 'Begins the name of everything that is made', check: name },
	environment: { name: 'ENV', default: 'main', help: 'Which environment commands are about; --env says it for one command', check: name },
	target: { name: 'TARGET', default: 'aws', help: 'Where to deploy: aws, or local for endpoints on this machine', check: oneOf(['aws', 'local']) },
	source: { name: 'SOURCE', default: 'airflow', help: 'Folder with dags/, plugins/, config/, webserver_config.py and Dockerfile', check: text },
	image: { name: 'IMAGE', help: 'A finished image to run, instead of building one from the folder', check: z.optional(matching(/^\S+$/, 'must be an image reference without spaces')) },
	baseImage: { name: 'BASE_IMAGE', default: 'apache/airflow:2.5.3-python3.10', help: 'What the image is built from', check: matching(/^\S+$/, 'must be an image reference without spaces') },
	architecture: { name: 'ARCHITECTURE', default: 'X86_64', help: 'What the image is built for and tasks run on: X86_64, or ARM64 (AWS Graviton)', check: oneOf(['X86_64', 'ARM64']) },

	vpcId: { name: 'VPC_ID', help: 'An existing VPC to use, with SUBNET_IDS; unset, one is made', check: z.optional(matching(/^vpc-([0-9a-f]{8}|[0-9a-f]{17})$/, 'must be a VPC id, e.g. vpc-0123456789abcdef0')) },
	subnetIds: { name: 'SUBNET_IDS', default: '', help: 'Two subnets of VPC_ID in different zones, comma-separated', check: subnets },
	balancerSubnetIds: { name: 'BALANCER_SUBNET_IDS', default: '', help: 'Two public subnets for the load balancer, where SUBNET_IDS are private', check: subnets },
	assignPublicIp: { name: 'ASSIGN_PUBLIC_IP', help: 'Whether tasks get a public address; unset, what the subnets\' routes need', check: z.optional(yesOrNo) },
	allowedCidrs: { name: 'ALLOWED_CIDRS', help: 'Who may reach the web page, comma-separated IPv4 blocks; unset, only the address you run up from', check: z.optional(cidrs) },

	rolePath: { name: 'ROLE_PATH', default: '/', help: 'Path of the IAM roles, where your company prescribes one', check: matching(/^\/([!-.0-~]+\/)*$/, 'must begin and end with /') },
	permissionsBoundary: { name: 'PERMISSIONS_BOUNDARY', help: 'ARN of a policy that bounds the IAM roles', check: z.optional(matching(/^arn:[a-z-]+:iam::(\d{12}|aws):policy\/\S+$/, 'must be the ARN of a policy, e.g. arn:aws:iam::123456789012:policy/boundary')) },

	webserverCpu: { name: 'WEBSERVER_CPU', default: '1024', help: 'CPU units (1024 = 1 vCPU) of the webserver', check: cpu },
	webserverMemory: { name: 'WEBSERVER_MEMORY', default: '2048', help: 'MiB of the webserver', check: memory },
	schedulerCpu: { name: 'SCHEDULER_CPU', default: '1024', help: 'CPU units of the scheduler, which with the local executor also runs the tasks', check: cpu },
	schedulerMemory: { name: 'SCHEDULER_MEMORY', default: '4096', help: 'MiB of the scheduler', check: memory },
	workerCpu: { name: 'WORKER_CPU', default: '1024', help: 'CPU units of each task with the ECS executor, unless its executor_config says otherwise', check: cpu },
	workerMemory: { name: 'WORKER_MEMORY', default: '2048', help: 'MiB of each task with the ECS executor, unless its executor_config says otherwise', check: memory },
	branchCpu: { name: 'BRANCH_CPU', default: '2048', help: 'CPU units of a branch environment', check: cpu },
	branchMemory: { name: 'BRANCH_MEMORY', default: '8192', help: 'MiB of a branch environment', check: memory },

	dbInstanceClass: { name: 'DB_INSTANCE_CLASS', default: 'db.t4g.micro', help: 'Class of the RDS instance', check: matching(/^db\.[a-z0-9-]+\.[a-z0-9]+$/, 'must be an RDS instance class, e.g. db.t4g.micro') },
	dbStorageGb: { name: 'DB_STORAGE_GB', default: '20', help: 'Its storage, GiB of gp3', check: wholeNumber(20, 65536) },
	dbEngineVersion: { name: 'DB_ENGINE_VERSION', default: '15', help: 'PostgreSQL, the major version only: AWS chooses and updates the minor', check: matching(/^\d+$/, 'must be a major version of PostgreSQL, e.g. 15') },
	dbDeletionProtection: { name: 'DB_DELETION_PROTECTION', default: 'false', help: 'true: teardown refuses to remove the database', check: yesOrNo },
	dbFinalSnapshot: { name: 'DB_FINAL_SNAPSHOT', default: 'false', help: 'true: teardown leaves a snapshot of the database, which AWS bills', check: yesOrNo },

	executor: { name: 'EXECUTOR', help: 'local: tasks run in the scheduler; ecs: each as a Fargate task of its own; unset, as the environment has it, a new one local', check: z.optional(oneOf(['local', 'ecs'])) },
	parallelism: { name: 'PARALLELISM', help: 'Tasks that run at once; unset, 8, and 16 with the ECS executor. Each takes about three connections to the database', check: z.optional(wholeNumber(1, 1000)) },
	auth: { name: 'AUTH', help: 'Who logs in: db for Airflow\'s own users and passwords; google, github, or oidc for any OpenID Connect provider; unset, as the environment has it, a new one db', check: z.optional(oneOf(['db', 'google', 'github', 'oidc'])) },
	oauthIssuer: { name: 'OAUTH_ISSUER', help: 'Issuer URL of the OpenID Connect provider (oidc), or a GitHub Enterprise Server (github)', check: z.optional(issuer) },
	oauthClientId: { name: 'OAUTH_CLIENT_ID', help: 'Client id at the provider', check: z.optional(text) },
	oauthClientSecret: { name: 'OAUTH_CLIENT_SECRET', help: 'Client secret at the provider; needed once, then it is in Secrets Manager', check: z.optional(text) },
	allowedDomains: { name: 'ALLOWED_DOMAINS', help: 'E-mail domains whose people get an account at their first login; none: no domain', check: z.optional(listOrNone(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/i, 'is no domain')) },
	allowedEmails: { name: 'ALLOWED_EMAILS', help: 'People who get an account at their first login, by e-mail address; none: nobody', check: z.optional(emails) },
	adminEmails: { name: 'ADMIN_EMAILS', help: 'People who become Admin when they log in; none: nobody', check: z.optional(emails) },
	defaultRole: { name: 'DEFAULT_ROLE', help: 'Role of a new account; unset, Viewer', check: z.optional(text) },
	roleClaim: { name: 'ROLE_CLAIM', help: 'Claim that holds a person\'s groups, for ROLE_MAPPING; unset, groups', check: z.optional(text) },
	roleMapping: { name: 'ROLE_MAPPING', help: 'Roles that groups give and take at each login, group=Role, comma-separated; none: no groups', check: z.optional(listOrNone(/^[^=]+.*=[^=]+$/, 'is not group=Role')) },

	domain: { name: 'DOMAIN', help: 'Name of the web page, served with HTTPS by a load balancer; needs CERTIFICATE_ARN or HOSTED_ZONE_ID', check: z.optional(domainName) },
	certificateArn: { name: 'CERTIFICATE_ARN', help: 'ACM certificate of DOMAIN; unset, one is requested and validated through HOSTED_ZONE_ID', check: z.optional(matching(/^arn:[a-z-]+:acm:[a-z0-9-]+:\d{12}:certificate\/[\w-]+$/, 'must be the ARN of an ACM certificate')) },
	hostedZoneId: { name: 'HOSTED_ZONE_ID', help: 'Public Route 53 zone that gets the record of DOMAIN; unset, you point DOMAIN at the load balancer yourself', check: z.optional(matching(/^[A-Z0-9]{1,32}$/, 'must be the id of a hosted zone, e.g. Z0123456789ABCDEFGHIJ')) },

	logRetentionDays: { name: 'LOG_RETENTION_DAYS', default: '14', help: 'Days that CloudWatch keeps logs', check: oneNumberOf(retentionDays) },
	tags: { name: 'TAGS', default: '', help: 'Your own tags on everything, name=value, comma-separated', check: tags },
} as const satisfies Record<string, Setting>;

export type SettingKey = keyof typeof settings;

/** What the commands and stacks are told. Complete and checked. */
export type Config = { readonly [Key in SettingKey]: z.output<(typeof settings)[Key]['check']> };
