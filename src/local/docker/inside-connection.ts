import { connect, type Socket } from 'node:net';
import { Duplex } from 'node:stream';

/**
 * A connection that a program inside makes for us (templates/containers/network.py). What is written before it stands
 * waits. Emits `connect` when it stands; one that is refused fails with ECONNREFUSED.
 */
export class InsideConnection extends Duplex {
	readonly #socket: Socket;
	#made = false;

	constructor(controlPath: string, host: string, port: number) {
		super({ allowHalfOpen: true });
		this.#socket = connect({ path: controlPath, allowHalfOpen: true });
		this.#socket.write(`${JSON.stringify(['connect', host, port])}\n`);
		this.#socket.on('data', (bytes: Buffer) => this.#receive(bytes));
		this.#socket.on('end', () => (this.#made ? this.push(null) : this.#refuse()));
		this.#socket.on('error', (error) => this.destroy(error));
		this.#socket.on('close', () => this.destroy());
	}

	override _read(): void {
		this.#socket.resume();
	}

	override _write(bytes: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
		this.#socket.write(bytes, done);
	}

	override _final(done: () => void): void {
		this.#socket.end(done);
	}

	override _destroy(error: Error | null, done: (error: Error | null) => void): void {
		this.#socket.destroy();
		done(error);
	}

	/** The first byte says whether it stands, and is no part of what is carried. */
	#receive(bytes: Buffer): void {
		if (this.#made) return this.#carry(bytes);
		if (bytes[0] !== 0) return this.#refuse();
		this.#made = true;
		this.emit('connect');
		if (bytes.length > 1) this.#carry(bytes.subarray(1));
	}

	#carry(bytes: Buffer): void {
		if (!this.push(bytes)) this.#socket.pause();
	}

	#refuse(): void {
		this.destroy(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }));
	}
}
