import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { CloudWatchLogsClient, CreateLogGroupCommand, CreateLogStreamCommand, PutLogEventsCommand, StartLiveTailCommand, type StartLiveTailCommandInput, type StartLiveTailResponseStream } from '@aws-sdk/client-cloudwatch-logs';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { eventFrame } from '../../src/local/live-tail/event-stream.ts';
import { filterOf } from '../../src/local/live-tail/filter-pattern.ts';
import { LiveTails } from '../../src/local/live-tail/live-tails.ts';
import { refusal, startEndpoint, type TestEndpoint } from './endpoint.ts';

const account = '000000000000';
const arn = (group: string): string => `arn:aws:logs:us-east-1:${account}:log-group:${group}`;

describe('StartLiveTail', () => {
	let endpoint: TestEndpoint;
	let logs: CloudWatchLogsClient;
	/** A client of its own for each: only its end closes the stream. */
	async function start(input: StartLiveTailCommandInput): Promise<{ stream: AsyncIterable<StartLiveTailResponseStream>; end: () => void }> {
		const client = endpoint.client(CloudWatchLogsClient);
		const { responseStream } = await client.send(new StartLiveTailCommand(input));
		if (!responseStream) throw new Error('no stream');
		return { stream: responseStream, end: () => client.destroy() };
	}
	const put = (group: string, stream: string, messages: string[]) => logs.send(new PutLogEventsCommand({ logGroupName: group, logStreamName: stream, logEvents: messages.map((message) => ({ timestamp: Date.now(), message })) }));

	beforeAll(async () => {
		endpoint = await startEndpoint();
		logs = endpoint.client(CloudWatchLogsClient);
		for (const group of ['/a', '/b']) {
			await logs.send(new CreateLogGroupCommand({ logGroupName: group }));
			for (const stream of ['one', 'two']) await logs.send(new CreateLogStreamCommand({ logGroupName: group, logStreamName: stream }));
		}
	});
	afterAll(() => endpoint.stop());

	/** The parts of a session until one satisfies `last`, which ends it. */
	async function partsOf(input: StartLiveTailCommandInput, act: () => Promise<unknown>, last: (part: StartLiveTailResponseStream) => boolean): Promise<StartLiveTailResponseStream[]> {
		const parts: StartLiveTailResponseStream[] = [];
		const { stream, end } = await start(input);
		for await (const part of stream) {
			parts.push(part);
			if (part.sessionStart) await act();
			if (last(part)) break;
		}
		end();
		return parts;
	}
	const results = (parts: readonly StartLiveTailResponseStream[]) => parts.flatMap(({ sessionUpdate }) => sessionUpdate?.sessionResults ?? []);
	const has = (text: string) => ({ sessionUpdate }: StartLiveTailResponseStream): boolean => sessionUpdate?.sessionResults?.some(({ message }) => message === text) === true;

	test('sends what was put after its start, of its groups, once a second', async () => {
		await put('/a', 'one', ['before']);
		const act = async (): Promise<void> => {
			await put('/b', 'one', ['of another group']);
			await put('/a', 'one', ['first', 'last']);
		};
		const parts = await partsOf({ logGroupIdentifiers: [arn('/a')] }, act, has('last'));
		expect(parts[0]).toMatchObject({ sessionStart: { sessionId: expect.any(String), requestId: expect.any(String), logGroupIdentifiers: [arn('/a')] } });
		expect(results(parts)).toEqual(['first', 'last'].map((message) => ({ logGroupIdentifier: `${account}:/a`, logStreamName: 'one', message, timestamp: expect.any(Number), ingestionTime: expect.any(Number) })));
		expect(parts.slice(1).every(({ sessionUpdate }) => sessionUpdate?.sessionMetadata?.sampled === false)).toBe(true);
	});

	test('only the streams and words that were asked for', async () => {
		const act = async (): Promise<void> => {
			await put('/a', 'two', ['error 404 there']);
			await put('/a', 'one', ['error 500', 'error 404 here']);
		};
		const parts = await partsOf({ logGroupIdentifiers: [arn('/a')], logStreamNamePrefixes: ['o'], logEventFilterPattern: 'error 404' }, act, has('error 404 here'));
		expect(results(parts).map(({ message }) => message)).toEqual(['error 404 here']);
	});

	test('more than 500 in a second are sampled down to 500', async () => {
		const parts = await partsOf({ logGroupIdentifiers: [arn('/a')] }, () => put('/a', 'one', Array.from({ length: 1200 }, (_, index) => `line ${index}`)), ({ sessionUpdate }) => (sessionUpdate?.sessionResults?.length ?? 0) > 0);
		expect(parts.at(-1)?.sessionUpdate).toMatchObject({ sessionMetadata: { sampled: true } });
		expect(new Set(results(parts).map(({ message }) => message)).size).toBe(500);
	});

	test.each<[string, StartLiveTailCommandInput]>([
		['ResourceNotFoundException: The specified log group does not exist.', { logGroupIdentifiers: [arn('/none')] }],
		['InvalidParameterException: The specified log group identifier is not a valid ARN: /a', { logGroupIdentifiers: ['/a'] }],
		[`InvalidParameterException: 1 validation error detected: Value '${arn('/a')}:*' at 'logGroupIdentifiers.1.member' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w#+=/:,.@-]*`, { logGroupIdentifiers: [`${arn('/a')}:*`] }],
		["InvalidParameterException: 1 validation error detected: Value at 'logGroupIdentifiers' failed to satisfy constraint: Member must have length less than or equal to 10", { logGroupIdentifiers: Array.from({ length: 11 }, () => arn('/a')) }],
		['InvalidParameterException: LogStreamNames and LogStreamNamePrefixes can be specified with a single log group only.', { logGroupIdentifiers: [arn('/a'), arn('/b')], logStreamNames: ['one'] }],
		['InvalidParameterException: LogStreamNames and LogStreamNamePrefixes cannot both be specified.', { logGroupIdentifiers: [arn('/a')], logStreamNames: ['one'], logStreamNamePrefixes: ['o'] }],
	])('refuses: %s', async (words, input) => {
		expect(await refusal(start(input))).toBe(words);
	});

	test('fifteen sessions at once, and another when one has gone', async () => {
		const another = () => start({ logGroupIdentifiers: [arn('/a')] });
		const sessions = await Promise.all(Array.from({ length: 15 }, another));
		expect(await refusal(another())).toMatch(/^LimitExceededException/);
		sessions[0]?.end();
		const next = await vi.waitFor(another, { timeout: 5000, interval: 50 });
		for (const { end } of [...sessions, next]) end();
	});
});

