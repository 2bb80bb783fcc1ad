import { EventEmitter } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { onTestFinished } from 'vitest';
import { main } from '../../src/cli.ts';

/** A stream that remembers what was written; `isTTY` makes it a terminal of 80 columns. */
export class Captured extends Writable {
	text = '';
	readonly columns = 80;
	readonly isTTY: boolean;

	constructor({ isTTY = false }: { isTTY?: boolean } = {}) {
		super();
		this.isTTY = isTTY;
	}

	/** What a terminal's moving line needs; the text alone is compared. */
	cursorTo(): boolean {
		return true;
	}

	clearLine(): boolean {
		return true;
	}

	moveCursor(): boolean {
		return true;
	}

	override _write(chunk: Buffer, _encoding: string, done: () => void): void {
		this.text += chunk.toString();
		done();
	}
}

/** A directory of its own for one test. */
export async function temporaryDirectory(): Promise<string> {
	const directory = await mkdtemp(join(tmpdir(), 'airflow-deploy-test-'));
	onTestFinished(() => rm(directory, { recursive: true, force: true }));
	return directory;
}

export interface Options {
	readonly cwd?: string;
	readonly env?: Record<string, string>;
	/** What is typed on a terminal; absent: standard input is no terminal. */
	readonly typed?: string;
	readonly signals?: EventEmitter;
	readonly exit?: (code: number) => void;
}

export interface Ran {
	readonly exit: number;
	readonly stdout: string;
	readonly stderr: string;
}

/** Runs a command line through the front door, in this process, with an environment of its own. */
export async function run(args: readonly string[], { cwd, env = {}, typed, signals = new EventEmitter(), exit = () => {} }: Options = {}): Promise<Ran> {
	const directory = cwd ?? (await temporaryDirectory());
	const [stdout, stderr] = [new Captured(), new Captured()];
	const stdin = Object.assign(new PassThrough(), { isTTY: typed !== undefined });
	if (typed !== undefined) stdin.write(typed);
	const code = await main(args, { stdout, stderr, stdin, cwd: directory, signals, exit, env: { HOME: directory, AWS_EC2_METADATA_DISABLED: 'true', ...env } });
	return { exit: code, stdout: stdout.text.replaceAll(directory, '<cwd>'), stderr: stderr.text.replaceAll(directory, '<cwd>') };
}
