import type { CommandMode } from './wrapped-command.ts';

/** Three bytes are four characters; with its newline a line fills a message of 1,024 bytes. */
const lineBytes = 765;
const endOfInput = Buffer.from([4]);

interface Typing {
	readonly type: (bytes: Buffer) => void;
	/** Resolves when there is room; false: nobody reads any more. */
	readonly room: () => Promise<boolean>;
}

type Input = AsyncIterable<Buffer | string>;

/** Sends standard input to a wrapped command: as it is to a terminal, else as lines of base64 and an end of file. */
export async function typeInput(input: Input, mode: CommandMode, { type, room }: Typing): Promise<void> {
	try {
		for await (const bytes of mode === 'terminal' ? pieces(input) : lines(input)) {
			if (!(await room())) return;
			type(bytes);
		}
	} catch {
		// The input was closed while it was waited for: the command has ended.
	}
}

async function* pieces(input: Input): AsyncGenerator<Buffer> {
	for await (const piece of input) yield Buffer.from(piece as Buffer);
}

async function* lines(input: Input): AsyncGenerator<Buffer> {
	let rest = Buffer.alloc(0);
	for await (const piece of pieces(input)) {
		rest = Buffer.concat([rest, piece]);
		for (; rest.length >= lineBytes; rest = rest.subarray(lineBytes)) yield line(rest.subarray(0, lineBytes));
	}
	if (rest.length > 0) yield line(rest);
	yield endOfInput;
}

const line = (bytes: Buffer): Buffer => Buffer.from(`${bytes.toString('base64')}\n`);