describe('a session', () => {
	const request = { logGroupIdentifiers: [arn('/a')] };
	const framesOf = (data: Buffer): string[] => {
		const frames: string[] = [];
		for (let at = 0; at < data.length; at += data.readUInt32BE(at)) frames.push(data.subarray(at, at + data.readUInt32BE(at)).toString('latin1'));
		return frames;
	};

	test('ends when its time is over, after what came before', async () => {
		const tails = new LiveTails(account);
		const session = tails.begin('us-east-1', request, 200);
		tails.put({ region: 'us-east-1', group: '/a', stream: 's', events: [{ timestamp: 1, message: 'the last' }] });
		const read = await session.toArray();
		const frames = framesOf(Buffer.concat(read as Buffer[]));
		expect(frames.slice(-2)).toEqual([expect.stringContaining('the last'), expect.stringMatching(/exception[^]*SessionTimeoutException[^]*timed out/)]);
	});

	test('a client that does not keep up loses the oldest updates', async () => {
		vi.useFakeTimers();
		const tails = new LiveTails(account);
		const session = tails.begin('us-east-1', request);
		const text = 'x'.repeat(20_000);
		for (let second = 0; second < 30; second += 1) {
			tails.put({ region: 'us-east-1', group: '/a', stream: 's', events: [{ timestamp: second, message: `${second} ${text}` }] });
			vi.advanceTimersByTime(1000);
		}
		vi.useRealTimers();
		const read: Buffer[] = [];
		session.on('data', (data: Buffer) => read.push(data));
		await delay(0);
		session.destroy();
		await once(session, 'close');
		const seconds = framesOf(Buffer.concat(read)).flatMap((frame) => /"message":"(\d+) /.exec(frame)?.[1] ?? []);
		expect(seconds.slice(-10)).toEqual(Array.from({ length: 10 }, (_, index) => String(20 + index)));
		expect(seconds.length).toBeLessThan(30);
	});


	test('frames begin with their lengths', () => {
		const frame = eventFrame('sessionUpdate', { a: 1 });
		expect(frame.readUInt32BE(0)).toBe(frame.length);
	});
});

test.each([
	['', 'anything', true],
	['error 404', 'a 404 and an error', true],
	['error 404', 'error 405', false],
	['Error', 'error', false],
	['"two words"', 'these two words', true],
	['"two words"', 'words two', false],
	['?a ?b', 'only b', true],
	['?x ?z', 'only b', false],
	['error -debug', 'an error', true],
	['error -debug', 'a debug error', false],
])('the pattern %j and the message %j: %s', (pattern, message, lets) => {
	expect(filterOf(pattern)(message)).toBe(lets);
});

test.each(['{ $.a = "b" }', '[ip, user]', '%err.*%'])('the pattern %s is refused, not passed over', (pattern) => {
	expect(() => filterOf(pattern)).toThrow(/words only/);
});
