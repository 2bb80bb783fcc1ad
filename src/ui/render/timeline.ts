import type { TimelineDocument, TimelineStep } from '../../environment/documents.ts';
import { columns, count, cut, duration } from '../format.ts';
import type { Render, Style } from './style.ts';

/** Steps that fill less of the run than a column are told in one line, unless the run waited for them. */
const worthABar = 0.02;

/** The last `up` as bars over its time; █ made it as long as it was, ▒ ran beside that. */
export const renderTimeline: Render<TimelineDocument> = (timeline, style) => {
	const { colour } = style;
	const { steps, wallSeconds, criticalPathSeconds, startedAt, command, unfinished } = timeline;
	const shown = steps.filter((step) => step.action !== 'none' && (step.critical || step.seconds >= wallSeconds * worthABar));
	const rest = steps.filter((step) => !shown.includes(step));
	return [
		`${colour.bold(command)}  ${startedAt.slice(0, 19).replace('T', ' ')} UTC  ${duration(wallSeconds)}, critical path ${duration(criticalPathSeconds)}`,
		'',
		...bars(shown, endOf(timeline), style),
		'',
		`${colour.cyan('█')} critical path   ▒ beside it${rest.length === 0 ? '' : `   ${colour.dim(`and ${count(rest.length, 'step')} ${told(rest)}`)}`}`,
		...(unfinished.length === 0 ? [] : [colour.yellow(cut(`failed or not reached: ${unfinished.join(', ')}`, style.width))]),
	].join('\n');
};

function endOf({ steps, wallSeconds }: TimelineDocument): number {
	return Math.max(wallSeconds, ...steps.map(({ startSeconds, seconds }) => startSeconds + seconds));
}

function told(rest: readonly TimelineStep[]): string {
	const changed = rest.filter(({ action }) => action !== 'none');
	if (changed.length === 0) return 'without change';
	return `of at most ${duration(Math.max(...rest.map(({ seconds }) => seconds)))}`;
}

function bars(steps: readonly TimelineStep[], end: number, { colour, width }: Style): string[] {
	const heads = columns(steps.map(({ key, action, seconds }) => [cut(key, 24), action, duration(seconds).padStart(6)]));
	const headWidth = Math.max(0, ...heads.map(({ length }) => length));
	const room = Math.max(10, width - headWidth - 2);
	return steps.map((step, index) => {
		const from = Math.min(room - 1, Math.floor((step.startSeconds / end) * room));
		const length = Math.max(1, Math.min(room - from, Math.round((step.seconds / end) * room)));
		const bar = (step.critical ? '█' : '▒').repeat(length);
		return `${(heads[index] ?? '').padEnd(headWidth)}  ${' '.repeat(from)}${step.critical ? colour.cyan(bar) : colour.dim(bar)}`;
	});
}
