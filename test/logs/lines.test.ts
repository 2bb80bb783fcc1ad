import { array, assert, asyncProperty, integer, nat } from 'fast-check';
import pc from 'picocolors';
import { describe, expect, test } from 'vitest';
import { parseEntry } from '../../src/logs/entry.ts';
import { merge } from '../../src/logs/merge.ts';
import { Pace } from '../../src/logs/pace.ts';
import { overlap, Seen } from '../../src/logs/seen.ts';
import { filterPattern, select, type Selection } from '../../src/logs/selection.ts';
import { parseSince } from '../../src/logs/since.ts';
import { logLineRenderer } from '../../src/ui/render/log-line.ts';
import { event, json, taskLine } from './events.ts';

describe('merge', () => {
	interface Item {
		timestamp: number;
		source: number;
		index: number;
	}
	async function* pagesOf(items: Item[], size: number): AsyncGenerator<Item[]> {
		for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
		yield [];
	}
	const drain = async (sources: Item[][], size: number): Promise<Item[]> => {
		const all: Item[] = [];
		for await (const batch of merge(sources.map((items) => pagesOf(items, size)))) all.push(...batch);
		return all;
	};

	test('any sources come out complete, by time, each in its own order', async () => {
		const sources = array(array(nat(20).map((step) => step % 3), { maxLength: 30 }), { maxLength: 5 });
		await assert(
			asyncProperty(sources, integer({ min: 1, max: 7 }), async (steps, size) => {
				const items = steps.map((gaps, source) => {
					let timestamp = 0;
					return gaps.map((gap, index) => ({ timestamp: (timestamp += gap), source, index }));
				});
				const merged = await drain(items, size);
				expect(merged.length).toBe(items.flat().length);
				expect(merged.every(({ timestamp }, index) => index === 0 || timestamp >= (merged[index - 1]?.timestamp ?? 0))).toBe(true);
				for (const [source, own] of items.entries()) expect(merged.filter((item) => item.source === source)).toEqual(own);
			}),
		);
	});

	test('no source is read further than the others need', async () => {
		let read = 0;
		async function* endless(): AsyncGenerator<Item[]> {
			for (;;) yield [{ timestamp: 1000 + (read += 1), source: 0, index: read }];
		}
		const merged = merge([endless(), pagesOf([{ timestamp: 1, source: 1, index: 0 }], 1)]);
		expect((await merged.next()).value).toEqual([{ timestamp: 1, source: 1, index: 0 }]);
		expect(read).toBe(1);
		await merged.return(undefined);
	});
});

describe('what was seen', () => {
	const seenOf = (events: ReturnType<typeof event>[], seen = new Seen()): boolean[] => events.map((each) => seen.isNew(each));

	test('an id is new once; equal lines with ids of their own are two', () => {
		const one = event({ message: 'same' });
		expect(seenOf([one, one, event({ message: 'same' })])).toEqual([true, false, true]);
	});

	test('what a live tail delivered is not found again by a look, and the other way round', () => {
		const found = event({ message: 'a' });
		const delivered = { ...found, eventId: null };
		expect(seenOf([delivered, found, found])).toEqual([true, false, false]);
		expect(seenOf([found, delivered])).toEqual([true, false]);
	});

	test('of two equal lines of which the live tail delivered one, a look shows the other', () => {
		const [one, two] = [event({ message: 'twice' }), event({ message: 'twice' })];
		expect(seenOf([{ ...one, eventId: null }, one, two])).toEqual([true, false, true]);
	});

	test('a look overlaps the one before, by the earlier of both clocks; the live tail moves nothing', () => {
		const seen = new Seen();
		expect(seen.from(overlap.short)).toBeUndefined();
		seen.isNew(event({ timestamp: 500_000, ingestionTime: 400_000 }));
		seen.isNew(event({ timestamp: 900_000, eventId: null }));
		expect(seen.from(overlap.short)).toBe(400_000 - overlap.short);
	});

	test('what a look can still reach is never forgotten, what it cannot is, in time', () => {
		const seen = new Seen();
		const events = Array.from({ length: 30_000 }, (_, index) => event({ timestamp: 1_000_000 + index * 100 }));
		seenOf(events, seen);
		const begin = seen.from(overlap.long) ?? 0;
		expect(events.filter((each) => each.timestamp >= begin && seen.isNew(each))).toEqual([]);
		expect(events.slice(0, 10_000).every((each) => seen.isNew(each))).toBe(true);
	});
});

describe('selection', () => {
	const isSelected = (message: string, selection: Selection, component = 'task'): boolean => select(event({ component, message }), selection) !== undefined;

	test('by DAG, task, run and try, each exactly', () => {
		const line = taskLine('done');
		expect(isSelected(line, { dag: 'tutorial', task: 'print_date', run: 'manual__2026-11-24T12:59:00+00:00', try: '1' })).toBe(true);
		for (const other of [{ dag: 'tutoria' }, { task: 'sleep' }, { run: 'manual__2026-11-24T12:59:00' }, { try: '2' }]) expect(isSelected(line, other)).toBe(false);
	});

	test("the scheduler's lines belong to a task that they mention", () => {
		const line = json({ message: 'Setting <TaskInstance: tutorial.print_date manual__2026-11-24T12:59:00+00:00 [queued]> to running' });
		expect(isSelected(line, { dag: 'tutorial' }, 'scheduler')).toBe(true);
		expect(isSelected(line, { dag: 'tutorial', task: 'print_date', run: 'manual__2026-11-24T12:59:00+00:00' }, 'scheduler')).toBe(true);
		expect(isSelected(line, { dag: 'tutorial', task: 'print' }, 'scheduler')).toBe(false);
		expect(isSelected(json({ message: 'tutorial_taskflow_api, my-tutorial' }), { dag: 'tutorial' }, 'scheduler')).toBe(false);
		expect(isSelected(line, { try: '1' }, 'scheduler')).toBe(false);
	});

	test('by a regular expression in what is shown or stored, tracebacks too', () => {
		const line = json({ level: 'ERROR', message: 'say "no"', exception: 'Traceback\nValueError: bad' });
		for (const grep of [/say "no"/, /^ERROR say/, /ValueError: bad$/, /"logger":\s?"test"/]) expect(isSelected(line, { grep })).toBe(true);
		expect(isSelected(line, { grep: /warning/ })).toBe(false);
	});

	test('what CloudWatch Logs can tell by itself', () => {
		expect(filterPattern({})).toBeUndefined();
		expect(filterPattern({ try: '1', grep: /x/ })).toBeUndefined();
		expect(filterPattern({ dag: 'tutorial', run: 'manual__2026-11-24T12:59:00+00:00', task: 'with "quotes"' })).toBe('{ ($.dag_id = "tutorial") && ($.run_id = "manual__2026-11-24T12:59:00+00:00") }');
	});
});

