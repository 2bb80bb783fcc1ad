import type { DoctorDocument } from '../../environment/documents.ts';
import { count, cut, tally } from '../format.ts';
import type { Render, Style } from './style.ts';

/** A line for each check; below a failed one what to do, and who can. Names of what was not asked stand together. */
export const renderDoctor: Render<DoctorDocument> = ({ ok, checks }, style) => {
	const failures = checks.filter(({ verdict }) => verdict === 'failed').length;
	const summary = ok ? style.colour.green(`nothing stands in the way: ${tally(checks.map(({ verdict }) => verdict.replace('-', ' ')))}`) : style.colour.red(`${count(failures, 'check')} failed: ${tally(checks.map(({ verdict }) => verdict.replace('-', ' ')))}`);
	return [...checks.flatMap((check) => lines(check, style)), '', summary].join('\n');
};

function lines({ name, verdict, detail, fix, who }: DoctorDocument['checks'][number], { colour, width }: Style): string[] {
	const mark = { ok: colour.green('ok     '), failed: colour.red('failed '), 'not-checked': colour.yellow('not checked ') }[verdict];
	const head = `${mark} ${name.padEnd(verdict === 'not-checked' ? 11 : 16)}`;
	if (verdict !== 'failed') return [`${head} ${cut(detail, Math.max(20, width - 25))}`];
	// A problem and its command are to be read, and copied, whole.
	return [`${head} ${detail}`, `          ${who === null ? '' : `${who}: `}${fix ?? ''}`];
}
