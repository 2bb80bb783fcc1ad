import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { packageRoot } from '../../../src/package.ts';
import { type Supervised, type SupervisedProgram, supervise } from '../../../src/local/runtime/supervisor.ts';
import { isAlive, python, temporaryDirectory, until } from './support.ts';

interface Run extends Supervised {
	readonly lines: string[];
	/** The number in the first line that begins with `name`. */
	pidOf(name: string): Promise<number>;
}

/** Runs a shell script whose lines `name pid` tell what it started. */
function run(script: string, options: Partial<SupervisedProgram> = {}): Run {
	const lines: string[] = [];
	const program = supervise({
		python,
		command: ['/bin/sh', '-c', script],
		environment: { PATH: '/usr/bin:/bin' },
		directory: '/tmp',
		onLine: (line) => lines.push(line),
		...options,
	});
	onTestFinished(() => program.kill());
	return { ...program, lines, pidOf: (name) => pidIn(lines, name) };
}

async function pidIn(lines: readonly string[], name: string): Promise<number> {
	const found = (): string | undefined => lines.find((line) => line.startsWith(`${name} `));
	await until(() => found() !== undefined);
	return Number(found()?.split(' ')[1]);
}

/** In a session of its own and orphaned at once, as a daemon makes itself. */
const daemon = '(setsid sh -c "echo daemon \\$\\$; exec sleep 300" &);';

describe('the exit code', () => {
	test.each([
		['exit 0', 0],
		['exit 3', 3],
		['kill -TERM $$', 143],
		['kill -KILL $$', 137],
	])('of %j is %i', async (script, code) => expect(await run(script).exited).toBe(code));

	test('of what cannot be executed is 127, with a line that says so', async () => {
		const program = run('', { command: ['/no/such/program'] });
		expect(await program.exited).toBe(127);
		expect(program.lines).toEqual(['exec /no/such/program: No such file or directory']);
	});

	test('is 126 where Python cannot be executed', async () => {
		const program = run('', { python: '/no/such/python' });
		expect(await program.exited).toBe(126);
		expect(program.lines.join()).toContain('/no/such/python');
	});
});

test('standard output and error keep their order, and the environment is only what was given', async () => {
	const program = run('echo out; echo err >&2; echo out again; env | grep -vE "^(PWD|SHLVL|_)=" | sort', { environment: { PATH: '/usr/bin:/bin', NAME: 'välue' } });
	await program.exited;
	expect(program.lines).toEqual(['out', 'err', 'out again', 'NAME=välue', 'PATH=/usr/bin:/bin']);
});

test('a program that is a session leader has default signals and no standard input', async () => {
	// A shell blocks signals for the moment of each fork, so the program looks at itself.
	const program = run('cat; ps -o sid= -p $$ | tr -d " "; echo $$; exec grep -E "^Sig(Ign|Blk)" /proc/self/status');
	await program.exited;
	const [session, pid] = program.lines;
	const [ignored, blocked] = [...program.lines.filter((line) => /SigIgn/.test(line)), ...program.lines.filter((line) => /SigBlk/.test(line))];
	expect([ignored, blocked]).toEqual(['SigIgn:\t0000000000000000', 'SigBlk:\t0000000000000000']);
	expect(session).toBe(pid);
});

describe('signals', () => {
	const child = 'sh -c "trap \'echo child got it; exit\' TERM; echo child \\$\\$; while :; do sleep 0.05; done" &';

	test('go to the first process only', async () => {
		const program = run(`${child} trap 'echo got it; exit 5' TERM; echo first $$; while :; do sleep 0.05; done`);
		await program.pidOf('child');
		await program.pidOf('first');
		program.signal('SIGTERM');
		expect(await program.exited).toBe(5);
		expect(program.lines).toContain('got it');
		expect(program.lines).not.toContain('child got it');
	});

	test('go to the process group where asked to', async () => {
		const program = run(`${child} trap 'wait; exit 5' TERM; echo first $$; while :; do sleep 0.05; done`, { toGroup: true });
		await program.pidOf('child');
		await program.pidOf('first');
		program.signal('SIGTERM');
		expect(await program.exited).toBe(5);
		expect(program.lines).toContain('child got it');
	});

	test('sent right after the start reach the program', async () => {
		const program = run('sleep 300');
		program.signal('SIGTERM');
		expect(await program.exited).toBe(143);
	});

	test('sent after the end do nothing', async () => {
		const program = run('exit 0');
		await program.exited;
		program.signal('SIGTERM');
		program.kill();
		expect(await program.exited).toBe(0);
	});
});

