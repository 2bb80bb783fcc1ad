import type { DoctorDocument } from '../../environment/documents.ts';
import { count, tally, wrap } from '../format.ts';
import type { Render, Style } from './style.ts';

type Result = DoctorDocument['checks'][number];

/** A line for each check; below a failed one what to do, and who can. What was not checked for the same reason stands together. */
export const renderDoctor: Render<DoctorDocument> = ({ ok, checks }, style) => {
	const { colour } = style;
	const verdicts = tally(checks.map(({ verdict }) => verdict.replace('-', ' ')));
	const failures = checks.filter(({ verdict }) => verdict === 'failed').length;
	const summary = ok ? colour.green(`nothing stands in the way: ${verdicts}`) : colour.red(`${count(failures, 'check')} failed: ${verdicts}`);
	return [...together(checks).flatMap((check) => lines(check, style)), '', summary].join('\n');
};

/** Joins what one reason kept from being checked, where its first stands. */
function together(checks: readonly Result[]): Result[] {
	const same = (check: Result): Result[] => checks.filter(({ verdict, detail }) => verdict === 'not-checked' && detail === check.detail);
	return checks.flatMap((check) => {
		const others = check.verdict === 'not-checked' ? same(check) : [check];
		if (others[0] !== check) return [];
		return others.length === 1 ? [check] : [{ ...check, name: 'the rest', detail: `${check.detail}: ${others.map(({ name }) => name).join(', ')}` }];
	});
}

function lines({ name, verdict, detail, fix, who }: Result, { colour, width }: Style): string[] {
	const paint = { ok: colour.green, failed: colour.red, 'not-checked': colour.yellow }[verdict];
	const indent = ' '.repeat(30);
	const [first = '', ...rest] = wrap(detail, Math.max(20, width - indent.length));
	// A command is to be copied whole: the terminal breaks it.
	const todo = fix === null ? [] : [`${' '.repeat(13)}${who === null ? '' : `${who}: `}${fix}`];
	return [`${paint(verdict.replace('-', ' ').padEnd(13))}${name.padEnd(17)}${first}`, ...rest.map((line) => indent + line), ...todo];
}
