import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { onTestFinished } from 'vitest';
import type { RunningContainer } from '../../src/local/ecs/runtime.ts';
import { startTerminal } from '../../src/local/runtime/terminal.ts';
import { openDataChannel, sessionIdIn } from '../../src/local/session/data-channel.ts';
import { Sessions } from '../../src/local/session/sessions.ts';
import { python } from '../local/runtime/support.ts';

/** A container that is a directory of programs and the ports of this machine, and the endpoint's data channels before it. */
export interface DataChannels {
	readonly sessions: Sessions;
	readonly container: RunningContainer;
	/** Ends the container. */
	readonly stop: () => void;
	/** Cuts all connections of data channels. */
	readonly cut: () => void;
}

/** @param path where its programs are */
export async function dataChannels({ path = '/usr/bin:/bin' } = {}): Promise<DataChannels> {
	let stop = (): void => {};
	const exited = new Promise<{ exitCode: number; outOfMemory: boolean }>((resolve) => (stop = () => resolve({ exitCode: 0, outOfMemory: false })));
	const container: RunningContainer = {
		exited,
		signal() {},
		kill() {},
		exec: () => Promise.reject(new Error('not asked')),
		openTerminal: (command, size) => Promise.resolve(startTerminal({ python, command, environment: { PATH: path }, directory: '/tmp' }, size)),
		connect: (host, port) => connect({ host, port }),
	};
	const server = createServer();
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	const clock = { now: () => Date.now(), setTimer: (ms: number, callback: () => void) => clearTimeout.bind(undefined, setTimeout(callback, ms).unref()) };
	const sessions = new Sessions(clock, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
	const open = new Set<{ destroy(): void }>();
	server.on('upgrade', (request, socket, head) => {
		open.add(socket);
		openDataChannel(sessions, sessionIdIn(new URL(request.url ?? '', 'http://x').pathname) ?? '', request, socket, head);
	});
	onTestFinished(() => {
		stop();
		server.closeAllConnections();
		server.close();
	});
	return { sessions, container, stop, cut: () => open.forEach((socket) => socket.destroy()) };
}
