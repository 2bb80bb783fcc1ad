import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Event } from '../../src/engine/events.ts';
import { type PastStep, readHistory, secondsLeft, usualSeconds } from '../../src/ui/history.ts';
import { hasColours } from '../../src/ui/io.ts';
import { plainPrinter } from '../../src/ui/plain.ts';
import { advance, newProgress, progressLine, timeLeft } from '../../src/ui/progress.ts';
import { terminalPrinter } from '../../src/ui/terminal.ts';
import { Captured } from '../cli/run.ts';

const past = (key: string, seconds: number, action: PastStep['action'] = 'create'): PastStep => ({ key, type: 'T', action, seconds, at: '2026-01-01T00:00:00Z' });
const start = (key: string, action: PastStep['action'] = 'create'): Event => ({ type: 'start', key, kind: 'T', action });
const done = (key: string, seconds: number, action: PastStep['action'] = 'create'): Event => ({ type: 'done', key, kind: 'T', action, seconds });

describe('history', () => {
	test('the median of the last five runs, by direction, steps without change left out', () => {
		const history = [900, 3, 5, 4, 6, 100].map((seconds) => past('vpc', seconds));
		history.push(past('vpc', 0.1, 'none'), past('vpc', 20, 'delete'), past('files', 2, 'run'));
		expect(usualSeconds(history, 'make')).toEqual(new Map([['vpc', 5], ['files', 2]]));
		expect(usualSeconds(history, 'delete')).toEqual(new Map([['vpc', 20]]));
	});

	test('lines cut short and a missing file do no harm', () => {
		const directory = mkdtempSync(join(tmpdir(), 'airflow-deploy-test-'));
		onTestFinished(() => rmSync(directory, { recursive: true }));
		const path = join(directory, 'history.jsonl');
		expect(readHistory(path)).toEqual([]);
		writeFileSync(path, `${JSON.stringify(past('vpc', 3))}\n{"key":"subn`);
		expect(readHistory(path)).toEqual([past('vpc', 3)]);
	});

	const usual = new Map([['vpc', 2], ['database', 200], ['image', 60], ['service', 90]]);
	const needs = { database: ['vpc'], service: ['database', 'image'] };

	test('what is left is the longest chain', () => {
		expect(secondsLeft({ keys: ['vpc', 'database', 'image', 'service'], needs, elapsed: new Map() }, usual)).toBe(292);
		expect(secondsLeft({ keys: ['database', 'service'], needs, elapsed: new Map([['database', 150]]) }, usual)).toBe(140);
	});

	test('a step that takes longer than usual does not make the rest negative', () => {
		expect(secondsLeft({ keys: ['database', 'service'], needs, elapsed: new Map([['database', 500]]) }, usual)).toBe(90);
	});

	test('no estimate where most steps were never seen', () => {
		expect(secondsLeft({ keys: ['a', 'b', 'vpc'], needs, elapsed: new Map() }, usual)).toBeUndefined();
	});
});

describe('the line', () => {
	function progressAfter(...events: [Event, number][]) {
		let progress = newProgress();
		for (const [event, at] of events) progress = advance(progress, event, at);
		return progress;
	}
	const keys = ['vpc', 'database', 'files', 'cluster', 'service'];
	const running = () => progressAfter([{ type: 'begin', keys, needs: { service: ['database'] } }, 0], [start('vpc'), 0], [done('vpc', 2), 2000], [start('database'), 2000], [start('files'), 30_000], [start('cluster'), 62_000], [{ type: 'note', key: 'database', message: 'waiting for the instance to become available' }, 63_000]);

	test('what runs, how long, and what is left', () => {
		const history = [past('database', 200), past('service', 90), past('files', 60), past('cluster', 5)];
		const left = timeLeft(running(), history, 74_000);
		expect(left).toBe(218);
		expect(progressLine(running(), { now: 74_000, left, width: 78 })).toMatchInlineSnapshot(`"1/5 database 1:12 waiting for the…, files 44 s, cluster 12 s · about 3:40 left"`);
	});

	test('without history nothing is promised', () => {
		const left = timeLeft(running(), [], 74_000);
		expect(left).toBeUndefined();
		expect(progressLine(running(), { now: 74_000, left, width: 78 })).toMatchInlineSnapshot(`"1/5 database 1:12 waiting for the instance to becom…, files 44 s, cluster 12 s"`);
	});

	test('nothing is promised while nothing was found to change', () => {
		const checking = progressAfter([{ type: 'begin', keys }, 0], [start('vpc', 'none'), 0], [done('vpc', 0.1, 'none'), 100]);
		expect(timeLeft(checking, keys.map((key) => past(key, 60)), 200)).toBeUndefined();
	});

	test.each([20, 40, 60, 80, 200])('never wider than %i', (width) => {
		const progress = running();
		for (let index = 0; index < 30; index += 1) advance(progress, start(`security-group-${index}`), 70_000);
		expect(progressLine(progress, { now: 74_000, left: 100, width }).length).toBeLessThanOrEqual(width);
	});
});

const events: readonly Event[] = [
	{ type: 'begin', keys: ['vpc', 'database', 'files'] },
	start('vpc', 'none'),
	done('vpc', 0.1, 'none'),
	start('database'),
	start('files', 'run'),
	{ type: 'note', key: 'database', message: 'waiting for the instance (3 s)' },
	{ type: 'note', key: 'database', message: 'waiting for the instance (6 s)' },
	done('files', 2.34, 'run'),
	{ type: 'failed', key: 'database', kind: 'T', error: new Error('no capacity') },
];
const explain = (error: unknown): string => (error instanceof Error ? error.message : '');

test('plain: a line for each step that did something, each note once', () => {
	const stream = new Captured();
	const printer = plainPrinter({ stream, colours: false, history: [], explain });
	for (const event of events) printer.event(event);
	printer.stop();
	expect(stream.text).toBe('database: waiting for the instance (3 s)\nfiles done in 2.3 s\ndatabase failed: no capacity\n');
});

test('terminal: one moving line, finished steps above it', () => {
	const stream = new Captured({ isTTY: true });
	const printer = terminalPrinter({ stream, colours: false, history: [], explain, clock: () => 0 });
	for (const event of events) printer.event(event);
	printer.stop();
	const text = stripVTControlCharacters(stream.text);
	expect(text).toContain('✔ files done in 2.3 s\n');
	expect(text).toContain('✘ database failed: no capacity\n');
	expect(text).not.toContain('vpc unchanged');
	expect(text).toMatch(/1\/3 database 0\.0 s waiting for the instance \(6 s\), files 0\.0 s/);
	// The cursor is shown again.
	expect(stream.text.lastIndexOf('\u001B[?25h')).toBeGreaterThan(stream.text.lastIndexOf('\u001B[?25l'));
});

test.each([
	[{}, true, true],
	[{}, false, false],
	[{ NO_COLOR: '1' }, true, false],
	[{ NO_COLOR: '1', FORCE_COLOR: '1' }, true, false],
	[{ NO_COLOR: '' }, true, true],
	[{ FORCE_COLOR: '1' }, false, true],
	[{ TERM: 'dumb' }, true, false],
])('colours with %o on a terminal (%s): %s', (env, isTTY, expected) => {
	expect(hasColours(new Captured({ isTTY }), env)).toBe(expected);
});
