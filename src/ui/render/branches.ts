import type { BranchDocument, BranchesDocument } from '../../environment/documents.ts';
import { columns } from '../format.ts';
import type { Render } from './style.ts';

/** A line for each branch; where it is reached stands below it. */
export const renderBranches: Render<BranchesDocument> = ({ branches }, { colour }) => {
	if (branches.length === 0) return 'there are no branch environments';
	const now = Date.now();
	const [head = '', ...rows] = columns([['name', 'git branch', 'age', 'left', 'health', 'databases', 'cost'], ...branches.map((branch) => rowOf(branch, now))]);
	return [colour.dim(head), ...branches.flatMap(({ url }, index) => [rows[index] ?? '', ...(url === null ? [] : [`  ${colour.cyan(url)}`])])].join('\n');
};

function rowOf({ name, gitBranch, createdAt, expiresAt, phase, databases, ephemeral, costSoFar }: BranchDocument, now: number): string[] {
	const left = expiresAt === null ? 'no limit' : Date.parse(expiresAt) <= now ? 'expired' : span(Date.parse(expiresAt) - now);
	return [name, gitBranch ?? '-', span(now - Date.parse(createdAt)), left, phase, `${databases.join(', ')}${ephemeral ? ' (ephemeral)' : ''}`, `$${costSoFar.toFixed(2)}`];
}

/** `3 d`, `5 h`, `12 min`. */
function span(milliseconds: number): string {
	const minutes = Math.max(0, Math.round(milliseconds / 60_000));
	if (minutes < 60) return `${minutes} min`;
	return minutes < 48 * 60 ? `${Math.round(minutes / 60)} h` : `${Math.round(minutes / (24 * 60))} d`;
}