test.each([
	['90s', -90_000],
	['10m', -600_000],
	['1.5h', -5_400_000],
	['1d', -86_400_000],
	['2026-11-24', -12 * 3_600_000],
	['2026-11-24T11:59', -60_000],
	['2026-11-24 11:59:30.5', -29_500],
	['2026-11-24T11:59:00Z', -60_000],
	['2026-11-24T12:59:00+01:00', -60_000],
])('--since %s', (text, expected) => {
	const now = Date.parse('2026-11-24T12:00:00Z');
	expect(parseSince(text, now) - now).toBe(expected);
});

test.each(['', 'm', '10', '10 m', 'yesterday', '2026-13-01', '-5m', '2026-11-24T25:00'])('--since "%s" is refused', (text) => {
	expect(() => parseSince(text, 0)).toThrow('is neither an age nor a time');
});

test('calls are paced after a first burst, and a rest brings the burst back', () => {
	let now = 0;
	const pace = new Pace(5, 2, () => now);
	const waits = (): number[] => Array.from({ length: 4 }, () => pace.reserve());
	expect(waits()).toEqual([0, 0, 200, 400]);
	now = 10_000;
	expect(waits()).toEqual([0, 0, 200, 400]);
});

test.each(['', '{', '{"a": 1}', '[1]', '{"message": null}', 'plain text'])('%j is a line without a level', (line) => {
	expect(parseEntry(line)).toEqual({ level: undefined, logger: undefined, message: line, details: [], task: undefined });
});

describe('for people', () => {
	const style = { colour: pc.createColors(false), width: 80 };
	const shown = (lines: [component: string, message: string, time?: string][], components = true): string => {
		const render = logLineRenderer({ components }, '2026-11-24');
		return lines.map(([component, message, time = '2026-11-24T13:04:05.678Z']) => render({ event: event({ component, message, timestamp: Date.parse(time) }), entry: parseEntry(message) }, style)).join('\n');
	};

	test('time, component, level, task, message', () => {
		expect(
			shown([
				['webserver', json({ message: 'GET /health 200' })],
				['scheduler', json({ level: 'WARNING', message: 'Killing DAGFileProcessorProcess (PID=1)' })],
				['dag-sync', json({ level: 'DEBUG', message: '2 DAGs, 0 import errors' })],
				['task', taskLine('Running command')],
				['task', taskLine('mapped', { map_index: 3, try_number: 2 })],
				['init', 'exec: no such file'],
				['scheduler', json({ level: 'ERROR', message: 'it broke', exception: 'Traceback (most recent call last):\n  File "x.py", line 1\nValueError: no\n' })],
				['webserver', json({ message: 'the day after' }), '2026-11-25T00:00:01.000Z'],
			]),
		).toMatchInlineSnapshot(`
			"13:04:05.678 webserver INFO  GET /health 200
			13:04:05.678 scheduler WARN  Killing DAGFileProcessorProcess (PID=1)
			13:04:05.678 dag-sync  DEBUG 2 DAGs, 0 import errors
			13:04:05.678 task      INFO  tutorial.print_date manual__2026-11-24T12:59:00+00:00 #1 Running command
			13:04:05.678 task      INFO  tutorial.print_date[3] manual__2026-11-24T12:59:00+00:00 #2 mapped
			13:04:05.678 init            exec: no such file
			13:04:05.678 scheduler ERROR it broke
			  Traceback (most recent call last):
			    File "x.py", line 1
			  ValueError: no
			2026-11-25 UTC
			00:00:01.000 webserver INFO  the day after"
		`);
	});

	test('one component alone is not named', () => {
		expect(shown([['webserver', json({})]], false)).toBe('13:04:05.678 INFO  hello');
	});

	test('nothing that a terminal would obey', () => {
		expect(shown([['webserver', json({ message: 'a\u001B[31mred\u001B[0m \u001B]0;title\u0007 b\rc' })]], false)).toBe('13:04:05.678 INFO  ared \uFFFD]0;title\uFFFD bc');
	});

	test('each component has its colour', () => {
		const colour = pc.createColors(true);
		const painted = ['webserver', 'scheduler', 'dag-sync', 'task', 'init'].map((component) => logLineRenderer({ components: true }, '2026-11-24')({ event: event({ component, message: 'x' }), entry: parseEntry('x') }, { colour, width: 80 }));
		// oxlint-disable-next-line no-control-regex
		expect(new Set(painted.map((line) => /\u001B\[(3\d)m/.exec(line)?.[1])).size).toBe(5);
	});
});
