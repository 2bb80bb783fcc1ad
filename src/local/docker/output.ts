import type { Readable } from 'node:stream';
import { LineSplitter } from '../runtime/lines.ts';

const headerLength = 8;

/**
 * Cuts the engine's multiplexed stream: a header of 8 bytes, the first of which is 1 for standard output and 2 for standard
 * error, the last four its length, then that many bytes (API reference, "Attach to a container"). Resolves at its end.
 */
export async function piecesOf(stream: Readable, onPiece: (bytes: Buffer, source: number) => void): Promise<void> {
	let rest: Buffer = Buffer.alloc(0);
	for await (const bytes of stream as AsyncIterable<Buffer>) {
		rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
		while (rest.length >= headerLength) {
			const end = headerLength + rest.readUInt32BE(4);
			if (rest.length < end) break;
			onPiece(rest.subarray(headerLength, end), rest[0] ?? 1);
			rest = rest.subarray(end);
		}
	}
}

/** Whole lines of both sources. Resolves when all were handed on; a stream that breaks has ended. */
export async function linesOf(stream: Readable, onLine: (line: string) => void): Promise<void> {
	const splitters = new Map([1, 2].map((source) => [source, new LineSplitter(onLine)]));
	await piecesOf(stream, (bytes, source) => splitters.get(source)?.push(bytes)).catch(() => {});
	for (const splitter of splitters.values()) splitter.end();
}
