import { MalformedMessage } from '../../session/message.ts';
import type { Clock } from '../ecs/dependencies.ts';
import type { RunningContainer, Terminal, TerminalSize } from '../ecs/runtime.ts';
import { AgentChannel } from './channel.ts';
import { splitWords } from './words.ts';

/** One end of a WebSocket. */
export interface Connection {
	send(frame: Buffer): void;
	close(): void;
}

export interface CommandSessionOptions {
	readonly id: string;
	readonly clock: Clock;
	readonly container: RunningContainer;
	/** As it was asked for, words and quotes. */
	readonly command: string;
	/** The session is over. */
	readonly onEnd: () => void;
}

/** Developer guide, "Monitor Amazon ECS containers with ECS Exec": 20 minutes, and not to be changed. */
const idleMilliseconds = 20 * 60_000;
/** How long a session waits for its client, at first and after a lost connection. */
const absentMilliseconds = 60_000;
/** A client tells the size of its terminal at once; one that has none gets this. */
const sizeMilliseconds = 1000;
const usualSize: TerminalSize = { columns: 80, rows: 24 };
const tickMilliseconds = 100;

/** A command on a terminal in a container, and the client that it talks to. */
export class CommandSession {
	readonly id: string;
	readonly #options: CommandSessionOptions;
	readonly #channel: AgentChannel;
	#connection: Connection | undefined;
	#terminal: Promise<Terminal> | undefined;
	#ended = false;
	#readyAt: number | undefined;
	#activeAt: number;
	#absentSince: number;
	#wake: () => void = () => {};

	constructor(options: CommandSessionOptions) {
		this.id = options.id;
		this.#options = options;
		this.#activeAt = this.#absentSince = options.clock.now();
		this.#channel = new AgentChannel(options.id, {
			send: (frame) => this.#connection?.send(frame),
			ready: () => (this.#readyAt = this.#now()),
			typed: (bytes) => this.#typed(bytes),
			resized: (size) => this.#resized(size),
			terminated: () => this.end(),
			confirmed: () => this.#wake(),
		});
		void options.container.exited.then(() => this.end());
		this.#tick();
	}

	/** A client has shown the session's token. The connection before, if it is still there, is dropped. */
	connect(connection: Connection): void {
		this.#connection?.close();
		this.#connection = connection;
		this.#channel.connected(this.#now());
	}

	disconnected(connection: Connection): void {
		if (this.#connection !== connection) return;
		this.#connection = undefined;
		this.#absentSince = this.#now();
	}

	/** Frames that cannot be read are dropped: the client repeats what is not confirmed. */
	receive(frame: Buffer): void {
		try {
			this.#channel.receive(frame, this.#now());
		} catch (error) {
			if (!(error instanceof MalformedMessage)) throw error;
		}
	}

	/** Ends command and session. @param output what the client is told beside */
	end(output = ''): void {
		if (this.#ended) return;
		this.#ended = true;
		void this.#terminal?.then((terminal) => terminal.kill(), () => {});
		this.#channel.close(output, this.#now());
		this.#connection?.close();
		this.#wake();
		this.#options.onEnd();
	}

	#now(): number {
		return this.#options.clock.now();
	}

	#typed(bytes: Buffer): void {
		this.#activeAt = this.#now();
		void this.#terminal?.then((terminal) => terminal.write(bytes), () => {});
	}

	#resized(size: TerminalSize): void {
		if (this.#terminal === undefined) return this.#start(size);
		void this.#terminal.then((terminal) => terminal.resize(size), () => {});
	}

	#start(size: TerminalSize): void {
		const { container, command } = this.#options;
		const open = async (): Promise<Terminal> => container.openTerminal(splitWords(command), size);
		this.#terminal = open();
		this.#terminal.then((terminal) => this.#show(terminal)).catch((error: unknown) => this.end(startFailure(error)));
	}

	/** Passes on what the terminal shows, as fast as the client takes it. */
	async #show({ output }: Terminal): Promise<void> {
		try {
			for await (const bytes of output as AsyncIterable<Buffer>) {
				this.#activeAt = this.#now();
				this.#channel.output(bytes, this.#now());
				await this.#until(() => !this.#channel.isFull);
			}
		} catch {
			// The terminal was ended while it was read.
		}
		await this.#until(() => this.#channel.isDelivered);
		this.end();
	}

	async #until(condition: () => boolean): Promise<void> {
		while (!condition() && !this.#ended) await new Promise<void>((resolve) => (this.#wake = resolve));
	}

	#tick(): void {
		if (this.#ended) return;
		const now = this.#now();
		if (now - this.#activeAt > idleMilliseconds) return this.end();
		if (this.#connection === undefined && now - this.#absentSince > absentMilliseconds) return this.end();
		if (this.#terminal === undefined && this.#readyAt !== undefined && now - this.#readyAt >= sizeMilliseconds) this.#start(usualSize);
		if (this.#connection !== undefined) this.#channel.tick(now);
		this.#options.clock.setTimer(tickMilliseconds, () => this.#tick());
	}
}

/** As the agent words it (github.com/aws/amazon-ssm-agent, agent/session/plugins/shell). */
function startFailure(error: unknown): string {
	return `\n----------ERROR-------\nUnable to start command: Failed to start pty: ${error instanceof Error ? error.message : String(error)}`;
}
