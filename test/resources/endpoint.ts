import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, request as httpRequest, type RequestOptions, type ServerResponse } from 'node:http';
import { type AddressInfo, createConnection } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { type Aws, awsClients, type CallObserver, type Connection } from '../../src/aws/clients.ts';

export interface TestEndpoint {
	readonly url: string;
	/** Clients of the endpoint's account; `observe` sees every call, and may refuse it by throwing. */
	clients(options?: { observe?: CallObserver; region?: string }): Promise<Aws>;
	close(): Promise<void>;
}

const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };

/** An AWS endpoint of our own on a free port: moto (the program `moto_server` on the PATH) behind the laws that kinds rely on. */
export async function startEndpoint(): Promise<TestEndpoint> {
	const port = await freePort();
	const moto = spawn('moto_server', ['-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore', env: { ...process.env, MOTO_IAM_LOAD_MANAGED_POLICIES: 'true' } });
	await untilListening(port);
	const front = createServer((request, response) => void answer(port, request, response).catch(() => response.destroy()));
	front.listen(0, '127.0.0.1');
	await once(front, 'listening');
	const url = `http://127.0.0.1:${(front.address() as AddressInfo).port}`;
	return {
		url,
		clients: ({ observe, region = 'eu-central-1' } = {}) => clientsOf({ region, endpoint: url, credentials }, observe),
		async close() {
			front.closeAllConnections();
			front.close();
			moto.kill();
			if (moto.exitCode === null) await once(moto, 'exit');
		},
	};
}

async function clientsOf(connection: Connection, observe: CallObserver | undefined): Promise<Aws> {
	const { Account = '', Arn = '' } = await awsClients(connection, { account: '', partition: '' }).client(STSClient).send(new GetCallerIdentityCommand({}));
	return awsClients(connection, { account: Account, partition: Arn.split(':')[1] ?? '' }, observe);
}

/** moto ignores conditions, so that a policy that denies plain HTTP denies everything: it gets one that says nothing. */
const policies = new Map<string, string>();
const silent = JSON.stringify({ Version: '2012-10-17', Statement: [] });

async function answer(port: number, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
	const { method = 'GET', url = '/', headers } = incoming;
	const owner = headers['x-amz-expected-bucket-owner'];
	if (owner !== undefined && owner !== '123456789012') return void response.writeHead(403, { 'content-type': 'application/xml' }).end('<Error><Code>AccessDenied</Code></Error>');
	const sent = await buffer(incoming);
	const isPolicy = new URL(url, 'http://localhost').searchParams.has('policy');
	if (isPolicy && method === 'PUT') policies.set(url, sent.toString());
	// moto has no DeleteFileSystemPolicy; an empty policy is the same to it.
	const deletesPolicy = method === 'DELETE' && /^\/2015-02-01\/file-systems\/[^/]+\/policy$/.test(url);
	const body = deletesPolicy ? '{"Policy":""}' : isPolicy && method === 'PUT' ? silent : sent;
	const { status, headers: received, content } = await exchange({ port, method: deletesPolicy ? 'PUT' : method, path: url, headers }, body);
	const shown = isPolicy && method === 'GET' && status === 200 ? Buffer.from(policies.get(url) ?? '') : content;
	response.writeHead(status, { ...received, ...(method === 'HEAD' ? {} : { 'content-length': shown.length }) }).end(shown);
}

async function exchange(options: RequestOptions, body: string | Buffer): Promise<{ status: number; headers: IncomingMessage['headers']; content: Buffer }> {
	const { 'content-md5': _, 'transfer-encoding': __, ...kept } = options.headers as IncomingMessage['headers'];
	const outgoing = httpRequest({ host: '127.0.0.1', ...options, headers: { ...kept, 'content-length': Buffer.byteLength(body) } });
	outgoing.end(body);
	const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
	const { 'transfer-encoding': ___, connection: ____, ...headers } = incoming.headers;
	return { status: incoming.statusCode ?? 502, headers, content: await buffer(incoming) };
}

async function freePort(): Promise<number> {
	const server = createServer();
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	const { port } = server.address() as AddressInfo;
	server.close();
	return port;
}

async function untilListening(port: number): Promise<void> {
	for (let tries = 0; tries < 300; tries += 1) {
		const socket = createConnection({ host: '127.0.0.1', port });
		const [event] = await Promise.race([once(socket, 'connect').then(() => ['connect']), once(socket, 'error').catch(() => []).then(() => ['error'])]).catch(() => ['error']);
		socket.destroy();
		if (event === 'connect') return;
		await delay(100);
	}
	throw new Error('moto_server did not start');
}
