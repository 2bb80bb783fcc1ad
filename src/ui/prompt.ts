import { createInterface } from 'node:readline';
import { Exit, UserError } from '../errors.ts';
import type { Io } from './io.ts';

/** Asks on stderr, reads lines from the terminal. */
export interface Prompt {
	/**
	 * The next line; an empty one is `fallback`.
	 * @throws UserError NoTerminal (exit 2) where nobody can answer, Interrupted (exit 130) at Ctrl-C or end of input
	 */
	ask(question: string, fallback?: string): Promise<string>;
	/** Goes on only after `expected` was typed. */
	confirm(question: string, expected: string): Promise<void>;
	/** Whether an answer is waited for. */
	readonly asking: boolean;
	close(): void;
}

/** One reader for all questions: what was typed ahead answers the next one. */
export function openPrompt({ stdin, stderr }: Pick<Io, 'stdin' | 'stderr'>, signal: AbortSignal): Prompt {
	let reader: LineReader | undefined;
	let asking = false;
	const ask = async (question: string, fallback = ''): Promise<string> => {
		if (stdin.isTTY !== true) throw noTerminal(question);
		reader ??= readLines(stdin, signal);
		stderr.write(`${question}${fallback === '' ? '' : ` [${fallback}]`}: `);
		asking = true;
		const line = await reader.next();
		asking = false;
		if (line !== undefined) return line.trim() || fallback;
		stderr.write('\n');
		throw new UserError('Interrupted', 'interrupted: nothing was changed', { exit: Exit.interrupted });
	};
	return {
		ask,
		async confirm(question, expected) {
			const answer = await ask(question);
			if (answer !== expected) throw new UserError('NotConfirmed', `not confirmed: "${answer}" is not "${expected}", nothing was changed`, { exit: Exit.usage });
		},
		get asking() {
			return asking;
		},
		close() {
			reader?.close();
			reader = undefined;
		},
	};
}

interface LineReader {
	/** Undefined when there will be none. */
	next(): Promise<string | undefined>;
	close(): void;
}

function readLines(stdin: Io['stdin'], signal: AbortSignal): LineReader {
	// Without `terminal`, the terminal itself edits the line and Ctrl-C stays a signal.
	const lines = createInterface({ input: stdin, terminal: false, signal });
	const iterator = lines[Symbol.asyncIterator]();
	return {
		async next() {
			const { value, done } = await iterator.next().catch(() => ({ value: undefined, done: true }));
			return done === true ? undefined : value;
		},
		close: () => lines.close(),
	};
}

function noTerminal(question: string): UserError {
	return new UserError('NoTerminal', `cannot ask "${question}": standard input is no terminal`, { hint: 'answer beforehand with --yes', exit: Exit.usage });
}
