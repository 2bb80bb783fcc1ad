import type { Aws, CallObserver, Connection } from '../aws/clients.ts';
import type { Config } from '../config/config.ts';
import { elsewhere } from '../environment/places.ts';
import { Exit, UserError } from '../errors.ts';
import type { LocalEndpoint, RuntimeName } from './local-endpoint.ts';

/** The local endpoint's account. */
export const localAccount = '000000000000';

export interface TargetOptions {
	readonly target: 'aws' | 'local';
	readonly region: string;
	readonly profile: string | undefined;
	readonly env: NodeJS.ProcessEnv;
	readonly local: LocalEndpoint;
	/** Whether this command may start the local endpoint. */
	readonly starts: boolean;
	/** What is to run tasks there. */
	readonly runtime?: RuntimeName;
	/** Told of every call. */
	readonly observe?: CallObserver;
}

/**
 * Clients for the chosen target; undefined where that is the local one and its endpoint does not run.
 * The local target is nothing but an endpoint URL and its credentials: whoever exports these gets the same.
 */
export async function connectTarget(options: TargetOptions): Promise<Aws | undefined> {
	if (options.runtime !== undefined && options.target !== 'local') throw new UserError('InvalidUsage', '--runtime says what runs tasks on the local target, and this goes to AWS', { hint: 'add --local', exit: Exit.usage });
	const connection = options.target === 'local' ? await localConnection(options) : awsConnection(options);
	if (connection === undefined) return undefined;
	const { connect } = await import('../aws/connect.ts');
	return connect(connection, options.observe);
}

async function localConnection({ local, starts, region, runtime }: TargetOptions): Promise<Connection | undefined> {
	const url = starts ? (await local.ensure(runtime === undefined ? {} : { runtime })).url : await runningUrl(local);
	if (url === undefined) return undefined;
	const credentials = staticCredentials(await local.environment(url, region));
	return { region, endpoint: url, ...(credentials === undefined ? {} : { credentials }) };
}

async function runningUrl(local: LocalEndpoint): Promise<string | undefined> {
	const status = await local.status();
	return status.running ? status.url : undefined;
}

/** A profile wins over keys in the environment, as in the SDK's default chain. */
function awsConnection({ env, region, profile = env['AWS_PROFILE'] || undefined }: Pick<TargetOptions, 'env' | 'region'> & { profile?: string | undefined }): Connection {
	const endpoint = env['AWS_ENDPOINT_URL'];
	const credentials = profile === undefined ? staticCredentials(env) : undefined;
	return {
		region,
		...(endpoint ? { endpoint: endpoint.replace(/\/+$/, '') } : {}),
		...(profile === undefined ? {} : { profile }),
		...(credentials === undefined ? {} : { credentials }),
	};
}

function staticCredentials(env: Readonly<Record<string, string | undefined>>): Connection['credentials'] {
	const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: sessionToken } = env;
	if (!accessKeyId || !secretAccessKey) return undefined;
	return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) };
}

/** Where an environment is looked for, and where else it may be recorded. */
export interface Search {
	readonly cwd: string;
	readonly local: Pick<LocalEndpoint, 'status'>;
	readonly config: Pick<Config, 'environment'>;
}

/**
 * Where the environment is, when it is not where it was looked for: a sentence with the flag to add, or undefined.
 * What is recorded of the local account was there only as long as its endpoint runs.
 */
export async function otherPlace({ cwd, local, config: { environment } }: Search, place: { account: string; region: string }): Promise<string | undefined> {
	const places = elsewhere(cwd, place, environment);
	const isThere = places.some((name) => name.startsWith(localAccount)) && (await local.status()).running;
	const other = places.find((name) => isThere || !name.startsWith(localAccount));
	if (other === undefined) return undefined;
	const account = other.slice(0, 12);
	const region = other.slice(13);
	if (account === place.account) return `${environment} is up in ${region}: add --region ${region}`;
	if (account === localAccount) return `${environment} is up on the local target: add --local`;
	return `${environment} is up on AWS, in account ${account}, ${region}: ${place.account === localAccount ? `add --target aws --region ${region}` : 'use its credentials'}`;
}

export async function nothingUp(search: Search, place: { account: string; region: string }): Promise<UserError> {
	const { environment } = search.config;
	const local = place.account === localAccount;
	return new UserError('NothingUp', `${environment} is not up ${local ? 'on the local target' : `in account ${place.account}, ${place.region}`}`, {
		hint: (await otherPlace(search, place)) ?? `airflow-deploy up${local ? ' --local' : ''}${environment === 'main' ? '' : ` --env ${environment}`}`,
	});
}
