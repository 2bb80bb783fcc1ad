import type { LogEntry, TaskOf } from '../../logs/entry.ts';
import type { Line } from '../../logs/selection.ts';
import type { Style } from './style.ts';

type Colour = keyof Pick<Style['colour'], 'cyan' | 'magenta' | 'blue' | 'green' | 'yellow' | 'red' | 'dim'>;

const componentColours: Readonly<Record<string, Colour>> = { webserver: 'cyan', scheduler: 'magenta', 'dag-sync': 'blue', task: 'green', worker: 'green', init: 'yellow' };
const levels: Readonly<Record<string, readonly [name: string, colour: Colour | undefined]>> = {
	DEBUG: ['DEBUG', 'dim'],
	INFO: ['INFO', 'dim'],
	WARNING: ['WARN', 'yellow'],
	ERROR: ['ERROR', 'red'],
	CRITICAL: ['CRIT', 'red'],
};
/** The longest component and level. */
const widths = { component: 9, level: 5 };

export interface LogLayout {
	/** Whether lines say which component wrote them: not where only one was asked for. */
	readonly components: boolean;
}

/**
 * Lines for people: time (UTC), component, level, try of the task, message; tracebacks below. Long lines are left to the terminal.
 * A line with the date stands where the day changes. `today`: the day that needs none, `2026-11-24`.
 */
export function logLineRenderer({ components }: LogLayout, today: string): (line: Line, style: Style) => string {
	let day = today;
	return ({ event, entry }, { colour }) => {
		const [date = '', time = ''] = new Date(event.timestamp).toISOString().split('T');
		const paint = (name: string): string => colour[componentColours[name] ?? 'dim'](name.padEnd(widths.component));
		const head = [colour.dim(time.slice(0, 12)), ...(components ? [paint(event.component)] : []), level(entry, colour), ...(entry.task === undefined ? [] : [colour.green(tryOf(entry.task))])];
		const [first = '', ...rest] = [entry.message, ...entry.details].flatMap((text) => printable(text).trimEnd().split('\n'));
		const lines = [`${head.join(' ')} ${first}`.trimEnd(), ...rest.map((text) => `  ${text}`.trimEnd())];
		if (date === day) return lines.join('\n');
		day = date;
		return [colour.dim(`${date} UTC`), ...lines].join('\n');
	};
}

function level({ level = '' }: LogEntry, colour: Style['colour']): string {
	const [name, painted] = levels[level] ?? [level.slice(0, widths.level), undefined];
	const padded = name.padEnd(widths.level);
	return painted === undefined ? padded : colour[painted](padded);
}

/** `dag.task[map index] run #try` */
function tryOf({ dag, task, run, try: number, mapIndex }: TaskOf): string {
	return `${dag}.${task}${mapIndex === undefined ? '' : `[${mapIndex}]`} ${run} #${number}`;
}

/** Logs hold what anybody sent to the web page: a terminal must not obey it. */
function printable(text: string): string {
	// oxlint-disable-next-line no-control-regex
	return text.replaceAll(/\u001B\[[\d;]*m/g, '').replaceAll(/[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/g, (character) => (character === '\r' ? '' : '\uFFFD'));
}
