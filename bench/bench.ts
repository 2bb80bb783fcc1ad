// Measures the local target and prints one table: `npm run bench`; with `-- --cold` also an `up` that downloads everything.
import { availableParallelism, cpus, totalmem } from 'node:os';
import { cachedUp, changedDag, coldUp, type Figure, memory, ratios, secondUp, seeingInside, teardown } from './figures.ts';
import { branches } from './branches.ts';
import { fiftyTasks, recordRequests } from './executor.ts';
import { Workbench } from './workbench.ts';

const cold = process.argv.includes('--cold');

async function measure(bench: Workbench): Promise<Figure[]> {
	await recordRequests(bench);
	const figures = cold ? await announced(coldUp()) : [];
	for (const step of [cachedUp, secondUp, changedDag, ratios, seeingInside, fiftyTasks, branches, memory, teardown]) figures.push(...(await announced(step(bench))));
	return figures;
}

async function announced(step: Promise<Figure[]>): Promise<Figure[]> {
	const figures = await step;
	for (const { name, measured } of figures) process.stderr.write(`${name}: ${measured}\n`);
	return figures;
}

function table(figures: readonly Figure[]): string {
	const rows = figures.map(({ name, measured, target, command }) => `| ${name} | ${measured} | ${target} | \`${command}\` |`);
	return ['| figure | measured | target | from |', '|---|---|---|---|', ...rows].join('\n');
}

const bench = await Workbench.make();
process.once('SIGINT', () => void bench.dispose().finally(() => process.exit(130)));
try {
	const figures = await measure(bench);
	const gigabytes = Math.round(totalmem() / 1e9);
	process.stdout.write(`${availableParallelism()} CPUs (${cpus()[0]?.model.trim() ?? 'unknown'}), ${gigabytes} GB, Node ${process.versions.node}, ${process.platform}\n\n${table(figures)}\n`);
} finally {
	await bench.dispose();
}
