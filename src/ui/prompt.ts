import { createInterface } from 'node:readline/promises';
import { Exit, UserError } from '../errors.ts';
import type { Io } from './io.ts';

function noTerminal(what: string): UserError {
	return new UserError('NoTerminal', `cannot ask "${what}": standard input is no terminal`, { hint: 'answer beforehand with --yes', exit: Exit.usage });
}

/**
 * Asks on stderr and reads one line; an empty one is `fallback`.
 * @throws UserError NoTerminal (exit 2) where nobody can answer, Interrupted (exit 130) at Ctrl-C or end of input
 */
export async function ask({ stdin, stderr }: Io, question: string, { fallback, signal }: { fallback?: string; signal: AbortSignal }): Promise<string> {
	if (stdin.isTTY !== true) throw noTerminal(question);
	const terminal = createInterface({ input: stdin, output: stderr, terminal: stderr.isTTY === true });
	const over = new AbortController();
	terminal.on('SIGINT', () => over.abort());
	terminal.on('close', () => over.abort());
	try {
		const suffix = fallback === undefined || fallback === '' ? '' : ` [${fallback}]`;
		const answer = await terminal.question(`${question}${suffix}: `, { signal: AbortSignal.any([signal, over.signal]) });
		return answer.trim() || (fallback ?? '');
	} catch (error) {
		throw new UserError('Interrupted', 'interrupted: nothing was changed', { exit: Exit.interrupted, cause: error });
	} finally {
		terminal.close();
	}
}

/** Lets the user go on only by typing a name. */
export async function confirm(io: Io, question: string, expected: string, signal: AbortSignal): Promise<void> {
	const answer = await ask(io, question, { signal });
	if (answer !== expected) throw new UserError('NotConfirmed', `not confirmed: "${answer}" is not "${expected}", nothing was changed`, { exit: Exit.usage });
}
