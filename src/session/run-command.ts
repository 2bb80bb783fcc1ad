import { setTimeout as delay } from 'node:timers/promises';
import { Exit, UserError } from '../errors.ts';
import { connectChannel, type OpenChannel, type SessionAddress } from './connect.ts';
import { MarkedOutput } from './marked-output.ts';
import { typeInput } from './typed-input.ts';
import type { CommandMode } from './wrapped-command.ts';
import { Waiters } from './waiters.ts';

export interface TerminalSize {
	readonly columns: number;
	readonly rows: number;
}

export interface RunOptions {
	readonly mode: CommandMode;
	/** Of the wrapped command. */
	readonly marker: string;
	/** What is typed or piped; `closed` reads none. */
	readonly input: AsyncIterable<Buffer | string>;
	/** Takes the command's output. A promise: nothing more until it resolves. */
	readonly output: (bytes: Buffer) => Promise<void> | undefined;
	/** Of the terminal that shows it. */
	readonly size: () => TerminalSize;
	/** Aborted: Ctrl-C is typed to a command without a terminal; a session with one is ended. */
	readonly signal: AbortSignal;
}

/** How long a session may take to end by itself after its command, in ms. */
const lastWords = 1000;
/** Keys: Ctrl-C and Ctrl-D. */
const [interrupt, endOfInput] = [Buffer.from([3]), Buffer.from([4])];

/** A wrapped command that runs over its session. */
export class CommandRun {
	/** Resolves with the command's own exit code. Rejects with a UserError (exit 125) where the session ended before it. */
	readonly exitCode: Promise<number>;
	readonly #options: RunOptions;
	readonly #marked: MarkedOutput;
	readonly #open: OpenChannel;
	#written: Promise<void> = Promise.resolve();
	#over = false;
	readonly #waiters = new Waiters();
	#ready = false;
	#takesInput = false;
	#settle: { resolve: (code: number) => void; reject: (error: UserError) => void } = { resolve() {}, reject() {} };

	constructor(address: SessionAddress, options: RunOptions) {
		this.#options = options;
		this.#marked = new MarkedOutput(options.marker, options.mode === 'terminal' ? 'terminal' : 'lines');
		const ended = new Promise<number>((resolve, reject) => (this.#settle = { resolve, reject }));
		this.#open = connectChannel(address, {
			ready: () => {
				this.#ready = true;
				this.resized();
			},
			shown: (bytes) => this.#show(bytes),
			confirmed: () => this.#waiters.wake(),
			closed: (output) => this.#finish(output),
			lost: (reason) => this.#finish(reason),
		});
		this.exitCode = this.#wait(ended);
	}

	/** Tells the command the size of its terminal, which has changed. */
	resized(): void {
		if (this.#ready && !this.#over) this.#open.channel.resize(this.#options.size(), Date.now());
	}

	/** Nobody is there any more: ends command and session. */
	hangUp(): void {
		if (this.#over) return;
		// The agent has no word for the end of a shell's session; these keys end most commands, and shells at their prompt.
		for (const key of [interrupt, endOfInput]) this.#type(key);
		this.#open.channel.terminate(Date.now());
		void delay(lastWords, undefined, { ref: false }).then(() => this.#finish('nobody was left to read it'));
	}

	async #wait(ended: Promise<number>): Promise<number> {
		const { mode, signal } = this.#options;
		const interrupted = (): void => (mode === 'terminal' ? this.hangUp() : this.#type(interrupt));
		signal.addEventListener('abort', interrupted);
		try {
			const code = await ended;
			// Whoever decodes the input still waits for more of it.
			if (mode === 'piped') this.#type(endOfInput);
			await Promise.race([this.#waiters.until(() => this.#over), delay(lastWords, undefined, { ref: false })]);
			await this.#written;
			return code;
		} finally {
			signal.removeEventListener('abort', interrupted);
			this.#over = true;
			this.#waiters.wake();
			this.#open.close();
		}
	}

	/** Earlier, input would be echoed. */
	#takeInput(): void {
		const { input, mode } = this.#options;
		if (this.#takesInput || mode === 'closed') return;
		this.#takesInput = true;
		void typeInput(input, mode, { type: (bytes) => this.#type(bytes), room: () => this.#room() }).then(() => {
			// A terminal has no end of input, unless its window was closed.
			if (mode === 'terminal') this.hangUp();
		});
	}

	#show(bytes: Buffer): void {
		const { output, exitCode } = this.#marked.push(bytes);
		this.#write(output);
		if (this.#marked.hasBegun) this.#takeInput();
		if (exitCode !== undefined) this.#settle.resolve(exitCode);
	}

	#write(bytes: Buffer): void {
		const busy = bytes.length > 0 ? this.#options.output(bytes) : undefined;
		if (busy === undefined) return;
		this.#open.pause();
		this.#written = busy;
		void busy.then(() => this.#open.resume());
	}

	#type(bytes: Buffer): void {
		if (!this.#over) this.#open.channel.type(bytes, Date.now());
	}

	async #room(): Promise<boolean> {
		await this.#waiters.until(() => this.#over || !this.#open.channel.isFull);
		return !this.#over;
	}

	#finish(reason: string): void {
		if (this.#over) return;
		this.#over = true;
		this.#write(this.#marked.end());
		this.#settle.reject(sessionEnded(reason, this.#marked.unmarked));
		this.#waiters.wake();
	}
}

function sessionEnded(reason: string, unmarked: string): UserError {
	const said = [unmarked, reason].map((text) => text.trim()).filter(Boolean).join('\n');
	return new UserError('SessionEnded', `the session ended before its command did: ${said || 'it was idle for 20 minutes, or its task was stopped'}`, { hint: 'airflow-deploy status', exit: Exit.execFailed });
}
