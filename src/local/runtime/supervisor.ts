import { join } from 'node:path';
import { execa } from 'execa';
import { packageRoot } from '../../package.ts';
import { LineSplitter } from './lines.ts';

const program = join(packageRoot, 'templates', 'supervisor.py');

export interface Supervised {
	/** Of the supervisor, not of the program. */
	readonly pid: number | undefined;
	/** The program's exit code, or 128 + the signal that ended it. Resolves when all its processes are gone and all output was read. */
	readonly exited: Promise<number>;
	/** To the program alone, or to its process group (`toGroup`). Does nothing when the program has ended. */
	signal(name: NodeJS.Signals): void;
	/** SIGKILL to every process that the program started, in whatever session. */
	kill(): void;
}

export interface SupervisedProgram {
	/** A Python of version 3.9 or newer: `supervisor.py` runs on it. */
	readonly python: string;
	readonly command: readonly string[];
	/** All of it: nothing is added from this process. */
	readonly environment: Readonly<Record<string, string>>;
	readonly directory: string;
	/** Name of an account to run as; only root can. */
	readonly user?: string | undefined;
	/** Signals go to the whole process group, as `dumb-init` passes them on. */
	readonly toGroup?: boolean;
	/** How the program is ended when this process dies; default: SIGKILL at once. */
	readonly end?: { readonly signal: 'SIGTERM' | 'SIGINT' | 'SIGQUIT'; readonly seconds: number };
	/** Each line of standard output and error, in their order. */
	readonly onLine: (line: string) => void;
}

/**
 * Starts a program under `supervisor.py`, which ends it and everything it started when this process ends, however it
 * ends: the supervisor's standard input is a pipe that the kernel closes then. A program that cannot be executed gives
 * a line that says so and exit code 127 or 126.
 */
export function supervise(options: SupervisedProgram): Supervised {
	const child = execa(options.python, ['-I', '-S', program, ...flags(options), '--', ...options.command], {
		cwd: options.directory,
		env: { ...options.environment },
		extendEnv: false,
		// Its own session: Ctrl-C on a terminal is for this process, which decides what becomes of the program.
		detached: true,
		cleanup: false,
		buffer: false,
		reject: false,
		stdin: 'pipe',
		stdout: 'pipe',
		stderr: 'pipe',
	});
	const lines = new LineSplitter(options.onLine);
	child.stdout.on('data', (bytes: Buffer) => lines.push(bytes));
	child.stderr.on('data', (bytes: Buffer) => lines.push(bytes));
	// Writing to a supervisor that has just ended is no failure: there is nothing left to signal.
	child.stdin.on('error', () => {});
	const tell = (name: string): void => void child.stdin.write(`${name}\n`);
	return {
		pid: child.pid,
		exited: child.then((result) => {
			lines.end();
			return result.exitCode ?? failure(result, options.onLine);
		}),
		signal: (name) => tell(name.replace(/^SIG/, '')),
		kill: () => tell('KILL'),
	};
}

function flags({ toGroup, user, end }: SupervisedProgram): string[] {
	return [
		...(toGroup ? ['--group'] : []),
		...(user === undefined ? [] : ['--user', user]),
		...(end === undefined ? [] : ['--end', `${end.signal.replace(/^SIG/, '')}:${end.seconds}`]),
	];
}

/** The supervisor was killed, or could not be started at all. */
function failure(result: { signal?: string | undefined; originalMessage?: string | undefined }, onLine: (line: string) => void): number {
	if (result.signal !== undefined) {
		return 137;
	}
	onLine(`cannot start the supervisor: ${result.originalMessage ?? 'unknown reason'}`);
	return 126;
}
