import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { installer } from '../../../src/local/runtime/installer.ts';
import { findPython3 } from '../../../src/local/runtime/python.ts';

/** The Python that runs supervisors. */
export const python: string = await findPython3(installer(() => {}));

/** An empty directory, removed after the test. */
export async function temporaryDirectory(): Promise<string> {
	const directory = await mkdtemp(join(tmpdir(), 'airflow-deploy-test-'));
	onTestFinished(() => rm(directory, { recursive: true, force: true }));
	return directory;
}

/** Polls until it holds; the test's own time limit ends it. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
	while (!(await condition())) {
		await new Promise((resolve) => setTimeout(resolve, 10));
	}
}

/** Whether a process lives; one that waits to be reaped does not. */
export async function isAlive(pid: number): Promise<boolean> {
	const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ') X');
	return !['Z', 'X'].includes(stat.split(') ').at(-1)?.charAt(0) ?? 'X');
}
