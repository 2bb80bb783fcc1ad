import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { installer } from '../../../src/local/runtime/installer.ts';
import { ProcessRuntime, removeTasks } from '../../../src/local/runtime/process-runtime.ts';
import { packageRoot } from '../../../src/package.ts';
import { airflowImage as image, bash, bundle, runtimeContract, tasksOf } from './contract.ts';
import { python, temporaryDirectory } from './support.ts';

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

const { createTask, linesOf } = tasksOf(() => runtime);

runtimeContract(() => runtime);

describe('the entry point', () => {
	test.each([
		[['webserver'], 'airflow webserver'],
		[['airflow', 'db', 'upgrade'], 'airflow db upgrade'],
		[undefined, 'airflow'],
	])('makes of %j %j', async (command, expected) => {
		const sandbox = await createTask();
		expect(await linesOf(sandbox, { command })).toEqual([expected]);
		expect(await linesOf(sandbox, { entryPoint: ['/usr/bin/dumb-init', '--', '/entrypoint'], command })).toEqual([expected]);
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

test('a mount is the directory of the file system', async () => {
	const sandbox = await createTask([bundle]);
	await linesOf(sandbox, { mounts: [{ volume: 'bundle', path: '/opt/airflow/bundle', readOnly: false }], ...bash('echo dag > $AIRFLOW_HOME/bundle/dag; ls $AIRFLOW_HOME') });
	expect(await readFile(join(directory, 'efs/fs-1/fsap-1/dag'), 'utf8')).toBe('dag\n');
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
	const sandbox = await runtime.createTask({ taskId: 'f'.repeat(32), volumes: [{ name: 'scratch' }], memory: undefined, cpu: undefined });
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
