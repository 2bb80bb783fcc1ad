import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { ContainerSpec, TaskSandbox, TaskVolume } from '../../../src/local/ecs/runtime.ts';
import { installer } from '../../../src/local/runtime/installer.ts';
import { ProcessRuntime, removeTasks } from '../../../src/local/runtime/process-runtime.ts';
import { packageRoot } from '../../../src/package.ts';
import { isAlive, python, temporaryDirectory, until } from './support.ts';
import { createTask as newTask, start as startContainer, type Started } from './task-runtime.ts';

const image = 'apache/airflow:2.5.3-python3.10';
let directory: string;
let runtime: ProcessRuntime;

beforeEach(async () => {
	directory = await temporaryDirectory();
	runtime = new ProcessRuntime({
		directory,
		python,
		endpointUrl: 'http://127.0.0.1:43121',
		installer: installer(() => {}, await machineWithUv(directory)),
		request: () => Promise.reject(new Error('not asked')),
		postgres: () => Promise.reject(new Error('not asked')),
		efsDirectory: ({ fileSystemId, accessPointId }) => Promise.resolve(join(directory, 'efs', fileSystemId, accessPointId ?? 'root')),
	});
	await runtime.pull(image, () => {});
});

/** Its uv makes environments that hold a Python and an `airflow` that prints its arguments. */
async function machineWithUv(root: string): Promise<NodeJS.ProcessEnv> {
	const bin = join(root, 'machine');
	await mkdir(bin);
	const scripts = {
		uv: `for last; do :; done; [ "$1" = venv ] && mkdir -p "$last/bin" "$last/lib/python3.10/site-packages" && ln -s ${python} "$last/bin/python" && printf '#!/bin/sh\\necho airflow "$@"\\n' > "$last/bin/airflow" && chmod +x "$last/bin/airflow"; exit 0`,
		'python3.10': `echo "3 10 ${python}"`,
	};
	for (const [name, script] of Object.entries(scripts)) {
		await writeFile(join(bin, name), `#!/bin/sh\nPATH=/usr/bin:/bin\n${script}\n`);
		await chmod(join(bin, name), 0o755);
	}
	return { PATH: bin, HOME: root, XDG_CACHE_HOME: join(root, 'cache') };
}

const createTask = (volumes: readonly TaskVolume[] = [], memory?: number): Promise<TaskSandbox> => newTask(runtime, { volumes, ...(memory === undefined ? {} : { memory }) });
const start = (sandbox: TaskSandbox, changes: Partial<ContainerSpec>): Promise<Started> => startContainer(sandbox, { name: 'main', image, ...changes });

async function linesOf(sandbox: TaskSandbox, changes: Partial<ContainerSpec>): Promise<string[]> {
	const container = await start(sandbox, changes);
	expect(await container.exited).toEqual({ exitCode: 0, outOfMemory: false });
	return container.lines;
}

const bash = (script: string): Partial<ContainerSpec> => ({ command: ['bash', '-c', script] });

