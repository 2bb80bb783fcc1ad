import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { PortWork } from '../../src/local/session/port-work.ts';
import { openTunnel, type Tunnel } from '../../src/session/tunnel.ts';
import { type DataChannels, dataChannels } from './data-channels.ts';
import { oldAgent } from './old-agent.ts';

interface Forwarding extends DataChannels {
	readonly tunnel: Tunnel;
	readonly refused: () => void;
}

/** A tunnel to a server that does with each connection what it is told. */
async function tunnelTo(serve: (socket: Socket) => void): Promise<Forwarding> {
	const server = createServer({ allowHalfOpen: true }, (socket) => {
		socket.on('error', () => {});
		serve(socket);
	}).listen(0, '127.0.0.1');
	await once(server, 'listening');
	onTestFinished(() => void server.close());
	return tunnelToPort((server.address() as AddressInfo).port);
}

async function tunnelToPort(port: number): Promise<Forwarding> {
	const here = await dataChannels();
	const refused = vi.fn<() => void>();
	const start = async (): Promise<NonNullable<ReturnType<typeof here.sessions.open>>> => {
		const address = here.sessions.open({ name: 'session', container: here.container, work: new PortWork(here.container, { host: '127.0.0.1', portNumber: String(port), localPortNumber: '0' }) });
		if (address === undefined) throw new Error('too many sessions');
		return address;
	};
	const tunnel = await openTunnel({ port: 0, start, refused });
	onTestFinished(() => tunnel.close());
	return { ...here, tunnel, refused };
}

async function client({ port }: Tunnel): Promise<Socket> {
	const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
	socket.on('error', () => {});
	await once(socket, 'connect');
	return socket;
}

/** Everything until the other side has nothing more to say. */
async function all(socket: Socket): Promise<Buffer> {
	const pieces: Buffer[] = [];
	for await (const piece of socket as AsyncIterable<Buffer>) pieces.push(piece);
	return Buffer.concat(pieces);
}

const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const echo = (socket: Socket): void => void socket.pipe(socket);

describe('a tunnel', () => {
	test('carries several connections at once in one session, each by itself', async () => {
		const here = await tunnelTo(echo);
		const sockets = await Promise.all(Array.from({ length: 20 }, () => client(here.tunnel)));
		const sent = sockets.map(() => randomBytes(30_000));
		const echoed = sockets.map(async (socket, index) => {
			socket.write(sent[index] ?? '');
			const pieces: Buffer[] = [];
			for await (const piece of socket as AsyncIterable<Buffer>) {
				pieces.push(piece);
				if (pieces.reduce((sum, { length }) => sum + length, 0) === 30_000) return Buffer.concat(pieces);
			}
			return Buffer.concat(pieces);
		});
		expect((await Promise.all(echoed)).map(digest)).toEqual(sent.map(digest));
	});

	test('carries 50 MB down, whole', { timeout: 60_000 }, async () => {
		const bytes = randomBytes(50_000_000);
		const { tunnel } = await tunnelTo((socket) => socket.end(bytes));
		expect(digest(await all(await client(tunnel)))).toBe(digest(bytes));
	});

	test('carries 50 MB up, whole', { timeout: 60_000 }, async () => {
		const bytes = randomBytes(50_000_000);
		let done = (_digest: string): void => {};
		const received = new Promise<string>((resolve) => (done = resolve));
		const { tunnel } = await tunnelTo((socket) => void all(socket).then((all) => done(digest(all))));
		(await client(tunnel)).end(bytes);
		expect(await received).toBe(digest(bytes));
	});

	test('a connection that nobody reads does not hold up what another sends', { timeout: 60_000 }, async () => {
		let done = (_length: number): void => {};
		const uploaded = new Promise<number>((resolve) => (done = resolve));
		const here = await tunnelTo((socket) => {
			socket.once('data', (first) => {
				if (first.toString() === 'much') socket.end(Buffer.alloc(20_000_000));
				else void all(socket).then(({ length }) => done(first.length + length));
			});
		});
		const slow = await client(here.tunnel);
		slow.pause().write('much');
		await vi.waitFor(() => expect(slow.readableLength).toBeGreaterThan(0));
		(await client(here.tunnel)).end(Buffer.alloc(5_000_000));
		expect(await uploaded).toBe(5_000_000);
		expect((await all(slow.resume())).length).toBe(20_000_000);
	});

	test('is cut with its session: connections end, and it says why', async () => {
		const here = await tunnelTo(echo);
		const socket = await client(here.tunnel);
		here.cut();
		expect(await here.tunnel.ended).toContain('connection was closed');
		expect((await all(socket)).length).toBe(0);
		await expect(client(here.tunnel)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
	});

	test('ends when its task does', async () => {
		const here = await tunnelTo(echo);
		here.stop();
		expect(await here.tunnel.ended).toContain('its task was stopped');
	});

	test('tells that the task refuses a connection, and stays', async () => {
		const here = await tunnelToPort(1);
		expect((await all(await client(here.tunnel))).length).toBe(0);
		expect(here.refused).toHaveBeenCalledOnce();
		expect((await all(await client(here.tunnel))).length).toBe(0);
	});

	test('takes a session for each connection where the agent is old', async () => {
		const server = createServer((socket) => {
			socket.write('greeting ');
			socket.once('data', (bytes) => socket.end(bytes));
		}).listen(0, '127.0.0.1');
		await once(server, 'listening');
		const agent = await oldAgent((server.address() as AddressInfo).port);
		const tunnel = await openTunnel({ port: 0, start: agent.start, refused() {} });
		onTestFinished(() => {
			tunnel.close();
			server.close();
		});
		const bytes = randomBytes(3_000_000);
		const sockets = await Promise.all([0, 1, 2].map(() => client(tunnel)));
		sockets.forEach((socket) => socket.write(bytes));
		const answers = await Promise.all(sockets.map(all));
		expect(answers.map((answer) => answer.subarray(0, 9).toString())).toEqual(['greeting ', 'greeting ', 'greeting ']);
		expect(agent.sessions()).toBe(3);
	});

	test('does not take a port that another program has', async () => {
		const { tunnel } = await tunnelTo(echo);
		const start = () => Promise.reject(new Error('not asked'));
		await expect(openTunnel({ port: tunnel.port, start, refused() {} })).rejects.toMatchObject({ code: 'PortTaken', message: `port ${tunnel.port} of 127.0.0.1 is taken: another program listens there` });
	});
});
