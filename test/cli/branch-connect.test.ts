import { expect, test } from 'vitest';
import { run } from './run.ts';

const connect = async (...words: string[]): Promise<[number, string]> => {
	const { exit, stdout, stderr } = await run(['branch', 'connect', '--local', ...words]);
	expect(stdout).toBe('');
	return [exit, stderr.split('\n')[0] ?? ''];
};

test.each(['', 'a/b', '🙂', '../shared', 'x'.repeat(60)])('%j is no name of a branch: nothing is called', async (name) => {
	expect(await connect(name, 'postgres')).toEqual([2, expect.stringMatching(/no name for a branch environment|is empty|characters long/)]);
});

test('a port is a number from 1 to 65535', async () => {
	for (const port of ['0', '65536', 'http', '1e3']) expect(await connect('x', 'postgres', '--port', port)).toEqual([2, `error: --port: "${port}" is no port: a number from 1 to 65535`]);
});

test('only what a branch has is connected to', async () => {
	expect(await connect('x', 'redis')).toEqual([2, expect.stringContaining('Allowed choices are postgres, mysql')]);
	expect(await connect('x')).toEqual([2, expect.stringContaining("missing required argument 'database'")]);
});

test('a failure of ours is 125 where a program was to run, 1 elsewhere', async () => {
	expect(await connect('x', 'postgres')).toEqual([1, 'error: there is no branch environment x']);
	expect(await connect('x', 'postgres', '--', 'true')).toEqual([125, 'error: there is no branch environment x']);
});
