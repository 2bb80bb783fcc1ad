import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

export interface Ended {
	/** null: killed. */
	readonly exit: number | null;
	readonly stdout: string;
	readonly stderr: string;
}

export interface Run {
	readonly ended: Promise<Ended>;
	kill(): void;
}

/** Where the built program lies, where it runs, and what it is told. */
export interface Place {
	/** Holds `bin/` and `dist/`. */
	readonly program: string;
	readonly directory: string;
	readonly env: Readonly<Record<string, string>>;
}

/** A process of the command line. Nobody can answer its questions. @param preload a module that it loads first */
export function start(args: readonly string[], { program, directory, env }: Place, preload?: string): Run {
	const options = preload === undefined ? [] : ['--import', preload];
	const child = spawn(process.execPath, [...options, join(program, 'bin', 'airflow-deploy.js'), ...args], { cwd: directory, env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
	const ended = async (): Promise<Ended> => {
		const [[exit], stdout, stderr] = await Promise.all([once(child, 'close') as Promise<[number | null]>, text(child.stdout), text(child.stderr)]);
		return { exit, stdout, stderr };
	};
	return { ended: ended(), kill: () => void child.kill('SIGKILL') };
}
