import { describe, expect, test } from 'vitest';
import type { ContainerSpec, TaskRuntime, TaskSandbox, TaskVolume } from '../../../src/local/ecs/runtime.ts';
import { until } from './support.ts';
import { createTask as newTask, start as startContainer, type Started } from './task-runtime.ts';

export const airflowImage = 'apache/airflow:2.5.3-python3.10';

/** Shared by all containers, and written by the user of the image. */
export const bundle: TaskVolume = { name: 'bundle', efs: { fileSystemId: 'fs-1', accessPointId: 'fsap-1', rootDirectory: '/' } };

export const bash = (script: string): Partial<ContainerSpec> => ({ command: ['bash', '-c', script] });

/** Tasks of one runtime with containers of `apache/airflow`. */
export function tasksOf(runtime: () => TaskRuntime) {
	const createTask = (volumes: readonly TaskVolume[] = [], memory?: number): Promise<TaskSandbox> => newTask(runtime(), { volumes, ...(memory === undefined ? {} : { memory }) });
	const start = (sandbox: TaskSandbox, changes: Partial<ContainerSpec>): Promise<Started> => startContainer(sandbox, { name: 'main', image: airflowImage, ...changes });
	const linesOf = async (sandbox: TaskSandbox, changes: Partial<ContainerSpec>): Promise<string[]> => {
		const container = await start(sandbox, changes);
		const exit = await container.exited;
		expect({ ...exit, lines: container.lines }).toEqual({ exitCode: 0, outOfMemory: false, lines: container.lines });
		return container.lines;
	};
	return { createTask, start, linesOf };
}

