import { EventEmitter } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { main } from '../../src/cli.ts';
import type { Aws } from '../../src/aws/clients.ts';
import type { LogEvent } from '../../src/logs/event.ts';
import { follow } from '../../src/logs/follow.ts';
import { eventually } from '../local/endpoint.ts';
import { startEndpoint, type TestEndpoint } from '../resources/endpoint.ts';
import { Captured } from '../cli/run.ts';
import { event } from './events.ts';
import { type Between, between } from './live-endpoint.ts';
import { components, CountingWriter, groupOf } from './writer.ts';

let endpoint: TestEndpoint;
let directory: string;
let writer: CountingWriter;

beforeAll(async () => {
	endpoint = await startEndpoint();
});
afterAll(() => endpoint.close());
beforeEach(async () => {
	await fetch(`${endpoint.url}/_endpoint/reset`, { method: 'POST' });
	directory = await mkdtemp(join(tmpdir(), 'airflow-deploy-logs-'));
	await recordGroups(directory);
	writer = new CountingWriter(endpoint.url);
	await writer.createGroups();
});
afterEach(async () => {
	writer.destroy();
	await rm(directory, { recursive: true, force: true });
});

/** The state of an environment that has its log groups. */
async function recordGroups(directory: string): Promise<void> {
	const resources = components.map((component) => {
		const outputs = { name: groupOf(component), arn: `arn:aws:logs:us-east-1:000000000000:log-group:${groupOf(component)}`, retentionDays: 14 };
		return [`log-group-${component}`, { type: 'AWS::Logs::LogGroup', status: 'ready', id: groupOf(component), inputs: {}, outputs, hash: '', dependsOn: [], token: 't', startedAt: '' }];
	});
	const states = join(directory, '.airflow-deploy', 'state', '000000000000-us-east-1');
	await mkdir(states, { recursive: true });
	await writeFile(join(states, 'main.json'), JSON.stringify({ format: 1, account: '000000000000', region: 'us-east-1', project: 'airflow', environment: 'main', resources: Object.fromEntries(resources) }));
}

/** Remembers what was written at once. */
class Batches extends Captured {
	readonly batches: string[] = [];

	override _write(chunk: Buffer, encoding: string, done: () => void): void {
		this.batches.push(chunk.toString());
		super._write(chunk, encoding, done);
	}
}

interface Following {
	readonly stdout: Captured;
	readonly stderr: Captured;
	events(): LogEvent[];
	numbers(): number[];
	/** Times of the events that came out at once. */
	batches(): number[][];
	/** @returns the exit code */
	interrupt(): Promise<number>;
	readonly ended: Promise<number>;
}

function start(args: readonly string[], url = endpoint.url): Following {
	const [stdout, stderr, signals] = [new Batches(), new Captured(), new EventEmitter()];
	const env = { HOME: directory, AWS_ENDPOINT_URL: url, AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };
	const ended = main(['logs', ...args], { stdout, stderr, stdin: new PassThrough(), cwd: directory, signals, exit: () => {}, env });
	const eventsIn = (text: string): LogEvent[] => text.split('\n').slice(0, -1).map((line) => JSON.parse(line) as LogEvent);
	const events = (): LogEvent[] => eventsIn(stdout.text);
	return {
		stdout,
		stderr,
		events,
		numbers: () => events().map(({ message }) => Number(/number (\d+)/.exec(message)?.[1])),
		batches: () => stdout.batches.map((text) => timesOf(eventsIn(text))),
		interrupt: () => {
			signals.emit('SIGINT');
			return ended;
		},
		ended,
	};
}

const countTo = (end: number): number[] => Array.from({ length: end }, (_, index) => index);
const ascending = (one: number, other: number): number => one - other;
const timesOf = (events: readonly LogEvent[]): number[] => events.map(({ timestamp }) => timestamp);

describe('following by looks, where the endpoint has no live tail', () => {
	test('5,000 lines over streams that end and begin, some of them late: each once, by time', async () => {
		const way = await between(endpoint.url, { liveTail: false });
		onTestFinished(() => way.close());
		await writer.write(1000, 'first');
		const following = start(['-f', '--json', '--since', '1h'], way.url);
		for (const streams of ['first', 'second', 'third', 'fourth']) await writer.write(1000, streams);
		await eventually('all lines are there', () => following.stdout.text.split('\n').length > writer.written, 40);
		expect(await following.interrupt()).toBe(0);

		const events = following.events();
		expect(following.numbers().toSorted(ascending)).toEqual(countTo(5000));
		expect(timesOf(events.slice(0, 1000))).toEqual(timesOf(events.slice(0, 1000)).toSorted(ascending));
		const streams = [...new Set(events.map(({ logStreamName }) => logStreamName))];
		const unordered = streams.filter((stream) => {
			const own = timesOf(events.filter(({ logStreamName }) => logStreamName === stream));
			return own.some((time, index) => time < (own[index - 1] ?? 0));
		});
		expect(unordered).toEqual([]);
		expect(following.batches().filter((batch) => batch.some((time, index) => time < (batch[index - 1] ?? 0)))).toEqual([]);
		expect(following.batches().some((batch) => batch.length > 100)).toBe(true);
		expect(following.stderr.text).toBe('');
	}, 100_000);

	test('a group that comes later is followed, and nothing is written twice after a rest', async () => {
		const following = start(['task', '-f', '--json', '--dag', 'tutorial', '--run', 'manual__2026-11-24T12:59:00+00:00']);
		await writer.write(80, 'first');
		await eventually('the lines are there', () => following.numbers().length === 20);
		await writer.write(80, 'second');
		await eventually('the next are there', () => following.numbers().length === 40);
		expect(await following.interrupt()).toBe(0);
		expect(following.numbers()).toEqual([...countTo(20).map((n) => n + 60), ...countTo(20).map((n) => n + 140)]);
	});
});

