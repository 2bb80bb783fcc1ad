import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { RunningContainer } from '../../src/local/ecs/runtime.ts';
import { bash, bundle, runtimeContract, tasksOf } from '../local/runtime/contract.ts';
import { until } from '../local/runtime/support.ts';
import { createTask } from '../local/runtime/task-runtime.ts';
import { type Stage, stage } from './stage.ts';

let here: Stage;
beforeAll(async () => {
	here = await stage();
});
afterAll(() => here.end());

runtimeContract(() => here.runtime);

const { createTask: newTask, start, linesOf } = tasksOf(() => here.runtime);
const serve = (port: number, address: string): string => `python -m http.server ${port} --bind ${address} --directory /opt/airflow`;
const answers = (url: string): Promise<boolean> => fetch(url).then(({ ok }) => ok, () => false);
const mounts = [{ volume: 'bundle', path: '/opt/airflow/bundle', readOnly: false }];

describe('files', () => {
	test('what an access point makes is its owner\'s, for programs and on this machine, and stays so', async () => {
		const sandbox = await newTask([bundle]);
		expect(await linesOf(sandbox, { mounts, ...bash('id -u; stat -c "%u:%g %a" /opt/airflow/bundle; touch /opt/airflow/bundle/file; stat -c %u /opt/airflow/bundle/file') })).toEqual(['50000', '50000:50000 755', '50000']);
		const { uid, gid, mode } = await stat(join(here.files, 'fs-1', 'fsap-1'));
		expect({ uid, gid, mode: mode & 0o777 }).toEqual({ uid: 50000, gid: 50000, mode: 0o755 });
	});

	test('a mount that is for reading cannot be written, by root neither', async () => {
		const sandbox = await newTask([bundle]);
		const [line] = await linesOf(sandbox, { mounts: mounts.map((mount) => ({ ...mount, readOnly: true })), user: '0', entryPoint: ['bash', '-c'], command: ['touch /opt/airflow/bundle/file 2>&1 || true'] });
		expect(line).toContain('Read-only file system');
	});

	test('the user of the definition comes before the image\'s', async () => {
		expect(await linesOf(await newTask(), { user: '999:998', entryPoint: ['bash', '-c'], command: ['id -u; id -g'] })).toEqual(['999', '998']);
	});
});

describe('the network of a task', () => {
	test('is one for its containers, and reached from this machine', async () => {
		const sandbox = await newTask();
		await start(sandbox, bash(serve(8080, '127.0.0.1')));
		await start(sandbox, { name: 'other', ...bash(serve(8081, '0.0.0.0')) });
		expect(await linesOf(sandbox, { name: 'client', ...bash('until curl -sf localhost:8080 >/dev/null; do sleep 0.1; done; echo reached') })).toEqual(['reached']);
		await until(() => answers(`http://${sandbox.address}:8081/`));
		expect(await answers(`http://${sandbox.address}:8080/`)).toBe(false);
	});

	test('other tasks reach it at its address in the VPC', async () => {
		const [server, client] = [await newTask(), await newTask()];
		await server.isAt('10.0.3.7');
		await client.isAt('10.0.3.8');
		await start(server, bash('python -c "import socket; s = socket.create_server((str(), 8080)); c, a = s.accept(); print(a[0], flush=True); c.send(b\'hello\')" & wait'));
		expect(await linesOf(client, bash('until exec 3<>/dev/tcp/10.0.3.7/8080; do sleep 0.1; done 2>/dev/null; cat <&3; echo'))).toEqual(['hello']);
	});

	test('has the agent of ECS at its own address', async () => {
		const agent = createServer(({ url, headers }, response) => response.end(`${headers.host} ${url}`)).listen(here.network.agentSocket);
		onTestFinished(() => void agent.close());
		await once(agent, 'listening');
		const command = 'curl -s http://169.254.170.2/v2/credentials/1; echo';
		expect(await linesOf(await newTask(), bash(command))).toEqual(['169.254.170.2 /v2/credentials/1']);
		// Also a program that wants every address of the task.
		expect(await linesOf(await newTask(), { user: '0', entryPoint: ['bash', '-c'], command: [`${serve(80, '0.0.0.0')} & until curl -sf localhost >/dev/null; do sleep 0.1; done; ${command}`] })).toContainEqual('169.254.170.2 /v2/credentials/1');
	});

	test('has the servers that were published, with their port', async () => {
		const server = createTcpServer((socket) => socket.end('from the database')).listen(0, '127.0.0.1');
		onTestFinished(() => void server.close());
		await once(server, 'listening');
		const { port } = server.address() as { port: number };
		const published = await here.network.publish('127.0.0.1', port);
		onTestFinished(() => published.close());
		expect(await linesOf(await newTask(), bash(`exec 3<>/dev/tcp/${published.address}/${port}; cat <&3; echo`))).toEqual(['from the database']);
	});
});

