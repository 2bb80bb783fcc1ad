import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { UserError } from '../errors.ts';
import type { SessionAddress } from './connect.ts';
import { ForwardingSession } from './forwarding.ts';

export interface TunnelOptions {
	/** Of this machine; 0: a free one. */
	readonly port: number;
	/** Starts a session that forwards to the port of the task. */
	readonly start: () => Promise<SessionAddress>;
	/** The task refused a connection. */
	readonly refused: () => void;
}

export interface Tunnel {
	readonly port: number;
	/** Resolves with the reason when it is over; its connections are cut then. */
	readonly ended: Promise<string>;
	readonly close: () => void;
}

/** Only this machine's users reach a tunnel. */
const host = '127.0.0.1';

/**
 * Opens a port of this machine that leads to one of a task, for any number of connections at once.
 * @throws UserError `PortTaken`, `SessionEnded`, and what `start` throws
 */
export async function openTunnel({ port, start, refused }: TunnelOptions): Promise<Tunnel> {
	const early: Socket[] = [];
	let carry = (socket: Socket): void => void early.push(socket);
	const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (socket) => carry(socket));
	await listen(server, port);
	try {
		const first = await ForwardingSession.open(await start(), refused);
		const sessions = sessionsFrom(first, async () => ForwardingSession.open(await start(), refused));
		carry = sessions.carry;
		early.forEach(carry);
		const ended = sessions.ended.then((reason) => {
			server.close();
			return reason;
		});
		return { port: (server.address() as AddressInfo).port, ended, close: sessions.close };
	} catch (error) {
		early.forEach((socket) => socket.destroy());
		server.close();
		throw error;
	}
}

interface Sessions {
	readonly ended: Promise<string>;
	readonly carry: (socket: Socket) => void;
	readonly close: () => void;
}

/** One session for all connections, where its agent is new enough; else a session for each. */
function sessionsFrom(first: ForwardingSession, another: () => Promise<ForwardingSession>): Sessions {
	if (first.multiplexes) return { ended: first.ended, carry: (socket) => first.carry(socket), close: () => first.close() };
	const open = new Set([first]);
	const unused = [first];
	void first.ended.then(() => unused.splice(0));
	let end: (reason: string) => void = () => {};
	const ended = new Promise<string>((resolve) => (end = resolve));
	const carry = async (socket: Socket): Promise<void> => {
		const session = unused.pop() ?? (await another());
		open.add(session);
		void session.ended.then(() => open.delete(session));
		session.carry(socket);
	};
	return {
		ended,
		carry: (socket) => void carry(socket).catch((error: unknown) => {
			socket.destroy();
			end(error instanceof Error ? error.message : String(error));
		}),
		close: () => {
			for (const session of open) session.close();
			end('it was closed');
		},
	};
}

async function listen(server: Server, port: number): Promise<void> {
	server.listen(port, host);
	try {
		await once(server, 'listening');
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException;
		if (code === 'EACCES') throw new UserError('PortForbidden', `port ${port} is for root alone`, { hint: 'the same without --port: takes a free one' });
		if (code !== 'EADDRINUSE') throw error;
		throw new UserError('PortTaken', `port ${port} of ${host} is taken: another program listens there`, { hint: 'the same without --port: takes a free one' });
	}
}