describe('following by a live tail', () => {
	/** The real endpoint, through something that can break what it streams. */
	async function live(): Promise<Between> {
		const way = await between(endpoint.url);
		onTestFinished(() => way.close());
		return way;
	}

	test('each line once, at once, while it samples, breaks and begins anew', async () => {
		const way = await live();
		await writer.write(400, 'before');
		const following = start(['-f', '--json'], way.url);
		await eventually('what came before it is there', () => following.events().length === 400);
		await eventually('a session is open', () => way.sessions === 1);
		// Looks come every half second until a new session is trusted.
		await eventually('it delivers before they do', async () => {
			await writer.write(80, 'live');
			await eventually('the lines are there', () => following.events().length === writer.written);
			return following.events().some(({ eventId }) => eventId === null);
		});
		// More than 500 in a second: what is left out is looked for.
		await writer.write(3000, 'sampled');
		await eventually('what was left out is there', () => following.events().length === writer.written);
		way.breakSessions();
		await writer.write(400, 'broken');
		await eventually('a new session is open', () => way.sessions === 2);
		await eventually('all lines are there', () => following.events().length >= writer.written);
		await writer.write(400, 'again');
		await eventually('the next are there', () => following.events().length >= writer.written);
		expect(await following.interrupt()).toBe(0);
		expect(following.numbers().toSorted(ascending)).toEqual(countTo(writer.written));
	}, 60_000);

	test('sessions that end one after another lose nothing and double nothing', async () => {
		const way = await live();
		const following = start(['-f', '--json'], way.url);
		for (let session = 1; session <= 6; session += 1) {
			await eventually(`session ${session} is open`, () => way.sessions === session);
			await writer.write(400, `streams-${session}`);
			way.breakSessions();
		}
		await eventually('all lines are there', () => following.events().length >= 2400);
		expect(await following.interrupt()).toBe(0);
		expect(following.numbers().toSorted(ascending)).toEqual(countTo(2400));
	}, 60_000);
});

describe('a connection that breaks between two pages', () => {
	const group = { component: 'webserver', logGroupName: '/a/webserver', arn: 'arn' };
	const all = [event(), event(), event()];
	// No endpoint: there is no live tail.
	const aws = { client: () => ({ send: () => Promise.reject(new Error('none')) }) } as unknown as Aws;

	/** Follows looks that go as told, until `shown` is full or it fails. */
	async function followLooks(looks: (LogEvent | Error)[][], wanted: number): Promise<{ shown: LogEvent[]; notes: string[] }> {
		const [shown, notes, done] = [[] as LogEvent[], [] as string[], new AbortController()];
		const reader = {
			async *pages() {
				for (const step of looks.length > 1 ? (looks.shift() ?? []) : (looks[0] ?? [])) {
					if (step instanceof Error) throw step;
					yield [step];
				}
			},
		};
		const show = async (events: LogEvent[]): Promise<void> => {
			shown.push(...events);
			if (shown.length >= wanted) done.abort();
		};
		await follow({ aws, reader, groups: [group], from: 0, patternOf: () => undefined, show, note: (line) => notes.push(line), signal: done.signal }).catch((error: unknown) => {
			if (!done.signal.aborted) throw error;
		});
		return { shown, notes };
	}
	const broken = (): Error => Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });

	test('what was read of it counts as not read, and the user is told once', async () => {
		const [one, two, three] = all as [LogEvent, LogEvent, LogEvent];
		const { shown, notes } = await followLooks([[one], [one, two, broken()], [broken()], [one, two, three]], 3);
		expect(shown).toEqual(all);
		expect(notes).toEqual(['the connection to CloudWatch Logs is interrupted (Error): trying again']);
	});

	test('an error that does not pass ends it', async () => {
		await expect(followLooks([[], [Object.assign(new Error('no'), { name: 'AccessDeniedException' })]], 1)).rejects.toThrow('no');
	});
});

describe('reading once', () => {
	test('groups that are gone are passed over, and an error where all are', async () => {
		await writer.write(80, 'first');
		await writer.deleteGroup('scheduler');
		const some = start(['--json']);
		expect([await some.ended, some.events().length]).toEqual([0, 60]);
		for (const component of components) if (component !== 'scheduler') await writer.deleteGroup(component);
		for (const args of [[], ['-f']]) {
			const none = start([...args]);
			expect(await none.ended).toBe(1);
			expect(none.stderr.text).toMatch(/^error: AWS shows none of the log groups any more: .*main\/webserver.*\nhint: {2}airflow-deploy status\n$/);
		}
	});

	test('a reader that has gone ends it without an error', async () => {
		await writer.write(400, 'first');
		for (const args of [[], ['-f']]) {
			const reading = start(['--json', '--since', '1h', ...args]);
			await eventually('it has begun', () => reading.stdout.text !== '');
			reading.stdout.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
			expect(await reading.ended).toBe(0);
		}
	});

	test('lines of one run, by time, and a word where there are none', async () => {
		await writer.write(400, 'first');
		const all = start(['--json', '--since', '1h']);
		expect(await all.ended).toBe(0);
		expect(all.numbers().toSorted(ascending)).toEqual(countTo(400));
		expect(timesOf(all.events())).toEqual(timesOf(all.events()).toSorted(ascending));
		const none = start(['--dag', 'other', '--since', '2026-11-24T10:00']);
		expect(await none.ended).toBe(0);
		expect([none.stdout.text, none.stderr.text]).toEqual(['', 'no such lines since 2026-11-24T10:00:00Z: --since 1d looks further back\n']);
	});
});
