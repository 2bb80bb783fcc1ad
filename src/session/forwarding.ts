import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Exit, UserError } from '../errors.ts';
import type { Greeting } from './client-channel.ts';
import { connectChannel, type OpenChannel, type SessionAddress } from './connect.ts';
import { isNewerAgent } from './agent-version.ts';
import { SessionFlag } from './message.ts';
import { type Carrier, MultiplexedSockets } from './multiplexed-sockets.ts';
import { Waiters } from './waiters.ts';

/** Newer agents take any number of connections in one session, older ones one (session-manager-plugin, src/version/versionutil.go). */
const lastWithoutStreams = [3, 0, 196, 0];
/** Newer agents do without signs of life. */
const lastThatNeedsLife = [3, 1, 1511, 0];
/** As often as smux says that it is there, in ms. */
const lifeMilliseconds = 10_000;
/** How long an agent may take to greet, in ms. */
const greetingMilliseconds = 20_000;

/** A session that forwards a port of a task. */
export class ForwardingSession {
	/** Resolves with the reason when it is over. Its connections are cut then. */
	readonly ended: Promise<string>;
	readonly #open: OpenChannel;
	readonly #mux: MultiplexedSockets;
	readonly #waiters = new Waiters();
	readonly #life: NodeJS.Timeout;
	#greeting: Greeting | undefined;
	#only: Socket | undefined;
	#over = false;
	#end: (reason: string) => void = () => {};
	#greeted: (nothing: undefined) => void = () => {};

	/** @param refused the task refused a connection */
	private constructor(address: SessionAddress, refused: () => void) {
		this.ended = new Promise((resolve) => (this.#end = resolve));
		this.#open = connectChannel(address, {
			ready: (greeting) => {
				this.#greeting = greeting;
				// A server may speak first.
				if (!this.multiplexes) this.#open.hold();
				this.#greeted(undefined);
			},
			shown: (bytes) => (this.multiplexes ? this.#mux.receive(bytes) : this.#deliver(bytes)),
			flagged: (flag) => {
				if (flag === SessionFlag.connectToPortError) refused();
			},
			confirmed: () => this.#waiters.wake(),
			closed: (output) => this.#finish(output.trim() || 'it was idle for 20 minutes, or its task was stopped'),
			lost: (reason) => this.#finish(reason),
		});
		this.#mux = new MultiplexedSockets({ carrier: this.#carrier(), opened: () => {}, end: (socket) => socket.end() });
		this.#life = setInterval(() => this.#showLife(), lifeMilliseconds).unref();
	}

	/**
	 * Connects to a session that forwards a port.
	 * @throws UserError `SessionEnded` where it ends, or nobody greets
	 */
	static async open(address: SessionAddress, refused: () => void): Promise<ForwardingSession> {
		const session = new ForwardingSession(address, refused);
		const greeted = new Promise<undefined>((resolve) => (session.#greeted = resolve));
		const slow = delay(greetingMilliseconds, 'the agent in the task did not answer', { ref: false });
		const failure = await Promise.race([greeted, session.ended, slow]);
		if (failure === undefined) return session;
		session.close();
		throw new UserError('SessionEnded', `the session ended before the port could be used: ${failure}`, { hint: 'airflow-deploy status', exit: Exit.failed });
	}

	/** Takes any number of connections; otherwise one, and ends with it. */
	get multiplexes(): boolean {
		return isNewerAgent(this.#greeting?.agentVersion ?? '', lastWithoutStreams);
	}

	/** A connection of this machine becomes one of the task. */
	carry(socket: Socket): void {
		if (this.#over) return void socket.destroy();
		if (this.multiplexes) return this.#mux.open(socket);
		this.#only = socket;
		socket.on('error', () => {});
		socket.on('data', (bytes: Buffer) => void this.#sendFrom(socket, bytes));
		socket.on('drain', () => this.#open.release());
		socket.once('close', () => this.close());
		this.#open.release();
		socket.resume();
	}

	/** Ends it, and all its connections. */
	close(): void {
		if (this.#over) return;
		this.#open.channel.terminate(Date.now());
		this.#finish('it was closed');
	}

	#carrier(): Carrier {
		return {
			send: (bytes) => {
				if (!this.#over) this.#open.channel.type(bytes, Date.now());
			},
			room: async () => {
				await this.#waiters.until(() => this.#over || !this.#open.channel.isFull);
				return !this.#over;
			},
			hold: () => this.#open.hold(),
			release: () => {
				if (!this.#over) this.#open.release();
			},
		};
	}

	async #sendFrom(socket: Socket, bytes: Buffer): Promise<void> {
		const carrier = this.#carrier();
		socket.pause();
		carrier.send(bytes);
		if (await carrier.room()) socket.resume();
	}

	#deliver(bytes: Buffer): void {
		if (this.#only?.write(bytes) === false) this.#open.hold();
	}

	/** AWS ends a session after 20 minutes without a word: a long query is not to die of that, but an unused session may. */
	#showLife(): void {
		const needed = !isNewerAgent(this.#greeting?.agentVersion ?? '', lastThatNeedsLife);
		if (this.#greeting !== undefined && this.multiplexes && (needed || this.#mux.size > 0)) this.#mux.keepAlive();
	}

	#finish(reason: string): void {
		if (this.#over) return;
		this.#over = true;
		clearInterval(this.#life);
		this.#mux.destroy();
		// The last bytes may still be on their way to it.
		this.#only?.destroySoon();
		this.#end(reason);
		this.#waiters.wake();
		this.#open.close();
	}
}
