import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** In use by this process: a task that listens nowhere yet leaves no trace on the machine. */
const taken = new Set<string>();

/**
 * Takes a loopback address (127.x.y.z; all of 127.0.0.0/8 is there on Linux) on which nobody listens on `ports`, so that
 * endpoints side by side on one machine keep apart. Give it back with `releaseAddress`.
 * @returns undefined if on all of them somebody does: a server on 0.0.0.0 with such a port
 */
export async function takeAddress(ports: readonly number[]): Promise<string | undefined> {
	for (let attempt = 0; attempt < 10; attempt++) {
		const address = randomAddress();
		if (!taken.has(address) && (await areFree(address, ports))) {
			taken.add(address);
			return address;
		}
	}
	return undefined;
}

export function releaseAddress(address: string): void {
	taken.delete(address);
}

/** Not 127.0.0.0/12, where other software puts its own (systemd-resolved is at 127.0.0.53). */
function randomAddress(): string {
	return `127.${randomInt(16, 255)}.${randomInt(0, 256)}.${randomInt(1, 255)}`;
}

async function areFree(address: string, ports: readonly number[]): Promise<boolean> {
	return (await Promise.all(ports.map((port) => isFree(address, port)))).every(Boolean);
}

async function isFree(host: string, port: number): Promise<boolean> {
	const server = createServer();
	try {
		server.listen({ host, port });
		await once(server, 'listening');
		return true;
	} catch {
		return false;
	} finally {
		server.close();
	}
}
