import type { ContainerDefinition } from '@aws-sdk/client-ecs';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SSMClient, StartSessionCommand } from '@aws-sdk/client-ssm';
import { UserError } from '../errors.ts';
import { lastPart } from '../resources/ecs.ts';
import { readAnchor } from '../resources/s3-anchor.ts';
import type { SessionAddress } from '../session/connect.ts';
import { naming } from '../stacks/inputs.ts';
import { sharedScope } from '../stacks/shared.ts';
import { assertNotExpired, recordedBranch } from './branch-options.ts';
import { type ContainerPlace, explained, reachable } from './exec.ts';
import type { Inspected } from './exec-checks.ts';
import type { Options } from './options.ts';

/** As its container is called. */
export type Database = 'postgres' | 'mysql';

/** What a person needs to log in to a database of a branch. */
export interface DatabaseConnection {
	readonly username: string;
	readonly password: string;
	readonly database: string;
	/** A session that forwards to its port. */
	readonly start: () => Promise<SessionAddress>;
}

/** Where the images have their settings (docker-library/docs). */
const servers = {
	postgres: { port: 5432, username: 'POSTGRES_USER', database: 'POSTGRES_DB', password: 'POSTGRES_PASSWORD' },
	mysql: { port: 3306, username: 'MYSQL_USER', database: 'MYSQL_DATABASE', password: 'MYSQL_PASSWORD' },
} as const;

/**
 * How to reach a database of a branch. Nothing need be recorded in this working directory: its anchor and its task tell.
 * @throws UserError `NoBranch`, `NotABranch`, `NoSuchDatabase`, `BranchExpired`, or what keeps its task from being reached
 */
export async function databaseConnection(options: Options, database: Database): Promise<DatabaseConnection> {
	await assertThere(options, database);
	const names = naming({ config: options.config, place: options.aws });
	const place = { cluster: names.in(sharedScope).object('cluster'), service: names.in(options.config.environment).object('airflow'), container: database };
	const { definition } = await reachableTask(options, place);
	const defined = definition.containerDefinitions?.find(({ name }) => name === database);
	const server = servers[database];
	const password = await secretOf(options, defined, server.password);
	return { username: setting(defined, server.username), database: setting(defined, server.database), password, start: () => start(options, place, server.port) };
}

async function assertThere({ aws, config }: Options, database: Database): Promise<void> {
	const { environment } = config;
	const anchor = await readAnchor(aws, naming({ config, place: aws }).bucket, environment);
	if (!anchor) throw new UserError('NoBranch', `there is no branch environment ${environment}`, { hint: 'airflow-deploy branch list' });
	const branch = recordedBranch(anchor.options);
	if (!branch) throw new UserError('NotABranch', `${environment} is no branch environment: its database is reached from within its network only`, { hint: 'airflow-deploy exec scheduler -- airflow db shell' });
	if (database === 'mysql' && !branch.mysql) throw new UserError('NoSuchDatabase', `branch ${environment} has no MySQL: it was created without`, { hint: `airflow-deploy branch create ${environment} --mysql   # its task is replaced` });
	assertNotExpired(environment, branch);
}

/** The task may have been replaced since the last session. */
async function start(options: Options, place: ContainerPlace, port: number): Promise<SessionAddress> {
	const inspected = await reachableTask(options, place);
	const { task, container } = inspected;
	const target = `ecs:${lastPart(task.clusterArn)}_${lastPart(task.taskArn)}_${container.runtimeId}`;
	try {
		const ask = new StartSessionCommand({ Target: target, DocumentName: 'AWS-StartPortForwardingSession', Parameters: { portNumber: [String(port)] } });
		const { SessionId = '', StreamUrl = '', TokenValue = '' } = await options.aws.client(SSMClient).send(ask);
		return { sessionId: SessionId, streamUrl: StreamUrl, tokenValue: TokenValue };
	} catch (error) {
		const why = await explained(options, inspected, error);
		if (!(why instanceof UserError) || why.code !== 'AgentNotRunning') throw why;
		throw new UserError('TargetNotConnected', `cannot open a session in ${container.name}: ${target} is not connected`, { hint: 'a container takes two sessions at most: end another one; one whose client has gone ends by itself', cause: error });
	}
}

/** Hints from there name no environment, which would mean main. */
async function reachableTask(options: Options, place: ContainerPlace): Promise<Inspected> {
	try {
		return await reachable(options, place);
	} catch (error) {
		if (!(error instanceof UserError) || error.hint === undefined) throw error;
		throw new UserError(error.code, error.message, { hint: error.hint.replace(/^airflow-deploy [a-z]+/, `$& --env ${options.config.environment}`), exit: error.exit, cause: error });
	}
}

function setting(defined: ContainerDefinition | undefined, variable: string): string {
	return defined?.environment?.find(({ name }) => name === variable)?.value ?? '';
}

/** What the container gets as this variable: a key of a secret, referred to as `<ARN>:<key>::`. @throws UserError `SecretMalformed` */
async function secretOf({ aws }: Options, defined: ContainerDefinition | undefined, variable: string): Promise<string> {
	const parts = (defined?.secrets?.find(({ name }) => name === variable)?.valueFrom ?? '').split(':');
	const [arn, key = ''] = [parts.slice(0, 7).join(':'), parts[7]];
	const { SecretString = '' } = await aws.client(SecretsManagerClient).send(new GetSecretValueCommand({ SecretId: arn }));
	const value = parsed(SecretString)?.[key];
	if (typeof value === 'string') return value;
	throw new UserError('SecretMalformed', `the secret ${arn} holds no ${key}: somebody changed it`, { hint: `aws secretsmanager get-secret-value --secret-id ${arn}` });
}

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
	try {
		return JSON.parse(text) as Readonly<Record<string, unknown>>;
	} catch {
		// Its message would quote the secret.
		return undefined;
	}
}
