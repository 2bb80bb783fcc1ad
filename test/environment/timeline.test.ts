import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Done, Outcome } from '../../src/engine/outcome.ts';
import { lastTimeline, recordRun, timelineOf } from '../../src/environment/timeline.ts';

const began = new Date('2026-11-24T12:00:00.000Z');
const step = (key: string, from: number, seconds: number, dependsOn: string[] = [], action: Done['action'] = 'create'): Done => ({
	key,
	scope: 'main',
	type: 'AWS::EC2::VPC',
	action,
	id: key,
	startedAt: new Date(began.getTime() + from * 1000).toISOString(),
	seconds,
	dependsOn,
});
const outcome = (done: Done[], failed: [string, unknown][] = [], skipped: string[] = []): Outcome => ({ done, failed: new Map(failed), skipped, kept: [], interrupted: false });
const done = [step('database', 2, 30, ['vpc']), step('vpc', 0.5, 1.5), step('cluster', 0.5, 3), step('service', 32, 8, ['database', 'cluster']), step('old', 40, 2, [], 'delete')];

let cwd: string;
beforeEach(async () => {
	cwd = await mkdtemp(join(tmpdir(), 'airflow-deploy-timeline-'));
});
afterEach(() => rm(cwd, { recursive: true, force: true }));
const options = () => ({ cwd, command: 'up --local', aws: { account: '000000000000', region: 'us-east-1' }, config: { environment: 'main' } }) as unknown as Parameters<typeof recordRun>[0];

describe('the timeline of the last up', () => {
	test('has offsets, and marks what made the run as long as it was', async () => {
		await recordRun(options(), outcome(done), { startedAt: began, wallSeconds: 42.4 });
		const timeline = await lastTimeline(options());
		expect(timeline).toMatchObject({ command: 'up --local', startedAt: '2026-11-24T12:00:00.000Z', wallSeconds: 42.4, criticalPathSeconds: 41.5, unfinished: [] });
		expect(timeline?.steps.map(({ key, startSeconds, critical }) => [key, startSeconds, critical])).toEqual([
			['cluster', 0.5, false],
			['vpc', 0.5, true],
			['database', 2, true],
			['service', 32, true],
			['old', 40, true],
		]);
	});

	test('is private to the user', async () => {
		await recordRun(options(), outcome(done), { startedAt: began, wallSeconds: 1 });
		expect((await stat(join(cwd, '.airflow-deploy/state/000000000000-us-east-1/runs/main.json'))).mode & 0o777).toBe(0o600);
	});

	test('survives runs that found nothing to do', async () => {
		await recordRun(options(), outcome(done), { startedAt: began, wallSeconds: 42 });
		await recordRun(options(), outcome([step('vpc', 0, 0.1, [], 'none')]), { startedAt: new Date(), wallSeconds: 1 });
		expect((await lastTimeline(options()))?.wallSeconds).toBe(42);
	});

	test('names what failed and what was not reached', async () => {
		await recordRun(options(), outcome([step('vpc', 0, 1)], [['database', new Error('no')]], ['service']), { startedAt: began, wallSeconds: 3 });
		expect((await lastTimeline(options()))?.unfinished).toEqual(['database', 'service']);
	});

	test('is absent where nothing was recorded', async () => {
		expect(await lastTimeline(options())).toBeUndefined();
	});
});

test('steps without dependencies among them are no chain', () => {
	const steps = [{ key: 'a', type: 't', action: 'create' as const, startedAt: null, seconds: 2, dependsOn: ['gone'] }, { key: 'b', type: 't', action: 'create' as const, startedAt: null, seconds: 1, dependsOn: [] }];
	expect(timelineOf({ command: 'up', startedAt: began.toISOString(), wallSeconds: 2, unfinished: [], steps }).steps.filter(({ critical }) => critical).map(({ key }) => key)).toEqual(['a']);
});
