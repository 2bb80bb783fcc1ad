import { PassThrough } from 'node:stream';
import type { Terminal, TerminalSize } from '../../../src/local/ecs/runtime.ts';

/** A terminal whose command a test plays. */
export class StubTerminal implements Terminal {
	readonly command: readonly string[];
	readonly output = new PassThrough();
	readonly exited: Promise<number>;
	readonly sizes: TerminalSize[] = [];
	typed = '';
	ended = false;
	#settle: (code: number) => void = () => {};

	constructor(command: readonly string[], size: TerminalSize) {
		this.command = command;
		this.sizes.push(size);
		this.exited = new Promise((resolve) => (this.#settle = resolve));
	}

	write(bytes: Buffer): void {
		this.typed += bytes.toString();
	}

	resize(size: TerminalSize): void {
		this.sizes.push(size);
	}

	exit(code: number): void {
		this.ended = true;
		this.output.end();
		this.#settle(code);
	}

	kill(): void {
		this.exit(137);
	}
}
