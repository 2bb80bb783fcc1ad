import type { Cost, RemovalDocument, RemovalsDocument, TeardownDocument } from '../../environment/documents.ts';
import { columns, count, duration } from '../format.ts';
import type { Render, Style } from './style.ts';

/** The receipt: what was deleted, what AWS keeps by design, and what is left. */
export const renderTeardown: Render<TeardownDocument> = ({ deleted, left, kept, notOurs, asked, cost, wallSeconds }, { colour }) => {
	const mark = left.length === 0 ? colour.green('✔') : colour.red('✘');
	const lines = [`${mark} ${deleted.length} deleted, ${colour.bold(`${left.length} left`)}, ${duration(wallSeconds)}`];
	for (const { key, type, id, heldBy, since } of left) {
		lines.push(colour.red(`  ${key}  ${type}  ${id}`), ...(heldBy === null ? [] : [`    held by ${heldBy}${since === null ? '' : `, since ${since}`}`]));
	}
	if (left.length > 0) lines.push('  run airflow-deploy teardown again when what holds them is gone');
	if (kept.length > 0) lines.push(`${count(kept.length, 'object')} kept:`, ...withReasons(kept));
	if (notOurs.length > 0) lines.push(`${count(notOurs.length, 'object')} left alone:`, ...withReasons(notOurs));
	if (asked.kinds > 0) lines.push(`AWS was asked for ${count(asked.ids, 'recorded id')}, and for ${asked.kinds} kinds of objects by tags and names`);
	return [...lines, ...costLines(cost)].join('\n');
};

/** A receipt for each environment, and the sum. */
export const renderRemovals: Render<RemovalsDocument> = ({ environments, ...sum }, style) => {
	if (environments.length === 0) return 'nothing was removed';
	const receipts = environments.map((removal) => `${removal.environment}: ${receiptOf(removal, style)}`);
	return environments.length === 1 ? (receipts[0] ?? '') : [...receipts, `all: ${sum.deleted.length} deleted, ${sum.left.length} left, ${duration(sum.wallSeconds)}, costs now $${sum.cost.lines.length === 0 ? '0.00' : sum.cost.perHour.toFixed(4)} an hour`].join('\n');
};

function receiptOf(removal: RemovalDocument, style: Style): string {
	const { error } = removal;
	return error === null ? renderTeardown(removal, style) : style.colour.red(`✘ ${error.message}${error.hint === null ? '' : `\n  ${error.hint}`}`);
}

/** `costs now: $0.00 an hour`, with what does where something does. */
function costLines({ perHour, perMonth, lines }: Cost): string[] {
	if (lines.length === 0) return ['costs now: $0.00 an hour'];
	return [`costs now: $${perHour.toFixed(4)} an hour, $${perMonth.toFixed(2)} a month`, ...columns(lines.map((line) => [`  ${line.key}`, `$${line.perHour.toFixed(4)}`, line.assumption]))];
}

/** Objects that stay for the same reason stand together, the reason below them. */
function withReasons(kept: TeardownDocument['kept']): string[] {
	const reasons = [...new Set(kept.map(({ why }) => why))];
	return reasons.flatMap((reason) => [...columns(kept.filter(({ why }) => why === reason).map(({ type, id }) => [`  ${type}`, id])), `    ${reason}`]);
}
