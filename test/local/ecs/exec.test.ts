import { expect, test } from 'vitest';
import { ClientChannel } from '../../../src/session/client-channel.ts';
import { type Body, definition, runnable, type World, worldWith } from './stubs.ts';

const twoContainers = definition('app', {}, { containerDefinitions: [{ name: 'app', image: 'example/image' }, { name: 'side', image: 'example/image', essential: false }] });

async function running(...definitions: Record<string, unknown>[]): Promise<{ aws: World; ask: { cluster: string; task: string; command: string; interactive: boolean } }> {
	const aws = await worldWith(...(definitions.length > 0 ? definitions : [definition('app')]));
	const { tasks } = await aws.call('RunTask', runnable('app', { enableExecuteCommand: true }));
	await aws.clock.advance(1);
	return { aws, ask: { cluster: 'main', task: String(tasks?.[0]?.['taskArn']), command: 'ls -l "a b"', interactive: true } };
}

/** A client at the other end of a session, without a network between them. */
class Client {
	shown = '';
	ready = false;
	closed: string | undefined;
	disconnected = false;
	/** Confirms nothing. */
	mute = false;
	readonly #aws: World;
	readonly #channel: ClientChannel;
	/** Lost on the way to the client, by their number. */
	readonly drop = new Set<number>();
	#received = 0;
	readonly connection = {
		send: (frame: Buffer) => {
			if (!this.drop.has(this.#received++) && !this.disconnected) this.#channel.receive(frame, this.#aws.clock.now());
		},
		close: () => void (this.disconnected = true),
	};

	constructor(aws: World, { sessionId, tokenValue }: Body) {
		this.#aws = aws;
		const session = aws.ecs.sessions.admitted(String(sessionId), String(tokenValue));
		if (session === undefined) throw new Error('not admitted');
		this.#channel = new ClientChannel({
			send: (frame) => {
				if (!this.mute) session.receive(frame);
			},
			ready: () => (this.ready = true),
			shown: (bytes) => (this.shown += bytes.toString()),
			closed: (output) => (this.closed = output),
			confirmed() {},
		});
		session.connect(this.connection);
	}

	size(columns: number, rows: number): void {
		this.#channel.resize({ columns, rows }, this.#aws.clock.now());
	}

	type(text: string): void {
		this.#channel.type(Buffer.from(text), this.#aws.clock.now());
	}

	terminate(): void {
		this.#channel.terminate(this.#aws.clock.now());
	}
}

async function connected(aws: World, ask: object): Promise<Client> {
	const { session } = await aws.call('ExecuteCommand', ask);
	return new Client(aws, session as Body);
}

test('a session is a command on a terminal, from the first size to the last byte', async () => {
	const { aws, ask } = await running();
	const answer = await aws.call('ExecuteCommand', ask);
	expect(answer).toMatchObject({ taskArn: ask.task, containerName: 'app', interactive: true, session: { sessionId: expect.stringMatching(/^ecs-execute-command-[0-9a-f]{17}$/), streamUrl: expect.stringMatching(/^ws:\/\/127\.0\.0\.1:4566\/v1\/data-channel\/ecs-execute-command-[0-9a-f]{17}\?role=publish_subscribe$/) } });
	const client = new Client(aws, answer['session'] as Body);
	expect(client.ready).toBe(true);
	client.size(100, 30);
	await aws.clock.advance(0);
	const [terminal] = aws.runtime.latest('app').terminals;
	expect(terminal?.command).toEqual(['ls', '-l', 'a b']);
	client.type('yes\r');
	client.size(80, 25);
	terminal?.output.write('output ');
	terminal?.output.write('x'.repeat(5000));
	await aws.clock.advance(0);
	expect(terminal).toMatchObject({ typed: 'yes\r', sizes: [{ columns: 100, rows: 30 }, { columns: 80, rows: 25 }] });
	expect(client.shown).toBe(`output ${'x'.repeat(5000)}`);
	terminal?.exit(3);
	await aws.clock.advance(0);
	expect(client).toMatchObject({ closed: '', disconnected: true });
});

test('a client that tells no size gets a usual one', async () => {
	const { aws, ask } = await running();
	await connected(aws, ask);
	await aws.clock.advance(2);
	expect(aws.runtime.latest('app').terminals[0]?.sizes).toEqual([{ columns: 80, rows: 24 }]);
});

