import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { buffer } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { startTerminal } from '../../../src/local/runtime/terminal.ts';
import type { Terminal } from '../../../src/local/ecs/runtime.ts';
import { isAlive, python, until } from './support.ts';

function open(script: string): Terminal & { readonly shown: { text: string } } {
	const terminal = startTerminal({ python, command: ['/bin/bash', '-c', script], environment: { PATH: '/usr/bin:/bin' }, directory: '/tmp' }, { columns: 123, rows: 45 });
	onTestFinished(() => terminal.kill());
	return { ...terminal, shown: { text: '' } };
}

/** Collects what it shows, until the text matches. */
async function reading(terminal: ReturnType<typeof open>): Promise<ReturnType<typeof open>> {
	terminal.output.on('data', (bytes: Buffer) => (terminal.shown.text += bytes.toString()));
	return terminal;
}

test('a command has a terminal of the given size, and its own exit code', async () => {
	const terminal = open('tty >/dev/null && stty size; echo $TERM; exit 7');
	expect((await buffer(terminal.output)).toString()).toBe('45 123\r\nxterm-256color\r\n');
	expect(await terminal.exited).toBe(7);
});

test('of a command that a signal ends the code is 128 + the signal', async () => {
	const terminal = open('kill -TERM $$');
	terminal.output.resume();
	expect(await terminal.exited).toBe(143);
});

test('what is typed arrives, Ctrl-C is a signal, and a new size is told', async () => {
	const terminal = await reading(open(`trap 'stty size' WINCH; trap 'echo interrupted; exit 3' INT; read -r line; echo "got $line"; while :; do sleep 0.05; done`));
	terminal.write(Buffer.from('héllo\r'));
	await until(() => terminal.shown.text.includes('got héllo'));
	terminal.resize({ columns: 99, rows: 11 });
	await until(() => terminal.shown.text.includes('11 99'));
	terminal.write(Buffer.from([3]));
	expect(await terminal.exited).toBe(3);
	expect(terminal.shown.text).toContain('interrupted');
});

test('10 MB come through whole, also to a reader that is late', async () => {
	const terminal = open('stty -opost; seq 1 1500000');
	await delay(300);
	const shown = await buffer(terminal.output);
	const expected = Buffer.from(`${Array.from({ length: 1_500_000 }, (_, index) => index + 1).join('\n')}\n`);
	expect(shown.length).toBe(expected.length);
	expect(createHash('sha256').update(shown).digest('hex')).toBe(createHash('sha256').update(expected).digest('hex'));
});

test('much input reaches a command that reads late', async () => {
	const terminal = await reading(open('stty raw -echo; echo ready; sleep 0.3; head -c 1000000 | sha256sum'));
	await until(() => terminal.shown.text.includes('ready'));
	const bytes = Buffer.alloc(1_000_000, 'all work and no play\n');
	terminal.write(bytes);
	expect(await terminal.exited).toBe(0);
	await until(() => terminal.shown.text.includes(createHash('sha256').update(bytes).digest('hex')));
});

test('kill ends all that the command started, in whatever session', async () => {
	const terminal = await reading(open('(setsid sh -c "echo daemon $$; exec sleep 300" &); setsid sleep 300 & echo "pid $!"; wait'));
	await until(() => /pid \d+/.test(terminal.shown.text));
	const pid = Number(/pid (\d+)/.exec(terminal.shown.text)?.[1]);
	terminal.kill();
	expect(await terminal.exited).toBe(137);
	expect(await isAlive(pid)).toBe(false);
});

test('what a command leaves running is ended with it', async () => {
	const terminal = open('setsid sleep 300 >/dev/null 2>&1 & echo $!');
	const pid = Number((await buffer(terminal.output)).toString());
	await terminal.exited;
	expect(await isAlive(pid)).toBe(false);
});
