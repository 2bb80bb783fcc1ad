import type { RemovalDocument, RemovalsDocument, TeardownDocument } from '../../environment/documents.ts';
import { columns, count, duration } from '../format.ts';
import type { Render, Style } from './style.ts';

/** The receipt: what was deleted, what AWS keeps by design, and what is left. */
export const renderTeardown: Render<TeardownDocument> = ({ deleted, left, kept, wallSeconds }, { colour }) => {
	const mark = left.length === 0 ? colour.green('✔') : colour.red('✘');
	const lines = [`${mark} ${deleted.length} deleted, ${colour.bold(`${left.length} left`)}, ${duration(wallSeconds)}`];
	for (const { key, type, id, heldBy, since } of left) {
		lines.push(colour.red(`  ${key}  ${type}  ${id}`), ...(heldBy === null ? [] : [`    held by ${heldBy}${since === null ? '' : `, since ${since}`}`]));
	}
	if (left.length > 0) lines.push('  run airflow-deploy teardown again when what holds them is gone');
	if (kept.length > 0) lines.push(`${count(kept.length, 'object')} kept:`, ...keptLines(kept));
	return lines.join('\n');
};

/** A receipt for each environment, and the sum. */
export const renderRemovals: Render<RemovalsDocument> = ({ environments, ...sum }, style) => {
	if (environments.length === 0) return 'nothing was removed';
	const receipts = environments.map((removal) => `${removal.environment}: ${receiptOf(removal, style)}`);
	return environments.length === 1 ? (receipts[0] ?? '') : [...receipts, `all: ${sum.deleted.length} deleted, ${sum.left.length} left, ${duration(sum.wallSeconds)}`].join('\n');
};

function receiptOf(removal: RemovalDocument, style: Style): string {
	const { error } = removal;
	return error === null ? renderTeardown(removal, style) : style.colour.red(`✘ ${error.message}${error.hint === null ? '' : `\n  ${error.hint}`}`);
}

/** Objects that are kept for the same reason stand together, the reason below them. */
function keptLines(kept: TeardownDocument['kept']): string[] {
	const reasons = [...new Set(kept.map(({ why }) => why))];
	return reasons.flatMap((reason) => [...columns(kept.filter(({ why }) => why === reason).map(({ type, id }) => [`  ${type}`, id])), `    ${reason}`]);
}
