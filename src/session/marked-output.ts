const escape = 0x1b;
const terminator = '\u001b\\';
const longestText = 'begin'.length + terminator.length;

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

	/** The command has begun, so what is typed is for it. */
	get hasBegun(): boolean {
		return this.#state !== 'before';
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
		for (let start = bytes.indexOf(this.#prefix); start >= 0; start = bytes.indexOf(this.#prefix, start + 1)) {
			const from = start + this.#prefix.length;
			const following = bytes.toString('latin1', from, from + longestText);
			const text = /^(?:begin|raw|\d{1,3})/.exec(following)?.[0];
			if (text !== undefined && following.startsWith(terminator, text.length)) return { start, end: from + text.length + terminator.length, text };
		}
		return undefined;
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
		for (let at = bytes.indexOf(escape, Math.max(0, bytes.length - this.#prefix.length - longestText)); at >= 0; at = bytes.indexOf(escape, at + 1)) {
			if (this.#mayBegin(bytes.subarray(at))) return bytes.length - at;
		}
		return 0;
	}

	#mayBegin(bytes: Buffer): boolean {
		const length = Math.min(bytes.length, this.#prefix.length);
		const following = bytes.toString('latin1', length).replace(/^\w{0,5}/, '');
		return bytes.subarray(0, length).equals(this.#prefix.subarray(0, length)) && terminator.startsWith(following);
	}

	#own(bytes: Buffer): Buffer {
		return this.#convert ? Buffer.from(bytes.toString('latin1').replaceAll('\r\n', '\n'), 'latin1') : bytes;
	}
}
