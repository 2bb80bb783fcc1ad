import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import type { TestProject } from 'vitest/node';
import { packageRoot } from '../src/package.ts';

/** The local endpoint runs from dist/ also in tests. At the end: how many requests were checked against the service models. */
export async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
	const directory = await mkdtemp(join(tmpdir(), 'airflow-deploy-run-'));
	const totals = join(directory, 'requests');
	await writeFile(totals, '');
	provide('requestTotals', totals);
	await execa(process.execPath, ['src/build.mjs'], { cwd: packageRoot });
	return async () => {
		await report(totals);
		await rm(directory, { recursive: true });
	};
}

async function report(totals: string): Promise<void> {
	const lines = (await readFile(totals, 'utf8')).split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as { checked: number; violations: number });
	const sum = (of: 'checked' | 'violations'): number => lines.reduce((total, line) => total + line[of], 0);
	if (lines.length > 0) process.stdout.write(`requests checked against AWS's service models: ${sum('checked')}, violations: ${sum('violations')}\n`);
}
