import type { RunningContainer, Terminal, TerminalSize } from '../ecs/runtime.ts';
import type { Session, Work } from './session.ts';
import { splitWords } from './words.ts';

/** A client tells the size of its terminal at once; one that has none gets this. */
const sizeMilliseconds = 1000;
const usualSize: TerminalSize = { columns: 80, rows: 24 };

/** A command on a terminal in a container. */
export class TerminalWork implements Work {
	readonly sessionType = { SessionType: 'InteractiveCommands', Properties: {} };
	readonly #container: RunningContainer;
	readonly #command: string;
	#session: Session | undefined;
	#terminal: Promise<Terminal> | undefined;
	#ended = false;

	/** @param command as it was asked for, words and quotes */
	constructor(container: RunningContainer, command: string) {
		this.#container = container;
		this.#command = command;
	}

	begin(session: Session): void {
		this.#session = session;
		session.clock.setTimer(sizeMilliseconds, () => {
			if (this.#terminal === undefined && !this.#ended) this.#start(usualSize);
		});
	}

	typed(bytes: Buffer): void {
		void this.#terminal?.then((terminal) => terminal.write(bytes), () => {});
	}

	resized(size: TerminalSize): void {
		if (this.#terminal === undefined) return this.#start(size);
		void this.#terminal.then((terminal) => terminal.resize(size), () => {});
	}

	end(): void {
		this.#ended = true;
		void this.#terminal?.then((terminal) => terminal.kill(), () => {});
	}

	#start(size: TerminalSize): void {
		const open = async (): Promise<Terminal> => this.#container.openTerminal(splitWords(this.#command), size);
		this.#terminal = open();
		this.#terminal.then((terminal) => this.#show(terminal)).catch((error: unknown) => this.#session?.end(startFailure(error)));
	}

	/** Passes on what the terminal shows, as fast as the client takes it. */
	async #show({ output }: Terminal): Promise<void> {
		try {
			for await (const bytes of output as AsyncIterable<Buffer>) {
				this.#session?.output(bytes);
				await this.#session?.room();
			}
		} catch {
			// The terminal was ended while it was read.
		}
		await this.#session?.delivered();
		this.#session?.end();
	}
}

/** As the agent words it (github.com/aws/amazon-ssm-agent, agent/session/plugins/shell). */
function startFailure(error: unknown): string {
	return `\n----------ERROR-------\nUnable to start command: Failed to start pty: ${error instanceof Error ? error.message : String(error)}`;
}
