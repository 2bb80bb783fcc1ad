import { StringDecoder } from 'node:string_decoder';

/** CloudWatch Logs takes events of at most 256 KiB, 26 bytes of which it counts for itself. */
const longest = 256 * 1024 - 26;

/**
 * Cuts a stream of bytes into lines without their newline. A character that arrives in two pieces stays whole; a line
 * of more than 256 KiB of text is handed on in parts.
 */
export class LineSplitter {
	readonly #onLine: (line: string) => void;
	readonly #decoder = new StringDecoder('utf8');
	#rest = '';

	constructor(onLine: (line: string) => void) {
		this.#onLine = onLine;
	}

	push(bytes: Buffer): void {
		const lines = (this.#rest + this.#decoder.write(bytes)).split('\n');
		this.#rest = lines.pop() ?? '';
		for (const line of lines) {
			this.#emit(line);
		}
		if (Buffer.byteLength(this.#rest) > longest) {
			this.#rest = this.#emitFullParts(this.#rest);
		}
	}

	/** The stream has ended: what is left is a line too. */
	end(): void {
		const rest = this.#rest + this.#decoder.end();
		this.#rest = '';
		if (rest !== '') {
			this.#emit(rest);
		}
	}

	#emit(line: string): void {
		this.#onLine(this.#emitFullParts(line.endsWith('\r') ? line.slice(0, -1) : line));
	}

	#emitFullParts(line: string): string {
		let rest = line;
		while (Buffer.byteLength(rest) > longest) {
			const part = firstBytes(rest, longest);
			this.#onLine(part);
			rest = rest.slice(part.length);
		}
		return rest;
	}
}

/** The longest beginning of `text` with at most `bytes` bytes, never half a character. */
function firstBytes(text: string, bytes: number): string {
	const { read } = new TextEncoder().encodeInto(text, new Uint8Array(bytes));
	return text.slice(0, read);
}
