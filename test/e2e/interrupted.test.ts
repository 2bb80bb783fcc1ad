import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TeardownDocument } from '../../src/environment/documents.ts';
import { packageRoot } from '../../src/package.ts';
import { type Workspace, workspace } from './workspace.ts';

/** A real process of the command line, signalled in the middle of `up`, and what a `teardown` finds afterwards. */
describe('an interrupted up', () => {
	let here: Workspace;
	beforeAll(async () => {
		here = await workspace();
		await here.succeeds(['local', 'start']);
	});
	afterAll(() => here.dispose());

	/** Entries that are recorded, however far they are. */
	const recorded = (): string[] => {
		const directory = here.path('.airflow-deploy/state/000000000000-us-east-1');
		if (!existsSync(directory)) return [];
		const states = readdirSync(directory).filter((name) => name.endsWith('.json'));
		return states.flatMap((name) => Object.keys((JSON.parse(readFileSync(join(directory, name), 'utf8')) as { resources: object }).resources));
	};

	const interruptedBy = async (signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL', steps: number): Promise<number | null> => {
		const child = spawn(process.execPath, [join(packageRoot, 'bin/airflow-deploy.js'), 'up', '--local', '--yes'], { cwd: here.directory, stdio: 'ignore' });
		const ended = once(child, 'exit') as Promise<[number | null]>;
		await expect.poll(() => recorded().length, { timeout: 60_000, interval: 20 }).toBeGreaterThan(steps);
		child.kill(signal);
		return (await ended)[0];
	};

	const tornDown = async (): Promise<TeardownDocument> => {
		const exports = await here.run(['local', 'env']);
		const env = Object.fromEntries([...exports.stdout.matchAll(/^export (\w+)='?([^'\n]*)'?$/gm)].map(([, name = '', value = '']) => [name, value]));
		return (await here.json<TeardownDocument>(['teardown'], { env })).document;
	};

	test.each([
		// The init task and the services run the real Airflow by then; earlier kills are in test/crash.
		['SIGKILL', 58],
		['SIGTERM', 30],
		['SIGINT', 40],
	] as const)('by %s after %i steps is taken away whole', async (signal, steps) => {
		const code = await interruptedBy(signal, steps);
		expect(code).toBe(signal === 'SIGKILL' ? null : 130);
		expect((await tornDown()).left).toEqual([]);
		expect(recorded()).toEqual([]);
	});

	test('a killed run holds no lock, and the next up completes what it began', async () => {
		await interruptedBy('SIGKILL', 20);
		await here.succeeds(['upload', '--local', '--yes']);
		expect((await tornDown()).left).toEqual([]);
	});

	test('a bucket that belongs to another account is a clear outcome, with nothing half made', async () => {
		const { exit, stderr } = await here.run(['up', '--local', '--yes'], { env: { AIRFLOW_DEPLOY_PROJECT: 'taken-airflow' } });
		expect(exit).toBe(1);
		expect(stderr).toContain('taken-airflow-000000000000-us-east-1');
		expect(stderr).toContain('AIRFLOW_DEPLOY_PROJECT');
		expect(recorded()).toEqual([]);
	});
});
