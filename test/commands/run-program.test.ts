import { PassThrough } from 'node:stream';
import { expect, test, vi } from 'vitest';
import { runProgram } from '../../src/commands/run-program.ts';
import { Captured } from '../cli/run.ts';

interface Started {
	readonly code: Promise<number>;
	readonly stdout: Captured;
	readonly stderr: Captured;
	readonly said: string[];
	signal(name: NodeJS.Signals): void;
	readonly lent: () => boolean;
}

function start(words: readonly string[], { input = '', terminal = false, variables = {} }: { input?: string; terminal?: boolean; variables?: Record<string, string | undefined> } = {}): Started {
	const [stdout, stderr, said] = [new Captured(), new Captured(), [] as string[]];
	const stdin = Object.assign(new PassThrough(), { isTTY: terminal });
	stdin.end(input);
	let taker: ((name: NodeJS.Signals) => void) | undefined;
	const io = { stdin, stdout, stderr, cwd: '/', env: { PATH: process.env['PATH'], LEFT: 'ours' } };
	const lendSignals = (given: (name: NodeJS.Signals) => void) => {
		taker = given;
		return () => (taker = undefined);
	};
	const code = runProgram({ io, lendSignals, say: (text) => said.push(text) }, words, variables);
	return { code, stdout, stderr, said, signal: (name) => taker?.(name), lent: () => taker !== undefined };
}

test('its streams are ours, its code is what counts', async () => {
	const { code, stdout, stderr, lent } = start(['sh', '-c', 'cat; echo "$LEFT ${GONE-none} $GIVEN"; echo no >&2; exit 42'], { input: 'in ', variables: { GIVEN: 'given', GONE: undefined } });
	expect(await code).toBe(42);
	expect([stdout.text, stderr.text]).toEqual(['in ours none given\n', 'no\n']);
	expect(lent()).toBe(false);
});

test('as in a shell: no such program, and one that a signal ended', async () => {
	const missing = start(['no-such-program']);
	expect([await missing.code, missing.said]).toEqual([127, ['no-such-program: there is no such program on PATH']]);
	const forbidden = start(['/etc/passwd']);
	expect([await forbidden.code, forbidden.said]).toEqual([126, ['/etc/passwd: may not be run']]);
	expect(await start(['sh', '-c', 'kill -TERM $$']).code).toBe(143);
});

const untilTold = 'trap "echo INT" INT; trap "exit 5" TERM; echo begun; while :; do sleep 0.05; done';

test('signals are for it', async () => {
	const program = start(['sh', '-c', untilTold]);
	await vi.waitFor(() => expect(program.stdout.text).toBe('begun\n'));
	program.signal('SIGINT');
	await vi.waitFor(() => expect(program.stdout.text).toBe('begun\nINT\n'));
	program.signal('SIGTERM');
	expect(await program.code).toBe(5);
});

test('a terminal sends its Ctrl-C to it by itself', async () => {
	const program = start(['sh', '-c', untilTold], { terminal: true });
	await vi.waitFor(() => expect(program.stdout.text).toBe('begun\n'));
	program.signal('SIGINT');
	program.signal('SIGTERM');
	expect([await program.code, program.stdout.text]).toEqual([5, 'begun\n']);
});
