import { connect as openSocket } from 'node:net';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { Exit, UserError } from '../errors.ts';
import { type Aws, awsClients, type CallObserver, type Connection, settings } from './clients.ts';
import { noCredentials } from './credential-errors.ts';
import { explain } from './errors.ts';
import { deadEndpoint } from './network-errors.ts';
import { explainRegion } from './opt-in.ts';

/** How long an endpoint may take to accept a connection, milliseconds. */
const patience = 3000;

/**
 * Finds out who we are: account and partition from the caller's ARN, and clients for the rest.
 * @throws UserError without credentials (exit 2, before any call), for a dead endpoint (at once), a refusal, a region that does not exist
 */
export async function connect(connection: Connection, observe?: CallObserver): Promise<Aws> {
	const client = new STSClient({ ...settings(connection), maxAttempts: 3 });
	try {
		await checkCredentials(client, connection);
		if (connection.endpoint !== undefined) await checkEndpoint(connection.endpoint);
		await observe?.({ service: 'STS', operation: 'GetCallerIdentity' });
		const { Account, Arn } = await client.send(new GetCallerIdentityCommand({}));
		const partition = Arn?.split(':')[1];
		if (Account === undefined || partition === undefined) throw new Error('GetCallerIdentity answered without account or ARN');
		return awsClients(connection, { account: Account, partition }, observe);
	} catch (error) {
		throw (await explainRegion(error, connection)) ?? explain(error, connection) ?? error;
	} finally {
		client.destroy();
	}
}

async function checkCredentials(client: STSClient, connection: Connection): Promise<void> {
	try {
		await client.config.credentials();
	} catch (error) {
		// A role that may not be assumed, or a login's portal that cannot be reached, is another trouble than none.
		throw explain(error, connection) ?? noCredentials(connection, error);
	}
}

/** The SDK takes a refused connection for a passing failure and tries for many seconds: ask first. */
async function checkEndpoint(endpoint: string): Promise<void> {
	if (!URL.canParse(endpoint) || !/^https?:$/.test(new URL(endpoint).protocol)) {
		throw new UserError('InvalidEndpoint', `AWS_ENDPOINT_URL is no http or https URL: "${endpoint}"`, { hint: 'unset AWS_ENDPOINT_URL', exit: Exit.usage });
	}
	const { hostname, port, protocol } = new URL(endpoint);
	await new Promise<void>((resolve, reject) => {
		const socket = openSocket({ host: hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(port || (protocol === 'https:' ? 443 : 80)), timeout: patience });
		socket.on('connect', () => resolve(void socket.destroy()));
		socket.on('timeout', () => reject(deadEndpoint(endpoint, `no answer within ${patience / 1000} s`, socket.destroy())));
		socket.on('error', reject);
	});
}
