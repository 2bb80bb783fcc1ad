import { once } from 'node:events';
import type { Output } from './io.ts';

/** A result without an end: lines on stdout as they come. */
export interface Lines<Item> {
	/** Resolves when the reader is ready for more, or gone. Never rejects. */
	write(items: readonly Item[]): Promise<void>;
	/** Aborted when the reader has gone: `| head`. */
	readonly closed: AbortSignal;
}

export function linesOn<Item>(stream: Output, textOf: (item: Item) => string): Lines<Item> {
	const closed = new AbortController();
	const close = (): void => closed.abort();
	stream.on('error', close).on('close', close);
	return {
		closed: closed.signal,
		async write(items) {
			if (closed.signal.aborted || items.length === 0) return;
			const roomy = stream.write(items.map((item) => `${textOf(item)}\n`).join(''));
			if (!roomy) await once(stream, 'drain', { signal: closed.signal }).catch(() => {});
		},
	};
}
