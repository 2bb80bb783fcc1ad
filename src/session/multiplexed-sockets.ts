import type { Duplex } from 'node:stream';
import { MuxCommand, muxData, muxFrame, MuxReader } from './smux.ts';

/** What carries the bytes of all connections, in order. */
export interface Carrier {
	send(bytes: Buffer): void;
	/** Resolves when there is room for more; false: nothing is carried any more. */
	room(): Promise<boolean>;
	/** Nothing more is to be delivered, until `release`; what is sent still gets through. */
	hold(): void;
	release(): void;
}

export interface MultiplexerOptions {
	readonly carrier: Carrier;
	/** The other end has opened a stream. */
	readonly opened: (stream: number) => void;
	/** How a socket ends whose stream the other end has closed. */
	readonly end: (socket: Duplex) => void;
}

/** Bytes that wait for a slow reader before the other end has to wait too. */
const longestQueue = 1024 * 1024;

/**
 * TCP connections over one carrier, each a stream of smux. Closing works as at the agent: a socket that has nothing more to
 * say closes its stream, and what still comes for it is delivered.
 */
export class MultiplexedSockets {
	readonly #options: MultiplexerOptions;
	readonly #reader = new MuxReader();
	readonly #sockets = new Map<number, Duplex>();
	/** Sockets whose readers are slow. */
	readonly #full = new Set<Duplex>();
	#last = 1;

	constructor(options: MultiplexerOptions) {
		this.#options = options;
	}

	/** Open connections. */
	get size(): number {
		return this.#sockets.size;
	}

	/** @throws MalformedMessage where that is no smux */
	receive(bytes: Buffer): void {
		for (const { command, stream, payload } of this.#reader.push(bytes)) {
			if (command === MuxCommand.open) this.#options.opened(stream);
			const socket = this.#sockets.get(stream);
			if (socket === undefined || socket.writableEnded) continue;
			if (command === MuxCommand.data) this.#deliver(socket, payload);
			if (command === MuxCommand.close) this.#options.end(socket);
		}
	}

	/** A stream of its own for a socket. */
	open(socket: Duplex): void {
		this.#last += 2;
		this.#options.carrier.send(muxFrame(MuxCommand.open, this.#last));
		this.attach(this.#last, socket);
	}

	attach(stream: number, socket: Duplex): void {
		this.#sockets.set(stream, socket);
		let closed = false;
		const close = (): void => {
			if (!closed) this.#options.carrier.send(muxFrame(MuxCommand.close, stream));
			closed = true;
		};
		socket.on('error', () => {});
		socket.on('data', (bytes: Buffer) => void this.#carry(stream, socket, bytes));
		socket.on('drain', () => this.#drained(socket));
		socket.once('end', close);
		socket.once('close', () => {
			this.#sockets.delete(stream);
			this.#drained(socket);
			close();
		});
		// It may have been accepted paused.
		socket.resume();
	}

	/** Refuses a stream that the other end has opened. */
	refuse(stream: number): void {
		this.#options.carrier.send(muxFrame(MuxCommand.close, stream));
	}

	/** Says that somebody is there. */
	keepAlive(): void {
		this.#options.carrier.send(muxFrame(MuxCommand.keepAlive, 0));
	}

	/** Cuts all connections. */
	destroy(): void {
		for (const socket of this.#sockets.values()) socket.destroy();
	}

	async #carry(stream: number, socket: Duplex, bytes: Buffer): Promise<void> {
		socket.pause();
		this.#options.carrier.send(muxData(stream, bytes));
		if (await this.#options.carrier.room()) socket.resume();
	}

	#deliver(socket: Duplex, payload: Buffer): void {
		socket.write(payload);
		if (socket.writableLength < longestQueue) return;
		this.#full.add(socket);
		this.#options.carrier.hold();
	}

	#drained(socket: Duplex): void {
		if (this.#full.delete(socket) && this.#full.size === 0) this.#options.carrier.release();
	}
}
