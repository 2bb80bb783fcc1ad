import { stripVTControlCharacters } from 'node:util';
import type { Output } from './io.ts';

/** Text that is drawn again and again in the same place of a terminal; what is drawn last stays when the command ends. */
export interface Screen {
	draw(text: string): void;
}

const up = (rows: number): string => (rows === 0 ? '' : `\u001B[${rows}A`);
const toTop = '\u001B[2J\u001B[H';
const clearLine = '\u001B[K';
const clearBelow = '\u001B[J';

/** @param stream a terminal */
export function openScreen(stream: Output): Screen {
	let drawn = 0;
	let width = stream.columns;
	return {
		draw(text) {
			const lines = fitting(text.split('\n'), stream);
			// After a resize nobody knows where the old rows are.
			const start = width === stream.columns ? up(drawn) : toTop;
			stream.write(`${start}\r${lines.map((line) => `${line}${clearLine}\n`).join('')}${clearBelow}`);
			width = stream.columns;
			drawn = lines.reduce((rows, line) => rows + rowsOf(line, stream), 0);
		},
	};
}

/** Rows that scroll out of sight could not be drawn over. */
function fitting(lines: readonly string[], stream: Output): string[] {
	const room = (stream.rows ?? Number.POSITIVE_INFINITY) - 1;
	let rows = 0;
	const shown = lines.filter((line) => (rows += rowsOf(line, stream)) <= room);
	return shown.length === lines.length ? shown : [...shown.slice(0, -1), '…'];
}

/** A long line takes several rows; colours take none. */
function rowsOf(line: string, { columns = 80 }: Output): number {
	return Math.max(1, Math.ceil(stripVTControlCharacters(line).length / columns));
}
