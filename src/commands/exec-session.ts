import { once } from 'node:events';
import type { SessionAddress } from '../session/connect.ts';
import { CommandRun, type TerminalSize } from '../session/run-command.ts';
import type { CommandMode } from '../session/wrapped-command.ts';
import type { Io } from '../ui/io.ts';

interface Wrapped {
	readonly mode: CommandMode;
	readonly marker: string;
	readonly signal: AbortSignal;
}

/** As a shell tells it of a program that wrote to a pipe which nobody reads: 128 + SIGPIPE. */
const brokenPipe = 141;
/** Programs that ask for the size of no terminal take this. */
const noTerminal: TerminalSize = { columns: 200, rows: 50 };

/**
 * Connects standard input and output to a command until it ends; a terminal is put back as it was, however that comes.
 * @returns the command's exit code
 */
export async function runCommandOn({ stdin, stdout }: Io, address: SessionAddress, { mode, marker, signal }: Wrapped): Promise<number> {
	const gone = new AbortController();
	let draining: Promise<void> | undefined;
	const drained = (): Promise<void> =>
		(draining ??= once(stdout, 'drain', { signal: gone.signal })
			.then(() => {}, () => {})
			.finally(() => (draining = undefined)));
	const run = new CommandRun(address, {
		mode,
		marker,
		input: stdin,
		output: (bytes) => (gone.signal.aborted || stdout.write(bytes) ? undefined : drained()),
		size: () => (mode === 'terminal' ? { columns: stdout.columns ?? 80, rows: stdout.rows ?? 24 } : noTerminal),
		signal,
	});
	// The reader of our output has gone: so goes the command.
	const stop = (): void => {
		gone.abort();
		run.hangUp();
	};
	stdout.on('error', stop).on('close', stop);
	const resized = (): void => run.resized();
	const restore = mode === 'terminal' ? raw(stdin) : () => {};
	stdout.on('resize', resized);
	try {
		const code = await run.exitCode;
		return gone.signal.aborted ? brokenPipe : code;
	} catch (error) {
		if (gone.signal.aborted) return brokenPipe;
		throw error;
	} finally {
		restore();
		stdout.off('resize', resized).off('error', stop).off('close', stop);
		// Nobody reads it any more; what is left must not keep the process.
		stdin.destroy();
	}
}

/** Keys go to the command as they are typed. Returns what undoes it; the end of the process undoes it too. */
function raw(stdin: Io['stdin']): () => void {
	stdin.setRawMode?.(true);
	const restore = (): void => {
		process.off('exit', restore);
		stdin.setRawMode?.(false);
	};
	process.once('exit', restore);
	return restore;
}
