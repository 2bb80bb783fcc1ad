import type { CheckDocument, ValidateDocument } from '../../environment/documents.ts';
import { count, cut, duration } from '../format.ts';
import type { Render, Style } from './style.ts';

/** A line per check, then what failed with the last log lines, and where the report is. */
export const renderValidate: Render<ValidateDocument> = ({ ok, checks, report, environment, mode, wallSeconds }, style) => {
	const { colour } = style;
	const width = Math.max(...checks.map(({ name }) => name.length));
	const failed = checks.filter(({ verdict }) => verdict === 'failed');
	const how = { browser: 'in a browser', http: "through Airflow's REST API", logs: 'from logs alone' }[mode];
	const summary = ok ? colour.green(`✔ ${colour.bold(environment)} is proved ${how}`) : colour.red(`✘ ${colour.bold(environment)}: ${failed.length === 0 ? 'not proved' : `${count(failed.length, 'check')} failed: ${failed.map(({ name }) => name).join(', ')}`}`);
	return [
		...checks.map((check) => line(check, width, style)),
		...failed.flatMap((check) => failure(check, style)),
		'',
		`${summary}, ${duration(wallSeconds)}`,
		`report  ${report}`,
	].join('\n');
};

const marks = { passed: '✔', failed: '✘', 'not-checked': '·', 'left-out': '–' };

function line({ name, verdict, seconds, detail }: CheckDocument, width: number, { colour, width: columns }: Style): string {
	const paint = { passed: colour.green, failed: colour.red, 'not-checked': colour.dim, 'left-out': colour.yellow }[verdict];
	const time = verdict === 'not-checked' ? '' : duration(seconds);
	const head = `${name.padEnd(width)}  ${time.padStart(6)}  `;
	return `${paint(marks[verdict])} ${head}${cut(detail, Math.max(20, columns - head.length - 2))}`;
}

/** The whole of it: the table above cuts at the terminal's width. */
function failure({ name, detail, hint, lines }: CheckDocument, { colour }: Style): string[] {
	return ['', `${colour.red(`${name}:`)} ${detail}`, ...lines.map((text) => colour.dim(`  ${text}`)), ...(hint === null ? [] : [`${colour.cyan('hint:')} ${hint}`])];
}
