const escape = 0x1b;

export interface Shown {
	/** The command's own output. */
	readonly output: Buffer;
	/** Set once, when the command has ended. */
	readonly exitCode?: number;
}

/** Takes the markers of a wrapped command out of what a session shows, in whatever pieces it comes. */
export class MarkedOutput {
	readonly #prefix: Buffer;
	readonly #mode: 'terminal' | 'lines';
	#rest: Buffer = Buffer.alloc(0);
	#state: 'before' | 'output' | 'after' = 'before';
	#convert = false;

	/** @param mode `lines`: where a terminal made CR LF of the command's LF, that is undone */
	constructor(marker: string, mode: 'terminal' | 'lines') {
		this.#prefix = Buffer.from(`\u001b_${marker}:`);
		this.#mode = mode;
	}

	/** What came before the command, or instead of it: a failure's words. */
	get unmarked(): string {
		return this.#state === 'before' ? this.#rest.toString() : '';
	}

	push(bytes: Buffer): Shown {
		const parts: Buffer[] = [];
		let rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
		let exitCode: number | undefined;
		while (this.#state !== 'after') {
			const marker = this.#find(rest);
			if (marker === undefined) break;
			if (this.#state === 'output') parts.push(this.#own(rest.subarray(0, marker.start)));
			rest = rest.subarray(marker.end);
			exitCode = this.#passed(marker.text);
		}
		if (this.#state === 'output') {
			const kept = this.#incomplete(rest);
			parts.push(this.#own(rest.subarray(0, rest.length - kept)));
			rest = rest.subarray(rest.length - kept);
		}
		this.#rest = rest;
		return { output: Buffer.concat(parts), ...(exitCode === undefined ? {} : { exitCode }) };
	}

	/** What is left where the output ends without its marker. */
	end(): Buffer {
		return this.#state === 'output' ? this.#own(this.#rest) : Buffer.alloc(0);
	}

	#find(bytes: Buffer): { start: number; end: number; text: string } | undefined {
		const start = bytes.indexOf(this.#prefix);
		const end = start < 0 ? -1 : bytes.indexOf('\u001b\\', start + this.#prefix.length);
		return end < 0 ? undefined : { start, end: end + 2, text: bytes.toString('latin1', start + this.#prefix.length, end) };
	}

	#passed(text: string): number | undefined {
		if (text === 'raw' || text === 'begin') {
			this.#state = 'output';
			this.#convert = text === 'begin' && this.#mode === 'lines';
			return undefined;
		}
		this.#state = 'after';
		return Number(text);
	}

	/** How many of the last bytes could be the beginning of a marker, or of a CR LF. */
	#incomplete(bytes: Buffer): number {
		if (this.#convert && bytes.at(-1) === 0x0d) return 1;
		const whole = bytes.indexOf(this.#prefix);
		if (whole >= 0) return bytes.length - whole;
		for (let at = bytes.indexOf(escape, Math.max(0, bytes.length - this.#prefix.length)); at >= 0; at = bytes.indexOf(escape, at + 1)) {
			if (bytes.subarray(at).equals(this.#prefix.subarray(0, bytes.length - at))) return bytes.length - at;
		}
		return 0;
	}

	#own(bytes: Buffer): Buffer {
		return this.#convert ? Buffer.from(bytes.toString('latin1').replaceAll('\r\n', '\n'), 'latin1') : bytes;
	}
}
