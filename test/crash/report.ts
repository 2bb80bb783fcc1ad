import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot } from '../../src/package.ts';
import type { Recording } from './recording.ts';
import { hasFailed, type Result, type Scenario } from './scenario.ts';

interface Played {
	readonly plan: readonly Scenario[];
	readonly results: readonly Result[];
	readonly recording: Recording;
	readonly seed: number;
}

/** The figures of a run as a table in Markdown. */
export function summary({ plan, results, recording, seed }: Played): string {
	const sum = (of: (result: Result) => number): number => results.reduce((total, result) => total + of(result), 0);
	const failed = results.filter(hasFailed);
	const unmet = sum(({ unmet }) => unmet.length);
	const points = Object.entries(recording.commands).map(([command, { calls, writes }]) => `${command} ${calls.length} and ${writes}`);
	const weathers = plan.flatMap(({ climate }) => (climate === undefined ? [] : [climate]));
	const stops = (name: string): string => {
		const found = results.find(({ id }) => id === name);
		if (!found) return 'not run';
		return `${failed.includes(found) ? 'FAILED' : 'done'}, ${found.gaveUp.length} stops, ${found.seconds} s`;
	};
	const matrix = table('crash matrix, `npm run test:crash`', [
		['scenarios run, failed', `${results.length} of ${plan.length}, ${failed.length}`],
		['faults planned, came down', `${sum(({ strikes }) => strikes)}, ${sum(({ strikes }) => strikes) - unmet}`],
		['calls that change something, and writes of the state, by command', points.join('; ')],
		['calls sent meanwhile', String(sum(({ calls }) => calls))],
		['leftovers, duplicates', `${sum(({ leftovers }) => leftovers.length)}, ${sum(({ duplicates }) => duplicates.length)}`],
		['struck commands that gave up with an explanation, and went on when run again', String(sum(({ gaveUp }) => gaveUp.length))],
		['seed', String(seed)],
		['minutes of all scenarios, had they been played one after the other', (sum(({ seconds }) => seconds) / 60).toFixed(0)],
	]);
	return [matrix, table('weather during `up`, then during `teardown`', weathers.map((name) => [name, stops(name)]))].join('\n\n');
}

function table(title: string, rows: readonly (readonly [string, string])[]): string {
	return [`| ${title} | seen |`, '|---|---|', ...rows.map((row) => `| ${row.join(' | ')} |`)].join('\n');
}

const [begin, end] = ['<!-- figures of the crash matrix -->', '<!-- end of the figures -->'];

/** Puts the table into docs/reliability.md. */
export async function writeFigures(figures: string): Promise<void> {
	const path = join(packageRoot, 'docs', 'reliability.md');
	const text = await readFile(path, 'utf8');
	const [before, after] = [text.indexOf(begin), text.indexOf(end)];
	if (before < 0 || after < before) throw new Error(`${path} has no place for the figures`);
	await writeFile(path, `${text.slice(0, before)}${begin}\n${figures}\n${text.slice(after)}`);
}
