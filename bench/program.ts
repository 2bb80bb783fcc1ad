import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from '../src/package.ts';
import { peakMegabytes } from './measure.ts';

export interface Ran {
	readonly stdout: string;
	readonly stderr: string;
	/** From the start of the process to its end. */
	readonly seconds: number;
	/** From the start of the process to its first output on stdout. */
	readonly firstByteSeconds: number;
	/** Of the process itself, without its children. */
	readonly peakMegabytes: number;
}

const memoryPollMilliseconds = 50;

/**
 * Runs node with these arguments in a directory and measures it.
 * @throws Error with the last lines of stderr, where it does not end with 0
 */
export async function runNode(args: readonly string[], { cwd, env }: { cwd: string; env: NodeJS.ProcessEnv }): Promise<Ran> {
	const began = performance.now();
	const child = spawn(process.execPath, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
	const since = (): number => (performance.now() - began) / 1000;
	const ran = { stdout: '', stderr: '', firstByteSeconds: Number.NaN, peakMegabytes: 0 };
	child.stdout.setEncoding('utf8').on('data', (text: string) => {
		if (ran.stdout === '') ran.firstByteSeconds = since();
		ran.stdout += text;
	});
	child.stderr.setEncoding('utf8').on('data', (text: string) => (ran.stderr += text));
	const poll = setInterval(() => void peakMegabytes(child.pid ?? 0).then((peak) => (ran.peakMegabytes = peak ?? ran.peakMegabytes)), memoryPollMilliseconds);
	const code = await ended(child).finally(() => clearInterval(poll));
	if (code !== 0) throw new Error(`node ${args.join(' ')} ended with ${code}:\n${ran.stderr.slice(-2000)}`);
	return { ...ran, seconds: since() };
}

function ended(child: ChildProcess): Promise<number | null> {
	return new Promise((resolve, reject) => {
		child.once('error', reject);
		child.once('close', resolve);
	});
}

/** The command line's program, for `runNode`. */
export const cli = join(packageRoot, 'bin', 'airflow-deploy.js');