test('lost output is sent again, also what a client dropped because it was not ready', async () => {
	const { aws, ask } = await running();
	const client = await connected(aws, ask);
	client.size(80, 24);
	await aws.clock.advance(0);
	for (const number of [3, 4, 6, 7]) client.drop.add(number);
	const [terminal] = aws.runtime.latest('app').terminals;
	terminal?.output.write('abcdefgh'.repeat(1000));
	await aws.clock.advance(0);
	expect(client.shown).not.toBe('abcdefgh'.repeat(1000));
	await aws.clock.advance(5);
	expect(client.shown).toBe('abcdefgh'.repeat(1000));
	terminal?.exit(0);
	await aws.clock.advance(1);
	expect(client.closed).toBe('');
});

test('a command that does not exist is told in the words of the agent', async () => {
	const { aws, ask } = await running();
	const container = aws.runtime.latest('app');
	container.openTerminal = () => Promise.reject(new Error('exec: "nosuch": executable file not found in $PATH'));
	const client = await connected(aws, { ...ask, command: 'nosuch' });
	client.size(80, 24);
	await aws.clock.advance(0);
	expect(client.closed).toBe('\n----------ERROR-------\nUnable to start command: Failed to start pty: exec: "nosuch": executable file not found in $PATH');
	const quoted = await connected(aws, { ...ask, command: 'echo "a' });
	quoted.size(80, 24);
	await aws.clock.advance(0);
	expect(quoted.closed).toContain('closing quote');
});

test('a container has two sessions at most', async () => {
	const { aws, ask } = await running(twoContainers);
	const [first] = [await connected(aws, { ...ask, container: 'app' }), await connected(aws, { ...ask, container: 'app' })];
	expect(await aws.refused('ExecuteCommand', { ...ask, container: 'app' })).toBe('ClientException: Unable to start new execute sessions because the maximum session limit of 2 has been reached.');
	await connected(aws, { ...ask, container: 'side' });
	first.terminate();
	expect(first.closed).toBe('');
	await connected(aws, { ...ask, container: 'app' });
});

test('20 minutes without a word end a session, a word keeps it', async () => {
	const { aws, ask } = await running();
	const client = await connected(aws, ask);
	client.size(80, 24);
	await aws.clock.advance(19 * 60);
	client.type('x');
	await aws.clock.advance(19 * 60);
	expect(client.closed).toBeUndefined();
	await aws.clock.advance(61 + 60);
	expect(client.closed).toBe('');
	expect(aws.runtime.latest('app').terminals[0]?.ended).toBe(true);
});

test('a session without its client ends after a minute; one that comes back in time goes on', async () => {
	const { aws, ask } = await running();
	const { session } = await aws.call('ExecuteCommand', ask);
	await aws.clock.advance(62);
	expect(aws.ecs.sessions.has(String(session?.['sessionId']))).toBe(false);

	const answer = await aws.call('ExecuteCommand', ask);
	const id = String(answer['session']?.['sessionId']);
	const client = new Client(aws, answer['session'] as Body);
	client.size(80, 24);
	await aws.clock.advance(0);
	const [terminal] = aws.runtime.latest('app').terminals;
	client.disconnected = true;
	aws.ecs.sessions.admitted(id, String(answer['session']?.['tokenValue']))?.disconnected(client.connection);
	terminal?.output.write('said meanwhile');
	await aws.clock.advance(30);
	const { body } = await aws.ecs.ssm('ResumeSession', { SessionId: id });
	expect(aws.ecs.sessions.admitted(id, String(answer['session']?.['tokenValue']))).toBeUndefined();
	client.disconnected = false;
	aws.ecs.sessions.admitted(id, String(body['TokenValue']))?.connect(client.connection);
	expect(client.shown).toBe('said meanwhile');
});