describe('the entry point', () => {
	test.each([
		[['webserver'], 'airflow webserver'],
		[['airflow', 'db', 'upgrade'], 'airflow db upgrade'],
		[undefined, 'airflow'],
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

test('the environment is what the container would have, and nothing of the caller\'s', async () => {
	const sandbox = await createTask();
	const lines = await linesOf(sandbox, { command: ['python', '-c', 'import os; [print(f"{n}={v}") for n, v in sorted(os.environ.items())]'], environment: { OWN: 'value' } });
	const names = lines.map((line) => line.split('=')[0]);
	expect(names).toEqual([
		'AIRFLOW_HOME', 'AIRFLOW__WEBSERVER__WEB_SERVER_HOST', 'AWS_ENDPOINT_URL', 'GUNICORN_CMD_ARGS', 'HOME', 'LANG', 'LC_ALL',
		'LOGNAME', 'OWN', 'PATH', 'PYTHONDONTWRITEBYTECODE', 'PYTHONPATH', 'TMPDIR', 'USER',
	]);
	expect(lines).toContain('AWS_ENDPOINT_URL=http://127.0.0.1:43121');
	expect(lines).toContain(`AIRFLOW__WEBSERVER__WEB_SERVER_HOST=${sandbox.address}`);
	expect(lines).toContain(`PYTHONPATH=${join(packageRoot, 'airflow', 'image')}`);
});

test('paths and localhost are translated in variables and arguments, the endpoint\'s own address is not', async () => {
	const sandbox = await createTask();
	const [home, bundle, url, metadata, argument] = await linesOf(sandbox, {
		entryPoint: ['/bin/sh', '-c', 'echo $AIRFLOW_HOME; echo $BUNDLE; echo $URL; echo $METADATA; echo $0'],
		command: ['/opt/airflow/logs'],
		environment: { BUNDLE: '/opt/airflow/dags', URL: 'http://localhost:8080/health', METADATA: 'http://127.0.0.1:43121/v4/1' },
	});
	expect(home).toMatch(new RegExp(`^${directory}/tasks/.*/opt/airflow$`));
	expect(bundle).toBe(`${home}/dags`);
	expect(url).toBe(`http://${sandbox.address}:8080/health`);
	expect(metadata).toBe('http://127.0.0.1:43121/v4/1');
	expect(argument).toBe(`${home}/logs`);
});

test('it starts in the image\'s or the definition\'s working directory', async () => {
	const sandbox = await createTask();
	expect(await linesOf(sandbox, bash('pwd; touch here; ls $AIRFLOW_HOME'))).toEqual([expect.stringMatching(/\/opt\/airflow$/), 'dags', 'here', 'logs']);
	expect(await linesOf(sandbox, { ...bash('pwd'), workingDirectory: '/opt/airflow/new' })).toEqual([expect.stringMatching(/\/opt\/airflow\/new$/)]);
});

test('containers share mounts and nothing else, and a path put together in a program leads to the mount too', async () => {
	const volumes: TaskVolume[] = [{ name: 'bundle', efs: { fileSystemId: 'fs-1', accessPointId: 'fsap-1', rootDirectory: '/' } }, { name: 'scratch' }];
	const sandbox = await createTask(volumes);
	const mounts = [{ volume: 'bundle', path: '/opt/airflow/bundle', readOnly: false }, { volume: 'scratch', path: '/scratch/', readOnly: false }];
	const environment = { BUNDLE: '/opt/airflow/bundle', SCRATCH: '/scratch/deep' };
	await linesOf(sandbox, { name: 'writer', mounts, environment, ...bash('echo dag > $BUNDLE/dag; mkdir $SCRATCH; echo 1 > $SCRATCH/file; touch $AIRFLOW_HOME/own') });
	const reader = { name: 'reader', mounts, environment, ...bash('cat $AIRFLOW_HOME/bundle/dag $SCRATCH/file; ls $AIRFLOW_HOME') };
	expect(await linesOf(sandbox, reader)).toEqual(['dag', '1', 'bundle', 'dags', 'logs']);
	expect(await readFile(join(directory, 'efs/fs-1/fsap-1/dag'), 'utf8')).toBe('dag\n');

	const other = await createTask(volumes);
	expect(await linesOf(other, { ...reader, ...bash('cat $BUNDLE/dag; ls $SCRATCH 2>&1 | wc -l') })).toEqual(['dag', '1']);
});

test('a container that is started again finds its files', async () => {
	const volumes = [{ name: 'scratch' }];
	const sandbox = await createTask(volumes);
	const spec = { mounts: [{ volume: 'scratch', path: '/opt/airflow/scratch', readOnly: false }], ...bash('echo x >> $AIRFLOW_HOME/count; wc -l < $AIRFLOW_HOME/count') };
	expect(await linesOf(sandbox, spec)).toEqual(['1']);
	expect(await linesOf(sandbox, spec)).toEqual(['2']);
});

test.each([
	[{ command: ['bash', '-c', 'exit 3'] }, 3],
	[{ command: ['bash', '-c', 'kill -9 $$'] }, 137],
])('%j ends with %i', async (spec, exitCode) => {
	expect(await (await start(await createTask(), spec)).exited).toEqual({ exitCode, outOfMemory: false });
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
	test('runs inside: same environment, translation, working directory', async () => {
		const container = await start(await createTask(), { ...bash('echo $AIRFLOW_HOME; sleep 300'), environment: { OWN: 'value' } });
		await until(() => container.lines.length === 1);
		const { exitCode, output } = await container.exec(['bash', '-c', 'echo $AIRFLOW_HOME $OWN $0; pwd; exit 4', '/opt/airflow/x'], { timeoutSeconds: 10 });
		const [home] = container.lines;
		expect({ exitCode, output }).toEqual({ exitCode: 4, output: `${home} value ${home}/x\n${home}\n` });
	});

	test('ends the whole tree at its time limit, and cuts output', async () => {
		const container = await start(await createTask(), bash('sleep 300'));
		const { exitCode, output } = await container.exec(['bash', '-c', 'setsid sleep 300 & echo $!; head -c 9000 /dev/zero | tr "\\0" x; echo; wait'], { timeoutSeconds: 0.5 });
		expect(exitCode).toBe(137);
		expect(output).toHaveLength(4096);
		expect(await isAlive(Number(output.split('\n')[0]))).toBe(false);
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

test('a task has a loopback address of its own, where it can be reached', async () => {
	const [first, second] = [await createTask(), await createTask()];
	expect(first.address).toMatch(/^127\.(?!0\.)/);
	expect(second.address).not.toBe(first.address);
	const server = createServer((_, answer) => answer.end('here')).listen(8080, first.address);
	onTestFinished(() => void server.close());
	await once(server, 'listening');
	expect(await (await fetch(`http://${first.address}:8080/`)).text()).toBe('here');
	await expect(fetch(`http://${second.address}:8080/`)).rejects.toThrow('fetch failed');
});

test('nothing of a task is left after it, not its temporary files either', async () => {
	const sandbox = await runtime.createTask({ taskId: 'f'.repeat(32), volumes: [{ name: 'scratch' }], memory: undefined });
	const [temporary = ''] = await linesOf(sandbox, bash('echo $TMPDIR; touch $TMPDIR/file'));
	expect(Buffer.byteLength(temporary)).toBeLessThan(60);
	await sandbox.dispose();
	await expect(stat(temporary)).rejects.toThrow('ENOENT');
	expect(await readdir(join(directory, 'tasks'))).toEqual([]);
});

test('what a killed endpoint left of its tasks is removed, and no more', async () => {
	const temporary = await temporaryDirectory();
	await mkdir(join(directory, 'tasks', 'old'), { recursive: true });
	await symlink(temporary, join(directory, 'tasks', 'old', 'tmp'));
	await symlink(directory, join(directory, 'tasks', 'old', 'mount'));
	await removeTasks(directory);
	await expect(stat(temporary)).rejects.toThrow('ENOENT');
	expect((await readdir(directory)).sort()).toEqual(['cache', 'machine']);
	await removeTasks(directory);
});