/** What holds of a task whatever runs it. */
export function runtimeContract(runtime: () => TaskRuntime): void {
	const { createTask, start, linesOf } = tasksOf(runtime);

	describe('the entry point', () => {
		test.each([
			[['bash', '-c', 'echo from bash'], 'from bash'],
			[['python', '-c', 'print("from python")'], 'from python'],
		])('makes of %j %j', async (command, expected) => {
			const sandbox = await createTask();
			expect(await linesOf(sandbox, { command })).toEqual([expected]);
			expect(await linesOf(sandbox, { entryPoint: ['/usr/bin/dumb-init', '--', '/entrypoint'], command })).toEqual([expected]);
		});

		test('is replaced by the one of the definition', async () => {
			expect(await linesOf(await createTask(), { entryPoint: ['/bin/echo', 'own'], command: ['webserver'] })).toEqual(['own webserver']);
		});
	});

	test('it starts in the image\'s or the definition\'s working directory', async () => {
		const sandbox = await createTask();
		expect(await linesOf(sandbox, bash('[ "$(pwd)" -ef "$AIRFLOW_HOME" ] && pwd'))).toEqual([expect.stringMatching(/\/opt\/airflow$/)]);
		expect(await linesOf(sandbox, { ...bash('pwd'), workingDirectory: '/opt/airflow/new' })).toEqual([expect.stringMatching(/\/opt\/airflow\/new$/)]);
	});

	test('containers share mounts and nothing else, and a path put together in a program leads to the mount too', async () => {
		const volumes: TaskVolume[] = [bundle, { name: 'scratch' }];
		const sandbox = await createTask(volumes);
		const mounts = [{ volume: 'bundle', path: '/opt/airflow/bundle', readOnly: false }, { volume: 'scratch', path: '/scratch/', readOnly: false }];
		// A volume of the task is root's, unless the image says otherwise.
		const environment = { BUNDLE: '/opt/airflow/bundle', SCRATCH: '/scratch/deep' };
		await linesOf(sandbox, { name: 'writer', user: '0', mounts, environment, entryPoint: ['bash', '-c'], command: ['echo dag > $BUNDLE/dag; mkdir $SCRATCH; echo 1 > $SCRATCH/file; touch $AIRFLOW_HOME/own'] });
		const reader = { name: 'reader', mounts, environment, ...bash('cat $AIRFLOW_HOME/bundle/dag $SCRATCH/file; ls -d $AIRFLOW_HOME/own 2>&1 | wc -w') };
		expect((await linesOf(sandbox, reader)).slice(0, 2)).toEqual(['dag', '1']);
		expect(await linesOf(sandbox, { ...reader, ...bash('[ ! -e $AIRFLOW_HOME/own ] && echo apart') })).toEqual(['apart']);

		const other = await createTask(volumes);
		expect(await linesOf(other, { ...reader, ...bash('cat $BUNDLE/dag; ls $SCRATCH 2>&1 | wc -l') })).toEqual(['dag', '1']);
	});

	test('a container that is started again finds its files', async () => {
		const sandbox = await createTask([{ name: 'scratch' }]);
		const mounts = [{ volume: 'scratch', path: '/opt/airflow/scratch', readOnly: false }];
		const spec = { user: '0', mounts, entryPoint: ['bash', '-c'], command: ['for place in scratch .; do echo x >> $AIRFLOW_HOME/$place/count; wc -l < $AIRFLOW_HOME/$place/count; done'] };
		expect(await linesOf(sandbox, spec)).toEqual(['1', '1']);
		expect(await linesOf(sandbox, spec)).toEqual(['2', '2']);
	});

	test.each([
		[{ command: ['bash', '-c', 'exit 3'] }, 3],
		[{ command: ['bash', '-c', 'kill -9 $$'] }, 137],
	])('%j ends with %i', async (spec, exitCode) => {
		expect(await (await start(await createTask(), spec)).exited).toEqual({ exitCode, outOfMemory: false });
	});

	test('long lines, bytes that are no lines, and both outputs arrive', async () => {
		const lines = await linesOf(await createTask(), bash('head -c 100000 /dev/zero | tr "\\0" x; echo; printf "häl"; sleep 0.1; printf "fte\\nlast" ; sleep 0.1; echo wrong >&2'));
		expect(lines.toSorted((one, other) => other.length - one.length).map((line) => (line.length > 99 ? line.length : line))).toEqual([100_000, ...(lines.includes('lastwrong') ? ['lastwrong', 'hälfte'] : ['hälfte', 'wrong', 'last'])]);
	});

	describe('memory', () => {
		/** Holds so many MiB, says so, and stays. */
		const hold = (mebibytes: number): string => `import time; held = b"x" * (${mebibytes} << 20); print("held", flush=True); time.sleep(300)`;
		const python = (...programs: string[]): Partial<ContainerSpec> => bash(`${programs.map((program) => `python -c '${program}' &`).join(' ')} wait -n; exit $?`);

		test('a process that makes the task larger than it may be is killed, and its container ends of that', async () => {
			const container = await start(await createTask([], 100), python(hold(20), hold(150)));
			expect(await container.exited).toEqual({ exitCode: 137, outOfMemory: true });
		});

		test('a container has a limit of its own, and the others of the task live', async () => {
			const sandbox = await createTask([], 500);
			const small = await start(sandbox, { name: 'small', ...python(hold(50)) });
			const large = await start(sandbox, { name: 'large', memory: 64, ...python(hold(100)) });
			expect(await large.exited).toEqual({ exitCode: 137, outOfMemory: true });
			small.kill();
			expect(await small.exited).toEqual({ exitCode: 137, outOfMemory: false });
		});

		test('what all containers of a task hold counts together', async () => {
			const sandbox = await createTask([], 200);
			const small = await start(sandbox, { name: 'small', ...python(hold(70)) });
			await until(() => small.lines.includes('held'));
			const large = await start(sandbox, { name: 'large', ...python(hold(150)) });
			expect(await large.exited).toEqual({ exitCode: 137, outOfMemory: true });
			small.kill();
			expect(await small.exited).toEqual({ exitCode: 137, outOfMemory: false });
		});

		test('what processes share counts once', async () => {
			const fork = 'import os, sys, time; held = b"x" * (60 << 20); [os.fork() or (time.sleep(3), os._exit(0)) for _ in range(4)]; [os.wait() for _ in range(4)]';
			const container = await start(await createTask([], 128), { command: ['python', '-c', fork] });
			expect(await container.exited).toEqual({ exitCode: 0, outOfMemory: false });
		});

		test('who is killed for another reason was not killed for memory', async () => {
			const container = await start(await createTask([], 100), bash('kill -9 $$'));
			expect(await container.exited).toEqual({ exitCode: 137, outOfMemory: false });
		});
	});

	test('a program that is not there cannot be started', async () => {
		const sandbox = await createTask();
		await expect(start(sandbox, { entryPoint: ['no-such-program'] })).rejects.toThrow('exec: "no-such-program": executable file not found in $PATH');
		await expect(start(sandbox, { entryPoint: ['/no/such'] })).rejects.toThrow('exec: "/no/such": stat /no/such: no such file or directory');
		await expect(start(sandbox, { mounts: [{ volume: 'gone', path: '/x', readOnly: true }] })).rejects.toThrow('the task has no volume gone');
	});

	describe('signals', () => {
		const child = "bash -c 'trap \"echo child got it; exit\" TERM; echo child; while :; do sleep 0.05; done' &";
		const script = `${child} trap 'wait; exit 5' TERM; echo first; while :; do sleep 0.05; done`;
		const running = (container: Started): Promise<void> => until(() => container.lines.length === 2);

		test('are passed to the session by the image\'s dumb-init', async () => {
			const container = await start(await createTask(), bash(script));
			await running(container);
			container.signal('SIGTERM');
			expect(await container.exited).toMatchObject({ exitCode: 5 });
			expect(container.lines).toContain('child got it');
		});

		test.each([
			['with DUMB_INIT_SETSID=0', { ...bash(script.replace('wait; ', '')), environment: { DUMB_INIT_SETSID: '0' } }],
			['with another entry point', { entryPoint: ['bash', '-c', script.replace('wait; ', '')] }],
		])('go to the first process only %s', async (_, spec) => {
			const container = await start(await createTask(), spec);
			await running(container);
			container.signal('SIGTERM');
			expect(await container.exited).toMatchObject({ exitCode: 5 });
			expect(container.lines).not.toContain('child got it');
		});
	});

	describe('exec', () => {
		test('runs inside: same environment, working directory', async () => {
			const container = await start(await createTask(), { ...bash('echo $AIRFLOW_HOME; sleep 300'), environment: { OWN: 'value' } });
			await until(() => container.lines.length === 1);
			const { exitCode, output } = await container.exec(['bash', '-c', 'echo $AIRFLOW_HOME $OWN $0; pwd; exit 4', '/opt/airflow/x'], { timeoutSeconds: 10 });
			const [home] = container.lines;
			expect({ exitCode, output }).toEqual({ exitCode: 4, output: `${home} value ${home}/x\n${home}\n` });
		});

		test('ends the whole tree at its time limit, and cuts output', async () => {
			const container = await start(await createTask(), bash('sleep 300'));
			const { exitCode, output } = await container.exec(['bash', '-c', 'setsid sleep 300 & echo $!; head -c 9000 /dev/zero | tr "\\0" x; echo; wait'], { timeoutSeconds: 1 });
			expect(exitCode).toBe(137);
			expect(output).toHaveLength(4096);
			const alive = ['bash', '-c', 'grep -q "^State:.[^ZX]" /proc/$0/status', output.split('\n')[0] ?? ''];
			await until(async () => (await container.exec(alive, { timeoutSeconds: 10 })).exitCode !== 0);
		});

		test('ends with its container', async () => {
			const container = await start(await createTask(), bash('sleep 300'));
			const command = container.exec(['sleep', '300'], { timeoutSeconds: 300 });
			container.kill();
			await container.exited;
			expect((await command).exitCode).toBe(137);
		});

		test('of what is not there rejects', async () => {
			const container = await start(await createTask(), bash('sleep 300'));
			await expect(container.exec(['no-such-program'], { timeoutSeconds: 5 })).rejects.toThrow(/executable file not found/);
		});
	});
}
