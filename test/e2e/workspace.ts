import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../src/package.ts';
import { type Options, type Ran, run } from '../cli/run.ts';
import { checkRequests, recordRequests } from '../requests.ts';

/** A working directory with the sample code base, and the command line in it. */
export interface Workspace {
	readonly directory: string;
	run(args: readonly string[], options?: Options): Promise<Ran>;
	/** Runs with --json and expects one document; `T` is what it is taken for. */
	// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller says what the document is
	json<T>(args: readonly string[], options?: Options): Promise<{ exit: number; document: T; stderr: string }>;
	/** Runs and expects exit 0. @throws with what the command said, where it ends otherwise */
	succeeds(args: readonly string[], options?: Options): Promise<Ran>;
	path(...parts: string[]): string;
	/** Ends the endpoint and removes the directory. */
	dispose(): Promise<void>;
}

export async function workspace({ sample = true } = {}): Promise<Workspace> {
	const directory = await mkdtemp(join(tmpdir(), 'airflow-deploy-e2e-'));
	if (sample) await cp(join(packageRoot, 'airflow'), join(directory, 'airflow'), { recursive: true });
	await mkdir(join(directory, '.airflow-deploy'));
	recordRequests(join(directory, '.airflow-deploy'));
	// The user's own cache: Python environments are made once per machine.
	const env = { HOME: homedir(), PATH: process.env['PATH'] ?? '', ...(process.env['XDG_CACHE_HOME'] ? { XDG_CACHE_HOME: process.env['XDG_CACHE_HOME'] } : {}) };
	const runHere = (args: readonly string[], options: Options = {}): Promise<Ran> => run(args, { ...options, cwd: directory, env: { ...env, ...options.env } });
	return {
		directory,
		run: runHere,
		// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- as declared above
		async json<T>(args: readonly string[], options: Options = {}) {
			const { exit, stdout, stderr } = await runHere([...args, '--json', '--yes'], options);
			if (stdout.startsWith('{"error"')) throw new Error(`${args.join(' ')} ended with ${exit}: ${stdout}`);
			return { exit, document: JSON.parse(stdout) as T, stderr };
		},
		async succeeds(args, options) {
			const ran = await runHere(args, options);
			if (ran.exit !== 0) throw new Error(`${args.join(' ')} ended with ${ran.exit}:\n${ran.stderr.slice(-3000)}`);
			return ran;
		},
		path: (...parts) => join(directory, ...parts),
		async dispose() {
			await runHere(['local', 'stop']);
			try {
				checkRequests(join(directory, '.airflow-deploy'));
			} finally {
				await rm(directory, { recursive: true, force: true });
			}
		},
	};
}