test('a confirmation that was lost with a connection keeps no session: AWS\'s client never repeats it', async () => {
	const { aws, ask } = await running();
	const { session } = await aws.call('ExecuteCommand', ask);
	const client = new Client(aws, session as Body);
	client.size(80, 24);
	await aws.clock.advance(0);
	client.mute = true;
	const [terminal] = aws.runtime.latest('app').terminals;
	terminal?.output.write('shown, and not confirmed');
	await aws.clock.advance(0);
	const [id, token] = [String(session?.['sessionId']), String(session?.['tokenValue'])];
	aws.ecs.sessions.admitted(id, token)?.disconnected(client.connection);
	aws.ecs.sessions.admitted(id, token)?.connect(client.connection);
	terminal?.exit(0);
	await aws.clock.advance(10);
	expect(client).toMatchObject({ shown: 'shown, and not confirmed', closed: '' });
});

test('a session ends with its container, and with TerminateSession; then nothing is to be resumed', async () => {
	const { aws, ask } = await running();
	const { session } = await aws.call('ExecuteCommand', ask);
	const client = new Client(aws, session as Body);
	expect(await aws.ecs.ssm('TerminateSession', { SessionId: session?.['sessionId'] })).toEqual({ status: 200, body: { SessionId: session?.['sessionId'] } });
	expect(client.closed).toBe('');
	expect((await aws.ecs.ssm('ResumeSession', { SessionId: session?.['sessionId'] })).body).not.toHaveProperty('TokenValue');

	const other = await connected(aws, ask);
	await aws.call('StopTask', { cluster: 'main', task: ask.task });
	await aws.clock.advance(1);
	expect(other.closed).toBe('');
});

test('StartSession finds a container by its target, and takes the parameters that its document has', async () => {
	const { aws, ask } = await running();
	const { tasks } = await aws.call('DescribeTasks', { cluster: 'main', tasks: [ask.task] });
	const target = `ecs:main_${ask.task.split('/').at(-1)}_${String(tasks?.[0]?.['containers']?.[0]?.['runtimeId'])}`;
	const { status, body } = await aws.ecs.ssm('StartSession', { Target: target });
	expect([status, body['StreamUrl']]).toEqual([200, expect.stringContaining('/v1/data-channel/session-')]);
	for (const wrong of ['i-0123456789abcdef0', target.replace('main', 'other'), `${target}1`, '']) {
		expect((await aws.ecs.ssm('StartSession', { Target: wrong })).body).toEqual({ __type: 'TargetNotConnected', message: `${wrong} is not connected.` });
	}
	const forward = async (DocumentName: string, Parameters: object) => (await aws.ecs.ssm('StartSession', { Target: target, DocumentName, Parameters })).body;
	expect(await forward('AWS-StartPortForwardingSession', { portNumber: ['5432'] })).toHaveProperty('TokenValue');
	expect(await forward('AWS-StartPortForwardingSession', { portNumber: ['65536'] })).toMatchObject({ __type: 'InvalidParameters' });
	expect(await forward('AWS-StartPortForwardingSession', { portNumber: ['5432'], host: ['db'] })).toMatchObject({ __type: 'InvalidParameters' });
	expect(await forward('AWS-StartSSHSession', {})).toMatchObject({ __type: 'InvalidDocument' });
});

test.each([
	[{ interactive: false }, 'InvalidParameterException: Interactive is the only mode supported currently.'],
	[{ container: 'other' }, 'InvalidParameterException: The referenced container other was not found.'],
	[{ container: undefined }, 'InvalidParameterException: Container name must be specified for a task with more than one container.'],
	[{ cluster: 'other' }, 'ClusterNotFoundException: Cluster not found.'],
	[{ task: '0'.repeat(32) }, 'InvalidParameterException: The referenced task was not found.'],
])('%j is refused', async (change, expected) => {
	const { aws, ask } = await running(twoContainers);
	expect(await aws.refused('ExecuteCommand', { ...ask, container: 'app', ...change })).toBe(expected);
});

test('without exec enabled, and when the task has ended, there is no agent', async () => {
	const { aws, ask } = await running();
	const { tasks } = await aws.call('RunTask', runnable('app'));
	await aws.clock.advance(1);
	const noAgent = 'InvalidParameterException: The execute command failed because execute command was not enabled when the task was run or the execute command agent isn’t running. Wait and try again or run a new task with execute command enabled and try again.';
	expect(await aws.refused('ExecuteCommand', { ...ask, task: tasks?.[0]?.['taskArn'] })).toBe(noAgent);
	aws.runtime.containers[0]?.exit(0);
	await aws.clock.advance(1);
	expect(await aws.refused('ExecuteCommand', ask)).toBe(noAgent);
});
