import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { ECSClient, ExecuteCommandCommand } from '@aws-sdk/client-ecs';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { settings } from '../../src/aws/clients.ts';
import { packageRoot } from '../../src/package.ts';
import { hasGo } from '../go-program.ts';
import { awsCli, awsCliDirectory } from './aws-cli.ts';
import { sessionManagerPlugin } from './session-manager-plugin.ts';
import { type Workspace, workspace } from './workspace.ts';

type Step = ['expect' | 'send', string] | ['size', number, number];

/** More than 10 MB. */
const many = 1_400_000;
const manyLines = createHash('sha256').update(`${Array.from({ length: many }, (_, index) => index + 1).join('\n')}\n`).digest('hex');
const program = join(packageRoot, 'bin', 'airflow-deploy.js');

let here: Workspace;
let exports: Record<string, string>;
beforeAll(async () => {
	here = await workspace();
	const { exit, stderr } = await here.run(['up', '--local', '--yes']);
	if (exit !== 0) throw new Error(stderr);
	const { stdout } = await here.run(['local', 'env']);
	exports = Object.fromEntries([...stdout.matchAll(/^export (\w+)='([^'\n]*)'$/gm)].map(([, name = '', value = '']) => [name, value]));
});
afterAll(() => here.dispose());

const exec = (...words: string[]) => here.run(['exec', '--local', ...words]);
/** As a process of its own, for what streams and terminals are about. */
const execProcess = (words: string[], options: object = {}) => execa(process.execPath, [program, 'exec', '--local', ...words], { cwd: here.directory, reject: false, ...options });

async function onTerminal(steps: readonly Step[], command: readonly string[], env: Record<string, string> = {}): Promise<{ shown: string; exit: number; restored: boolean }> {
	const { stdout } = await execa('python3', [join(packageRoot, 'test', 'e2e', 'on_terminal.py'), JSON.stringify(steps), ...command], { cwd: here.directory, env });
	return JSON.parse(stdout) as { shown: string; exit: number; restored: boolean };
}

describe('our own client', () => {
	test('exec webserver -- airflow version prints the version and nothing else', async () => {
		expect(await exec('webserver', '--', 'airflow', 'version')).toEqual({ exit: 0, stdout: '2.5.3\n', stderr: '' });
	});

	test('every container of the environment runs commands, and gives their own codes', async () => {
		expect(await exec('scheduler', '--', 'sh', '-c', 'exit 42')).toEqual({ exit: 42, stdout: '', stderr: '' });
		expect((await exec('dag-sync', '--', 'sh', '-c', 'echo $AIRFLOW_DEPLOY_ENVIRONMENT')).stdout).toBe('main\n');
		expect((await exec('webserver', '--', 'no-such-program')).exit).toBe(127);
	});

	test('10 MB and standard input come through whole', async () => {
		const { stdout } = await execProcess(['webserver', '--', 'seq', '1', String(many)], { stripFinalNewline: false, maxBuffer: 20_000_000 });
		expect(createHash('sha256').update(stdout).digest('hex')).toBe(manyLines);
		const input = 'import this; x = "ä\\0\\r\\n"\n'.repeat(20_000);
		const piped = await execProcess(['webserver', '--', 'sha256sum'], { input });
		expect(piped.stdout).toBe(`${createHash('sha256').update(input).digest('hex')}  -`);
	});

	test('a reader that has gone ends the command', async () => {
		const { stdout } = await execa('bash', ['-c', `"$0" "$@" | head -1; echo "\${PIPESTATUS[0]}"`, process.execPath, program, 'exec', '--local', 'webserver', '--', 'yes'], { cwd: here.directory, input: '' });
		expect(stdout).toBe('y\n141');
	});

	test('a shell has a terminal that resizes, takes Ctrl-C, and is put back as it was', async () => {
		const steps: Step[] = [['expect', '# '], ['send', 'PS1=ready:; stty size\r'], ['expect', '33 101'], ['size', 77, 20], ['expect', 'ready:'], ['send', 'sleep 0.5; stty size\r'], ['expect', '20 77'], ['send', 'sleep 100\r'], ['expect', 'sleep 100'], ['send', '\u0003'], ['expect', 'ready:'], ['send', 'exit 9\r']];
		expect(await onTerminal(steps, [process.execPath, program, 'exec', '--local', 'webserver'])).toMatchObject({ exit: 9, restored: true });
	});

	test('the first byte comes within 1.5 s', async () => {
		const seconds: number[] = [];
		for (let turn = 0; turn < 3; turn++) {
			const began = performance.now();
			const run = execProcess(['webserver', '--', 'echo', 'here'], { input: '' });
			await new Promise((resolve) => run.stdout?.once('data', resolve));
			seconds.push((performance.now() - began) / 1000);
			await run;
		}
		expect(Math.min(...seconds)).toBeLessThan(1.5);
	});

	test('what is ours and failed is 125', async () => {
		const absent = await here.run(['exec', '--local', '--env', 'other', 'webserver', '--', 'true']);
		expect([absent.exit, absent.stderr]).toEqual([125, expect.stringContaining('other is not up')]);
	});
});

describe.skipIf(!hasGo)("AWS's own client, which needs Go to be built", () => {
	let plugin: string;
	let task: string;
	let env: Record<string, string>;
	beforeAll(async () => {
		plugin = await sessionManagerPlugin();
		const aws = await awsCli(exports);
		const { taskArns } = await aws('ecs', 'list-tasks', '--cluster', 'airflow-shared-cluster', '--service-name', 'airflow-main-webserver');
		task = (taskArns as string[])[0] ?? '';
		env = { ...exports, PATH: `${plugin}:${join(awsCliDirectory, 'bin')}:${process.env['PATH'] ?? ''}`, HOME: here.directory };
	});

	const arguments_ = (command: string): string[] => ['ecs', 'execute-command', '--cluster', 'airflow-shared-cluster', '--task', task, '--container', 'webserver', '--interactive', '--command', command];
	/** It ends when its input does, so that is left open. */
	const execute = async (command: string): Promise<string> => (await execa('aws', arguments_(command), { env, extendEnv: false, stdin: 'pipe', maxBuffer: 40_000_000 })).stdout;

	test('runs a single command', async () => {
		expect(await execute('airflow version')).toMatch(/Starting session with SessionId: (ecs-execute-command-\w+)\s+2\.5\.3\s+Exiting session with sessionId: \1\./);
		expect(await execute('no-such-program')).toContain('Unable to start command: Failed to start pty: exec: "no-such-program": executable file not found in $PATH');
	});

	test('shows 10 MB whole', async () => {
		const lines = (await execute(`seq 1 ${many}`)).split('\r\n').flatMap((line) => /\d+$/.exec(line.trim()) ?? []);
		expect(createHash('sha256').update(`${lines.slice(-many).join('\n')}\n`).digest('hex')).toBe(manyLines);
	});

	test('goes on where it was after its connection was cut: ResumeSession at the endpoint of ECS', async () => {
		const ecs = new ECSClient(settings({ region: 'us-east-1', endpoint: exports['AWS_ENDPOINT_URL'] ?? '', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } }));
		const { session } = await ecs.send(new ExecuteCommandCommand({ cluster: 'airflow-shared-cluster', task, container: 'webserver', interactive: true, command: `bash -c 'for i in {1..30}; do echo tick $i; sleep 0.1; done'` }));
		const between = await cuttable(new URL(session?.streamUrl ?? ''));
		const client = execa(join(plugin, 'session-manager-plugin'), [JSON.stringify({ SessionId: session?.sessionId, StreamUrl: between.url, TokenValue: session?.tokenValue }), 'us-east-1', 'StartSession', '', '{"Target":"x"}', exports['AWS_ENDPOINT_URL'] ?? ''], { env, extendEnv: false, stdin: 'pipe' });
		await new Promise<void>((resolve) => client.stdout.on('data', (bytes: Buffer) => void (bytes.includes('tick 5') && resolve())));
		between.cut();
		const { stdout } = await client;
		expect(stdout.match(/tick \d+/g)).toEqual(Array.from({ length: 30 }, (_, index) => `tick ${index + 1}`));
		expect(between.connections()).toBe(2);
	});

	test('is a shell on a terminal that resizes', async () => {
		const steps: Step[] = [['expect', '# '], ['send', 'PS1=ready:; stty size\r'], ['expect', '33 101'], ['size', 77, 20], ['expect', 'ready:'], ['send', 'sleep 1; stty size\r'], ['expect', '20 77'], ['send', 'exit\r'], ['expect', 'Exiting session']];
		expect(await onTerminal(steps, ['aws', ...arguments_('/bin/bash --norc')], env)).toMatchObject({ exit: 0 });
	});
});

/** A server before the endpoint's data channels whose connections can be cut. */
async function cuttable(to: URL): Promise<{ url: string; cut(): void; connections(): number }> {
	const sockets: Socket[] = [];
	const server = createServer((near) => {
		const far = connect(Number(to.port), to.hostname);
		sockets.push(near);
		near.pipe(far).pipe(near);
		for (const socket of [near, far]) socket.on('error', () => socket.destroy());
		near.on('close', () => far.destroy());
	}).listen(0, '127.0.0.1');
	await once(server, 'listening');
	onTestFinished(() => void server.close());
	const url = to.href.replace(to.host, `127.0.0.1:${(server.address() as AddressInfo).port}`);
	return { url, cut: () => sockets.forEach((socket) => socket.destroy()), connections: () => sockets.length };
}
