import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { splitWords } from '../../src/local/session/words.ts';
import { MarkedOutput } from '../../src/session/marked-output.ts';
import { wrapCommand } from '../../src/session/wrapped-command.ts';

const marker = '0123456789abcdef';
const mark = (text: string | number): string => `\u001b_${marker}:${text}\u001b\\`;

/** Cuts bytes at these places. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
	const ends = [...places.map((place) => place % (bytes.length + 1)), 0, bytes.length].toSorted((a, b) => a - b);
	return ends.slice(1).map((end, index) => bytes.subarray(ends[index], end));
}

/** Output that is likely to look like a marker, or like what a terminal makes of lines. */
const output = fc
	.array(fc.oneof(fc.string(), fc.constantFrom('\r', '\n', '\r\n', '\u001b', '\u001b_', '\u001b_0123', mark(7).slice(0, 18), `\u001b_${marker}:`, `\u001b_${marker}:1\u001b`, `\u001b_${marker}:words\u001b\\`, '\u001b\\', '\u001b[0m')), { maxLength: 20 })
	.map((parts) => parts.join(''))
	// A program that knows the marker, which is random, could write it.
	.filter((text) => !text.split('\u001b\\').slice(0, -1).some((part) => /0123456789abcdef:(?:begin|raw|\d{1,3})$/.test(part)));

describe('output between markers', () => {
	test('is all that is handed on, however it is cut, with the exit code once', () => {
		fc.assert(
			fc.property(output, fc.nat(255), fc.array(fc.nat()), fc.string(), (text, code, places, banner) => {
				const filter = new MarkedOutput(marker, 'lines');
				const shown = cut(Buffer.from(`${banner}${mark('raw')}${text}${mark(code)}trailer`), places).map((piece) => filter.push(piece));
				expect(Buffer.concat(shown.map(({ output: own }) => own)).toString()).toBe(text);
				expect(shown.flatMap(({ exitCode }) => exitCode ?? [])).toEqual([code]);
			}),
		);
	});

	test('of a terminal that makes CR LF of LF is undone for lines, and left for a terminal', () => {
		fc.assert(
			fc.property(fc.array(fc.string().map((line) => line.replaceAll(/[\r\n]/g, ''))), fc.array(fc.nat()), (lines, places) => {
				const bytes = Buffer.from(`${mark('begin')}${lines.join('\r\n')}${mark(0)}`);
				const through = (mode: 'lines' | 'terminal'): string => {
					const filter = new MarkedOutput(marker, mode);
					return Buffer.concat(cut(bytes, places).map((piece) => filter.push(piece).output)).toString();
				};
				expect(through('lines')).toBe(lines.join('\n'));
				expect(through('terminal')).toBe(lines.join('\r\n'));
			}),
		);
	});

	test('is not held back: a prompt is shown when it comes', () => {
		const filter = new MarkedOutput(marker, 'terminal');
		expect(filter.push(Buffer.from(`${mark('begin')}$ `)).output.toString()).toBe('$ ');
		expect(filter.push(Buffer.from('\u001b[1m')).output.toString()).toBe('\u001b[1m');
	});

	test('that never begins is what went wrong', () => {
		const filter = new MarkedOutput(marker, 'terminal');
		expect(filter.push(Buffer.from('exec: sh: not found')).output).toHaveLength(0);
		expect(filter.unmarked).toBe('exec: sh: not found');
	});
});

describe('a wrapped command', () => {
	test('comes out of the splitter of the agent as its words, and names no parameter of Systems Manager', () => {
		fc.assert(
			fc.property(fc.array(fc.oneof(fc.string(), fc.constantFrom('{{ ds }}', "it's", '"', '\\', '$HOME', '#', '{{', "'{{{'")), { minLength: 1 }), (words) => {
				const { command } = wrapCommand(words, { mode: 'piped', asRoot: false });
				expect(splitWords(command).slice(-words.length)).toEqual(words);
				expect(command).not.toContain('{{');
			}),
		);
	});

	test('without words is a shell', () => {
		expect(splitWords(wrapCommand([], { mode: 'terminal', asRoot: false }).command).at(-1)).toContain('exec bash');
	});
});

// Cases of github.com/google/shlex's own test.
test.each([
	['one two "three four" "five \\"six\\"" seven#eight # nine # ten\n eleven \'twelve\\\'', ['one', 'two', 'three four', 'five "six"', 'seven#eight', 'eleven', 'twelve\\']],
	['', []],
	['  a\\ b   c ', ['a b', 'c']],
	["a''b \"\" ''", ['ab', '', '']],
])('words of %j', (command, words) => expect(splitWords(command)).toEqual(words));

test('a quote that is not closed has no words', () => {
	expect(() => splitWords('echo "a')).toThrow('closing quote');
});
