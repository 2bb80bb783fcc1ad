import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { type Aws, awsClients, type CallObserver, type Connection } from '../../src/aws/clients.ts';
import { ensureEndpoint, type Latency, stopEndpoint } from '../../src/local/control.ts';
import type { Decision } from '../../src/local/front/request-record.ts';
import { checkRequests, recordedRequests, recordRequests } from '../requests.ts';

export interface TestEndpoint {
	readonly url: string;
	/** Clients of the endpoint's account; `observe` sees every call, and may refuse it by throwing; `through` is a server in between. */
	clients(options?: { observe?: CallObserver; region?: string; through?: string; credentials?: Connection['credentials'] }): Promise<Aws>;
	/** What a caller was allowed, and what not; only with `iam`. @param caller an ARN */
	decisions(caller: string): readonly Decision[];
	close(): Promise<void>;
}

const administrator = { accessKeyId: 'local', secretAccessKey: 'local' };

/** A local endpoint of its own, in a directory that `close` removes. */
export async function startEndpoint({ latency = 'none', iam = false }: { latency?: Latency; iam?: boolean } = {}): Promise<TestEndpoint> {
	const parent = await mkdtemp(join(tmpdir(), 'airflow-deploy-resources-'));
	const directory = join(parent, 'endpoint');
	recordRequests(parent);
	const { url } = await ensureEndpoint({ directory, latency, iam, onProgress: () => {} });
	return {
		url,
		clients: ({ observe, region = 'eu-central-1', through = url, credentials = administrator } = {}) => clientsOf({ region, endpoint: through, credentials }, observe),
		decisions: (caller) => recordedRequests(parent).flatMap((request) => (request.caller === caller ? (request.decisions ?? []) : [])),
		async close() {
			await stopEndpoint(directory);
			try {
				checkRequests(parent);
			} finally {
				await rm(parent, { recursive: true, force: true });
			}
		},
	};
}

export async function clientsOf(connection: Connection, observe?: CallObserver): Promise<Aws> {
	const { Account = '', Arn = '' } = await awsClients(connection, { account: '', partition: '' }).client(STSClient).send(new GetCallerIdentityCommand({}));
	return awsClients(connection, { account: Account, partition: Arn.split(':')[1] ?? '' }, observe);
}