describe('nothing is left', () => {
	test('when the first process ends', async () => {
		const program = run(`trap 'exit 0' TERM; ${daemon} sleep 300 & echo child $!; while :; do sleep 0.05; done`);
		const pids = await Promise.all(['daemon', 'child'].map((name) => program.pidOf(name)));
		program.signal('SIGTERM');
		expect(await program.exited).toBe(0);
		for (const pid of pids) expect(await isAlive(pid)).toBe(false);
	});

	test('after KILL, whatever ignores signals or went into another session', async () => {
		const program = run(`trap '' TERM; ${daemon} sleep 300 & echo child $!; sleep 300`);
		const pids = await Promise.all(['daemon', 'child'].map((name) => program.pidOf(name)));
		program.kill();
		expect(await program.exited).toBe(137);
		for (const pid of pids) expect(await isAlive(pid)).toBe(false);
	});

	test('of something that keeps forking', async () => {
		const program = run('f() { (sleep 0.01; f) & }; f; f; f; echo forking 1; sleep 300');
		await program.pidOf('forking');
		program.kill();
		expect(await program.exited).toBe(137);
	});

	test.each(['SIGKILL', 'SIGTERM', 'SIGINT'] as const)('when the Node process that started it gets %s', async (signal) => {
		const { parent, pids } = await startedElsewhere(`trap '' TERM INT HUP; ${daemon} sleep 300 & echo child $!; echo first $$; sleep 300`);
		expect(pids).toHaveLength(3);
		parent.kill(signal);
		await allGone(pids);
	});

	test('of a stopped supervisor, that ends its program first', async () => {
		const program = run(`${daemon} echo first $$; sleep 300`);
		const pids = await Promise.all(['daemon', 'first'].map((name) => program.pidOf(name)));
		process.kill(program.pid ?? 0, 'SIGTERM');
		await program.exited;
		for (const pid of pids) expect(await isAlive(pid)).toBe(false);
	});

	test('of the first process when the supervisor itself is killed', async () => {
		const program = run('echo first $$; exec sleep 300');
		const pid = await program.pidOf('first');
		process.kill(program.pid ?? 0, 'SIGKILL');
		expect(await program.exited).toBe(137);
		await until(async () => !(await isAlive(pid)));
	});
});

test('a program with a gentle end gets its signal first when the parent dies', async () => {
	const marker = join(await temporaryDirectory(), 'ended');
	const script = `trap 'echo ended > ${marker}; exit' QUIT; echo first $$; while :; do sleep 0.05; done`;
	const { parent, pids } = await startedElsewhere(script, "end: { signal: 'SIGQUIT', seconds: 5 },");
	expect(pids).toHaveLength(1);
	parent.kill('SIGKILL');
	await allGone(pids);
	expect(await readFile(marker, 'utf8')).toBe('ended\n');
});

test('a gentle end has its time limit', async () => {
	const { parent, pids } = await startedElsewhere("trap '' QUIT; echo first $$; while :; do sleep 0.05; done", "end: { signal: 'SIGQUIT', seconds: 0.1 },");
	expect(pids).toHaveLength(1);
	parent.kill('SIGKILL');
	await allGone(pids);
});

async function allGone(pids: readonly number[]): Promise<void> {
	for (const pid of pids) await until(async () => !(await isAlive(pid)));
}

/** A script under a supervisor that another Node process started; resolves when all that it names is running. */
async function startedElsewhere(script: string, options = ''): Promise<{ parent: ChildProcess; pids: number[] }> {
	const directory = await temporaryDirectory();
	const file = join(directory, 'parent.mts');
	await writeFile(
		file,
		`import { supervise } from ${JSON.stringify(join(packageRoot, 'src/local/runtime/supervisor.ts'))};
		supervise({ python: ${JSON.stringify(python)}, command: ['/bin/sh', '-c', ${JSON.stringify(script)}], environment: { PATH: '/usr/bin:/bin' },
			directory: '/tmp', ${options} onLine: (line) => console.log(line) });`,
	);
	const parent = spawn(process.execPath, ['--import', 'tsx', file], { cwd: packageRoot, stdio: ['ignore', 'pipe', 'inherit'] });
	onTestFinished(() => void parent.kill('SIGKILL'));
	const wanted = script.match(/echo (daemon|child|first) /g) ?? [];
	let output = '';
	while ((output.match(/^(daemon|child|first) \d+$/gm) ?? []).length < wanted.length) {
		output += String((await once(parent.stdout, 'data'))[0]);
	}
	return { parent, pids: [...output.matchAll(/^\w+ (\d+)$/gm)].map(([, pid]) => Number(pid)) };
}
