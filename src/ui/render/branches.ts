import type { BranchDocument, BranchesDocument } from '../../environment/documents.ts';
import { columns, cut } from '../format.ts';
import type { Render } from './style.ts';

const head = ['name', 'git branch', 'age', 'left', 'health', 'cost'];
/** It is cut where a line would be too long: a name is needed as it is, to type it. */
const gitBranchColumn = 1;
const narrowest = 4;

/** A line for each branch; below it, where it is reached and its databases. @param assumptions whether to say what its cost is made of */
export function renderBranches({ assumptions }: { assumptions: boolean }): Render<BranchesDocument> {
	return ({ branches, prices }, { colour, width }) => {
		if (branches.length === 0) return 'there are no branch environments';
		const now = Date.now();
		const [first = '', ...rows] = fitted([head, ...branches.map((branch) => rowOf(branch, now))], width);
		const blocks = branches.map((branch, index) => [rows[index] ?? '', `  ${branch.url === null ? '' : `${colour.cyan(branch.url)}  `}${databasesOf(branch)}`, ...(assumptions ? assumptionsOf(branch) : [])]);
		const notes = [...(prices ? priceLines(prices, assumptions) : []), ...(branches.some(({ expired }) => expired) ? ['expired ones are removed by airflow-deploy branch delete --expired'] : [])];
		return [colour.dim(first), ...blocks.flat(), ...notes.map((line) => colour.dim(line))].join('\n');
	};
}

function fitted(rows: readonly (readonly string[])[], width: number): string[] {
	const lines = columns(rows);
	const excess = Math.max(...lines.map((line) => line.length)) - width;
	if (excess <= 0) return lines;
	const longest = Math.max(...rows.map((row) => row[gitBranchColumn]?.length ?? 0));
	const most = Math.max(narrowest, longest - excess);
	return columns(rows.map((row) => row.map((cell, index) => (index === gitBranchColumn ? cut(cell, most) : cell))));
}

function rowOf(branch: BranchDocument, now: number): string[] {
	const { name, gitBranch, createdAt, expiresAt, expired, phase, costSoFar } = branch;
	const left = expiresAt === null ? 'no limit' : expired ? 'expired' : span(Date.parse(expiresAt) - now);
	const health = expired && phase !== 'up' ? 'stopped' : phase;
	return [name, gitBranch ?? '-', span(now - Date.parse(createdAt)), left, health, `$${costSoFar.toFixed(2)}`];
}

function databasesOf({ databases, ephemeral }: BranchDocument): string {
	return `${databases.join(', ')}${ephemeral ? ' (ephemeral)' : ''}`;
}

function assumptionsOf({ costLines, perHour }: BranchDocument): string[] {
	return [`  $${perHour.toFixed(4)} an hour:`, ...columns(costLines.map((line) => [`    $${line.perHour.toFixed(4)}`, line.assumption]))];
}

function priceLines({ region, date, sources }: NonNullable<BranchesDocument['prices']>, assumptions: boolean): string[] {
	const prices = `cost: list prices of ${region} on ${date}`;
	return assumptions ? [`${prices}, from`, ...sources.map((source) => `  ${source}`)] : [`${prices}; --verbose shows the assumptions`];
}

/** `3 d`, `5 h`, `12 min`. */
function span(milliseconds: number): string {
	const minutes = Math.max(0, Math.round(milliseconds / 60_000));
	if (minutes < 60) return `${minutes} min`;
	return minutes < 48 * 60 ? `${Math.round(minutes / 60)} h` : `${Math.round(minutes / (24 * 60))} d`;
}