describe('a connection from inside', () => {
	let container: RunningContainer;
	const withServer = async (): Promise<void> => {
		const sandbox = await newTask();
		container = await start(sandbox, bash('python -c "import socket; s = socket.create_server((\'localhost\', 5000)); print(1, flush=True)\nwhile True:\n c = s.accept()[0]; d = b\'\'\n while b := c.recv(65536): d += b\n c.sendall(d[::-1]); c.close()"'));
		await until(async () => (await container.exec(['bash', '-c', 'exec 3<>/dev/tcp/localhost/5000'], { timeoutSeconds: 10 })).exitCode === 0);
	};

	test('carries what was written before it stood, both ways and in full', async () => {
		await withServer();
		const socket = container.connect('localhost', 5000);
		const sent = Buffer.alloc(3_000_000, 'abcdefg');
		socket.end(sent);
		expect((await buffer(socket)).equals(sent.toReversed())).toBe(true);
	});

	test('that is refused fails, and was never connected', async () => {
		await withServer();
		const socket = container.connect('localhost', 5001);
		let connected = false;
		socket.once('connect', () => (connected = true));
		const [error] = (await once(socket, 'error')) as [Error];
		expect(error.message).toBe('connect ECONNREFUSED');
		expect(connected).toBe(false);
	});
});

describe('a terminal', () => {
	test('is root\'s, has the given size and an exit code', async () => {
		const container = await start(await newTask(), bash('sleep 300'));
		const terminal = await container.openTerminal(['bash', '-c', 'id -u; tty >/dev/null && stty size; echo $TERM; exit 7'], { columns: 123, rows: 45 });
		expect(await text(terminal.output)).toMatch(/^0\r\n45 123\r\nxterm-256color\r\n$/);
		expect(await terminal.exited).toBe(7);
	});

	test('takes what is typed, and ends with all that was started there', async () => {
		const container = await start(await newTask(), bash('sleep 300'));
		const terminal = await container.openTerminal(['bash', '-c', 'trap "echo interrupted" INT; read -r line; echo "got $line"; sleep 301 & wait; wait'], { columns: 80, rows: 24 });
		let shown = '';
		terminal.output.on('data', (bytes: Buffer) => (shown += bytes.toString()));
		terminal.write(Buffer.from('héllo\r'));
		await until(() => shown.includes('got héllo'));
		terminal.write(Buffer.from([3]));
		await until(() => shown.includes('interrupted'));
		terminal.kill();
		expect(await terminal.exited).toBe(137);
		await until(async () => (await container.exec(['bash', '-c', 'grep -l "sleep.301" /proc/[0-9]*/cmdline'], { timeoutSeconds: 10 })).output.split('\n').length <= 2);
	});

	test('needs a program that is there', async () => {
		const container = await start(await newTask(), bash('sleep 300'));
		await expect(container.openTerminal(['no-such-program'], { columns: 80, rows: 24 })).rejects.toThrow('exec: "no-such-program": executable file not found in $PATH');
	});
});

test('processors are the task\'s, and an init process where the definition wants one', async () => {
	const sandbox = await createTask(here.runtime, { cpu: 512, memory: 256 });
	const limits = 'cat /sys/fs/cgroup/cpu.max /sys/fs/cgroup/cpu/cpu.cfs_quota_us /sys/fs/cgroup/cpu/cpu.cfs_period_us 2>/dev/null | tr "\\n" " "; echo; cat /proc/1/comm; true';
	expect(await linesOf(sandbox, { entryPoint: ['bash', '-c'], command: [limits], init: true })).toEqual(['50000 100000 ', expect.stringMatching(/init/)]);
	expect(await linesOf(sandbox, { entryPoint: ['bash', '-c'], command: [limits] })).toEqual(['50000 100000 ', 'bash']);
});
