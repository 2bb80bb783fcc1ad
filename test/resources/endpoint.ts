import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createConnection } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { type Aws, awsClients, type CallObserver, type Connection } from '../../src/aws/clients.ts';

export interface TestEndpoint {
	readonly url: string;
	/** Clients of the endpoint's account; `observe` sees every call, and may refuse it by throwing. */
	clients(observe?: CallObserver): Promise<Aws>;
	close(): Promise<void>;
}

const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };

/** An AWS endpoint of our own on a free port: moto (the program `moto_server` on the PATH) behind the laws that kinds rely on. */
export async function startEndpoint(): Promise<TestEndpoint> {
	const port = await freePort();
	const moto = spawn('moto_server', ['-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore', env: { ...process.env, MOTO_IAM_LOAD_MANAGED_POLICIES: 'true' } });
	await untilListening(port);
	const front = createServer((request, response) => void answer(port, request, response));
	front.listen(0, '127.0.0.1');
	await once(front, 'listening');
	const url = `http://127.0.0.1:${(front.address() as AddressInfo).port}`;
	return {
		url,
		clients: (observe) => clientsOf({ region: 'eu-central-1', endpoint: url, credentials }, observe),
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

async function answer(port: number, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
	const owner = incoming.headers['x-amz-expected-bucket-owner'];
	if (owner !== undefined && owner !== '123456789012') return void response.writeHead(403, { 'content-type': 'application/xml' }).end('<Error><Code>AccessDenied</Code></Error>');
	// moto has no DeleteFileSystemPolicy; an empty policy is the same to it.
	const deletesPolicy = incoming.method === 'DELETE' && /^\/2015-02-01\/file-systems\/[^/]+\/policy$/.test(incoming.url ?? '');
	const { 'content-length': length, ...rest } = incoming.headers;
	const headers = deletesPolicy ? rest : { ...rest, ...(length === undefined ? {} : { 'content-length': length }) };
	const outgoing = httpRequest({ host: '127.0.0.1', port, path: incoming.url, method: deletesPolicy ? 'PUT' : incoming.method, headers });
	outgoing.on('response', (answer) => answer.pipe(response.writeHead(answer.statusCode ?? 502, answer.headers)));
	outgoing.on('error', () => response.destroy());
	if (deletesPolicy) outgoing.end('{"Policy":""}');
	else incoming.pipe(outgoing);
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
