import type { Change, Cost, PlanDocument } from '../../environment/documents.ts';
import { columns, count, cut, tally } from '../format.ts';
import { loginLines } from './login.ts';
import type { Render, Style } from './style.ts';

/** What `up` would do, line by line, and what the environment costs while it stands. */
export const renderPlan: Render<PlanDocument> = ({ changes, runningWork, cost, login }, style) => [...changeLines(changes, style), ...runningWork.map((line) => style.colour.yellow(line)), '', ...costLines(cost, style), ...loginLines(login, style)].join('\n');

function changeLines(changes: readonly Change[], { colour, width }: Style): string[] {
	if (changes.length === 0) return ['no change: everything is as wanted'];
	const paint = { create: colour.green, update: colour.yellow, replace: colour.magenta, delete: colour.red, run: colour.cyan };
	const rows = columns(changes.map(({ action, key, type }) => [action, key, type]));
	// That a new object is not there yet goes without saying.
	const painted = changes.flatMap(({ action, why }, index) => [paint[action](cut(rows[index] ?? '', width)), ...(action === 'create' ? [] : [colour.dim(cut(`         ${why}`, width))])]);
	return [...painted, '', `${count(changes.length, 'change')}: ${tally(changes.map(({ action }) => action), ' to ')}`];
}

function costLines({ perHour, perMonth, lines }: Cost, { colour, width }: Style): string[] {
	const rows = columns(lines.map(({ key, perHour, assumption }) => [`  ${key}`, perHour.toFixed(4), assumption])).map((line) => cut(line, width));
	return [`${colour.bold(`$${perHour.toFixed(3)}/h`)}, about $${perMonth.toFixed(2)} a month while it is up on AWS`, ...rows];
}
