import { MalformedMessage } from '../../session/message.ts';
import type { Clock } from '../ecs/dependencies.ts';
import type { TerminalSize } from '../ecs/runtime.ts';
import { AgentChannel, type SessionType } from './channel.ts';

/** One end of a WebSocket. */
export interface Connection {
	send(frame: Buffer): void;
	close(): void;
}

/** What a session does in its container. */
export interface Work {
	readonly sessionType: SessionType;
	/** The client is ready. */
	begin(session: Session): void;
	typed(bytes: Buffer): void;
	resized(size: TerminalSize): void;
	/** Ends what runs. */
	end(): void;
}

export interface SessionOptions {
	readonly id: string;
	readonly clock: Clock;
	readonly work: Work;
	/** Resolves when the container ends. */
	readonly exited: Promise<unknown>;
	/** The session is over. */
	readonly onEnd: () => void;
}

/** Developer guide, "Monitor Amazon ECS containers with ECS Exec": 20 minutes, and not to be changed. */
const idleMilliseconds = 20 * 60_000;
/** How long a session waits for its client, at first and after a lost connection. */
const absentMilliseconds = 60_000;
const tickMilliseconds = 100;

/** A data channel, what it is for in a container, and the client at its other end. */
export class Session {
	readonly id: string;
	readonly clock: Clock;
	readonly #options: SessionOptions;
	readonly #channel: AgentChannel;
	#connection: Connection | undefined;
	#ended = false;
	#activeAt: number;
	#absentSince: number;
	readonly #waiting = new Set<() => void>();

	constructor(options: SessionOptions) {
		const { id, clock, work, exited } = options;
		this.id = id;
		this.clock = clock;
		this.#options = options;
		this.#activeAt = this.#absentSince = clock.now();
		this.#channel = new AgentChannel(id, work.sessionType, {
			send: (frame) => this.#connection?.send(frame),
			ready: () => work.begin(this),
			typed: (bytes) => {
				this.#activeAt = this.clock.now();
				work.typed(bytes);
			},
			resized: (size) => work.resized(size),
			terminated: () => this.end(),
			confirmed: () => this.#wake(),
		});
		void exited.then(() => this.end());
		this.#tick();
	}

	/** A client has shown the session's token. The connection before, if it is still there, is dropped. */
	connect(connection: Connection): void {
		this.#connection?.close();
		this.#connection = connection;
		this.#channel.connected(this.clock.now());
	}

	disconnected(connection: Connection): void {
		if (this.#connection !== connection) return;
		this.#connection = undefined;
		this.#absentSince = this.clock.now();
	}

	/** Frames that cannot be read are dropped: the client repeats what is not confirmed. */
	receive(frame: Buffer): void {
		try {
			this.#channel.receive(frame, this.clock.now());
		} catch (error) {
			if (!(error instanceof MalformedMessage)) throw error;
		}
	}

	/** To the client. */
	output(bytes: Buffer): void {
		if (this.#ended) return;
		this.#activeAt = this.clock.now();
		this.#channel.output(bytes, this.clock.now());
	}

	/** @param flag one of `SessionFlag` */
	flag(flag: number): void {
		if (!this.#ended) this.#channel.flag(flag, this.clock.now());
	}

	/** Resolves when the client takes more output; false: it takes none any more. */
	async room(): Promise<boolean> {
		return this.#until(() => !this.#channel.isFull);
	}

	/** Resolves when the client has all output. */
	async delivered(): Promise<boolean> {
		return this.#until(() => this.#channel.isDelivered);
	}

	/** Takes in nothing more, until `release`. */
	hold(): void {
		this.#channel.hold();
	}

	release(): void {
		if (!this.#ended) this.#channel.release(this.clock.now());
	}

	/** Ends the session and what it runs. @param output what the client is told beside */
	end(output = ''): void {
		if (this.#ended) return;
		this.#ended = true;
		this.#options.work.end();
		this.#channel.close(output, this.clock.now());
		this.#connection?.close();
		this.#wake();
		this.#options.onEnd();
	}

	async #until(condition: () => boolean): Promise<boolean> {
		while (!condition() && !this.#ended) await new Promise<void>((resolve) => this.#waiting.add(resolve));
		return !this.#ended;
	}

	#wake(): void {
		for (const resolve of this.#waiting) resolve();
		this.#waiting.clear();
	}

	#tick(): void {
		if (this.#ended) return;
		const now = this.clock.now();
		if (now - this.#activeAt > idleMilliseconds) return this.end();
		if (this.#connection === undefined && now - this.#absentSince > absentMilliseconds) return this.end();
		if (this.#connection !== undefined) this.#channel.tick(now);
		this.clock.setTimer(tickMilliseconds, () => this.#tick());
	}
}
