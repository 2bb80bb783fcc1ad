import { spawn, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import type { Io } from '../ui/io.ts';
import type { LendSignals } from '../interrupts.ts';

interface Around {
	readonly io: Io;
	readonly lendSignals: LendSignals;
	readonly say: (text: string) => void;
}

/** As shells have it: there is no such program, or it may not be run. */
const [notFound, notRun] = [127, 126];

/**
 * Runs a program of this machine in our place: its streams are ours, and signals are for it.
 * @param variables for its environment, beside ours; undefined ones are left out
 * @returns its exit code; 128 and the signal's number where one ended it
 */
export async function runProgram({ io, lendSignals, say }: Around, [program = '', ...words]: readonly string[], variables: Readonly<Record<string, string | undefined>>): Promise<number> {
	const child = spawn(program, words, { cwd: io.cwd, env: { ...io.env, ...variables }, stdio: streams(io) });
	const takeBack = lendSignals((signal) => {
		// A terminal has sent its Ctrl-C to the program as well.
		if (signal !== 'SIGINT' || io.stdin.isTTY !== true) child.kill(signal);
	});
	if (child.stdin) io.stdin.pipe(child.stdin).on('error', () => {});
	child.stdout?.pipe(io.stdout, { end: false });
	child.stderr?.pipe(io.stderr, { end: false });
	try {
		const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
		return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException;
		if (code !== 'ENOENT' && code !== 'EACCES') throw error;
		say(`${program}: ${code === 'ENOENT' ? 'there is no such program on PATH' : 'may not be run'}`);
		return code === 'ENOENT' ? notFound : notRun;
	} finally {
		takeBack();
	}
}

/** The process's own streams go to the program as they are: it may be one for a terminal. */
function streams({ stdin, stdout, stderr }: Io): StdioOptions {
	return [stdin === process.stdin ? 'inherit' : 'pipe', stdout === process.stdout ? 'inherit' : 'pipe', stderr === process.stderr ? 'inherit' : 'pipe'];
}
