import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { LineSplitter } from '../../../src/local/runtime/lines.ts';

function split(...chunks: readonly Buffer[]): string[] {
	const lines: string[] = [];
	const splitter = new LineSplitter((line) => lines.push(line));
	chunks.forEach((chunk) => splitter.push(chunk));
	splitter.end();
	return lines;
}

test('lines come without their newline, the last one also when it has none', () => {
	expect(split(Buffer.from('a\n\nb\r\nc'))).toEqual(['a', '', 'b', 'c']);
	expect(split(Buffer.from('a\n'))).toEqual(['a']);
	expect(split()).toEqual([]);
});

test('however the bytes are cut, the lines are the same', () => {
	const text = fc.array(fc.string({ unit: 'grapheme', maxLength: 20 }).filter((line) => !/[\r\n]/.test(line)), { minLength: 1, maxLength: 8 });
	fc.assert(fc.property(text, fc.array(fc.nat(200), { maxLength: 5 }), (lines, cuts) => {
		const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
		const at = [0, ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
		expect(split(...at.slice(1).map((end, index) => bytes.subarray(at[index], end)))).toEqual(lines);
	}));
});

test('a line that is longer than a log event may be comes in parts, no character cut', () => {
	const line = 'ä'.repeat(200 * 1024);
	const parts = split(Buffer.from(`${line}\nnext\n`));
	expect(parts.at(-1)).toBe('next');
	expect(parts.slice(0, -1).join('')).toBe(line);
	expect(parts.every((part) => Buffer.byteLength(part) <= 256 * 1024 - 26)).toBe(true);
	expect(parts).toHaveLength(3);
});

test('a line without an end does not pile up in memory', () => {
	const lines: string[] = [];
	const splitter = new LineSplitter((part) => lines.push(part));
	splitter.push(Buffer.alloc(600 * 1024, 'x'));
	expect(lines).toHaveLength(2);
});
