import { parseEntry } from '../logs/entry.ts';

/** One line of a container as people read it: a JSON line's time, level, message and exception; any other as it is. */
export function readable(line: string): string[] {
	const { level, message, details } = parseEntry(line);
	if (level === undefined && message === line) return [line];
	const time = /"time": ?"[^"]*T(\d\d:\d\d:\d\d)/.exec(line)?.[1];
	return [[time, level, message].filter((part) => part !== undefined).join(' '), ...details].flatMap((text) => text.trimEnd().split('\n'));
}
