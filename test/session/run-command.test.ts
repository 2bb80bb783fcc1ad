import { createHash, randomBytes } from 'node:crypto';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { Sessions } from '../../src/local/session/sessions.ts';
import { TerminalWork } from '../../src/local/session/terminal-work.ts';
import { CommandRun } from '../../src/session/run-command.ts';
import { type CommandMode, wrapCommand } from '../../src/session/wrapped-command.ts';
import { temporaryDirectory, until } from '../local/runtime/support.ts';
import { dataChannels } from './data-channels.ts';

interface World {
	/** Runs words in the container; `input` undefined: none. */
	run(words: readonly string[], options?: { mode?: CommandMode; input?: Readable; asRoot?: boolean; signal?: AbortSignal }): Started;
	readonly sessions: Sessions;
	/** Ends the container. */
	stop(): void;
}
interface Started {
	readonly run: CommandRun;
	readonly shown: { bytes: Buffer[]; text(): string };
	readonly size: { columns: number; rows: number };
}

async function world({ path = '/usr/bin:/bin' } = {}): Promise<World> {
	const { sessions, container, stop } = await dataChannels({ path });
	return {
		sessions,
		stop,
		run(words, { mode = 'closed', input = Readable.from([]), asRoot = false, signal = new AbortController().signal } = {}) {
			const wrapped = wrapCommand(words, { mode, asRoot });
			const address = sessions.open({ name: 'test', container, work: new TerminalWork(container, wrapped.command) });
			if (address === undefined) throw new Error('too many sessions');
			const bytes: Buffer[] = [];
			const size = { columns: 90, rows: 30 };
			const options = { mode, marker: wrapped.marker, input, output: (piece: Buffer) => void bytes.push(piece), size: () => size, signal };
			return { run: new CommandRun(address, options), shown: { bytes, text: () => Buffer.concat(bytes).toString() }, size };
		},
	};
}

async function resultOf({ run, shown }: Started): Promise<[number, string]> {
	const code = await run.exitCode;
	return [code, shown.text()];
}

describe('a command without a terminal', () => {
	test('gives its own code, and its output as it wrote it', async () => {
		const here = await world();
		expect(await resultOf(here.run(['sh', '-c', String.raw`printf 'a\r\nb\n'; [ -t 1 ] || echo no terminal; echo to error >&2; exit 42`]))).toEqual([42, 'a\r\nb\nno terminal\nto error\n']);
		expect(await resultOf(here.run(['sh', '-c', 'kill -TERM $$']))).toEqual([143, '']);
		expect((await resultOf(here.run(['no-such-program'])))[0]).toBe(127);
	});

	test('reads what is piped to it, every byte', async () => {
		const here = await world();
		const bytes = randomBytes(1_000_000);
		expect(await resultOf(here.run(['sha256sum'], { mode: 'piped', input: Readable.from([bytes.subarray(0, 7), bytes.subarray(7, 500_000), bytes.subarray(500_000)]) }))).toEqual([0, `${createHash('sha256').update(bytes).digest('hex')}  -\n`]);
		expect(await resultOf(here.run(['cat'], { mode: 'piped', input: Readable.from([]) }))).toEqual([0, '']);
	});

	test('ends also while its input goes on', async () => {
		const here = await world();
		expect(await resultOf(here.run(['sh', '-c', 'read line; echo "$line"; exit 3'], { mode: 'piped', input: endless('first\n') }))).toEqual([3, 'first\n']);
		expect(await resultOf(here.run(['true'], { mode: 'piped', input: new PassThrough() }))).toEqual([0, '']);
	});

	test('writes 10 MB, and all of it arrives', async () => {
		const here = await world();
		const [code, text] = await resultOf(here.run(['seq', '1', '1400000']));
		expect(code).toBe(0);
		expect(text.length).toBeGreaterThan(10_000_000);
		expect(createHash('sha256').update(text).digest('hex')).toBe(createHash('sha256').update(`${Array.from({ length: 1_400_000 }, (_, index) => index + 1).join('\n')}\n`).digest('hex'));
	});

	test('gets Ctrl-C', async () => {
		const here = await world();
		const interrupt = new AbortController();
		const started = here.run(['sh', '-c', 'trap "echo stopped; exit 5" INT; echo begun; while :; do sleep 0.05; done'], { signal: interrupt.signal });
		await until(() => started.shown.text().includes('begun'));
		interrupt.abort();
		expect(await resultOf(started)).toEqual([5, 'begun\nstopped\n']);
	});
});

describe('a shell on a terminal', () => {
	test('is typed to, resized, and left with its own code', async () => {
		const here = await world();
		const keys = new PassThrough();
		const started = here.run(['sh'], { mode: 'terminal', input: keys });
		keys.write('stty size\r');
		await until(() => started.shown.text().includes('30 90'));
		Object.assign(started.size, { columns: 55, rows: 22 });
		started.run.resized();
		keys.write('stty size\r');
		await until(() => started.shown.text().includes('22 55'));
		keys.write('exit 9\r');
		expect(await started.run.exitCode).toBe(9);
	});

	test('ends when the window closes', async () => {
		const here = await world();
		const keys = new PassThrough();
		const started = here.run(['sh'], { mode: 'terminal', input: keys });
		keys.write('echo begun $((1+1))\r');
		await until(() => started.shown.text().includes('begun 2'));
		keys.end();
		await expect(started.run.exitCode).rejects.toThrow('session ended');
	});
});

test('a container that stops ends the session, and that is no exit code', async () => {
	const here = await world();
	const started = here.run(['sleep', '300']);
	here.stop();
	await expect(started.run.exitCode).rejects.toMatchObject({ code: 'SessionEnded', exit: 125 });
});

describe('who enters as root', () => {
	/** A container with these accounts, whose `setpriv` and `id` tell what they were asked. */
	async function container(accounts: string): Promise<World> {
		const bin = await temporaryDirectory();
		const programs = { id: 'echo 0', setpriv: 'echo setpriv "$@"', grep: `printf '${accounts}' | /usr/bin/grep -q "$2"` };
		for (const [name, script] of Object.entries(programs)) {
			await writeFile(join(bin, name), `#!/bin/sh\n${script}\n`);
			await chmod(join(bin, name), 0o755);
		}
		return world({ path: `${bin}:/usr/bin:/bin` });
	}
	const official = String.raw`root:x:0:0::/root:/bin/sh\nairflow:x:50000:0:First Last:/home/airflow:/bin/bash\n`;

	test('becomes the user that Airflow is installed for', async () => {
		expect(await resultOf((await container(official)).run(['airflow', 'version']))).toEqual([0, 'setpriv --reuid=50000 --regid=0 --clear-groups env HOME=/home/airflow airflow version\n']);
	});

	test('stays root when asked to, and where there is no such user', async () => {
		expect(await resultOf((await container(official)).run(['echo', 'root'], { asRoot: true }))).toEqual([0, 'root\n']);
		expect(await resultOf((await container(String.raw`root:x:0:0::/root:/bin/sh\n`)).run(['echo', 'root']))).toEqual([0, 'root\n']);
	});
});

function endless(text: string): Readable {
	return Readable.from(
		(function* () {
			for (;;) yield Buffer.from(text.repeat(1000));
		})(),
	);
}
