import { Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { openScreen } from '../../src/ui/screen.ts';

/** A terminal of so many columns and rows, which understands what the screen writes. */
class Terminal extends Writable {
	readonly isTTY = true;
	columns: number;
	readonly rows: number;
	lines: string[] = [''];
	#row = 0;

	constructor(columns: number, rows: number) {
		super();
		this.columns = columns;
		this.rows = rows;
	}

	override _write(chunk: Buffer, _encoding: string, done: () => void): void {
		for (const part of chunk.toString().replaceAll('\u001B[', '~[').match(/~\[[\d;]*[A-Zm]|\r|\n|[^\r\n~]+/g) ?? []) this.#take(part);
		done();
	}

	#take(part: string): void {
		const rowsUp = /^~\[(\d+)A$/.exec(part)?.[1];
		if (rowsUp !== undefined) this.#row -= Number(rowsUp);
		else if (part === '~[2J') this.lines = [''];
		else if (part === '~[H') this.#row = 0;
		else if (part === '~[J') this.lines = [...this.lines.slice(0, this.#row), this.#fresh];
		else if (part === '~[K') this.lines[this.#row] = this.#fresh;
		else if (part === '\n') this.lines[++this.#row] ??= '';
		else if (part !== '\r' && !part.startsWith('~[')) this.#print(part);
		if (part === '\r' || part === '\n') this.#fresh = '';
		if (this.#row < 0) throw new Error('above the top');
	}

	#fresh = '';
	#print(text: string): void {
		for (let rest = text; rest !== ''; rest = rest.slice(this.columns)) {
			this.#fresh = rest.slice(0, this.columns);
			this.lines[this.#row] = this.#fresh;
			if (rest.length > this.columns) this.#row += 1;
		}
	}

	get shown(): string {
		return this.lines.join('\n').trimEnd();
	}
}

describe('a screen that is drawn again', () => {
	test('replaces what it drew before, in the same place', () => {
		const terminal = new Terminal(20, 24);
		terminal.write('before\n');
		const screen = openScreen(terminal);
		screen.draw('one\ntwo\nthree');
		expect(terminal.shown).toBe('before\none\ntwo\nthree');
		screen.draw('1\n2');
		expect(terminal.shown).toBe('before\n1\n2');
		screen.draw('longer again\n2\n3\n4');
		expect(terminal.shown).toBe('before\nlonger again\n2\n3\n4');
	});

	test('counts the rows that long and coloured lines take', () => {
		const terminal = new Terminal(10, 24);
		const screen = openScreen(terminal);
		screen.draw('0123456789abcde\n\u001B[31mred\u001B[39m');
		screen.draw('short\nlast');
		expect(terminal.shown).toBe('short\nlast');
	});

	test('stays within the terminal', () => {
		const terminal = new Terminal(20, 5);
		const screen = openScreen(terminal);
		screen.draw('1\n2\n3\n4\n5\n6\n7');
		expect(terminal.shown.split('\n')).toEqual(['1', '2', '3', '…']);
	});

	test('begins anew after a resize', () => {
		const terminal = new Terminal(20, 24);
		const screen = openScreen(terminal);
		screen.draw('one\ntwo');
		terminal.columns = 10;
		screen.draw('1\n2');
		expect(terminal.shown).toBe('1\n2');
	});
});
