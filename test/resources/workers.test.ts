import { DescribeTasksCommand, ECSClient, RunTaskCommand, type Task } from '@aws-sdk/client-ecs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { networkConfiguration } from '../../src/resources/ecs.ts';
import { EcsTaskDefinition } from '../../src/resources/ecs-task-definition.ts';
import { required } from '../../src/resources/support.ts';
import { dagTaskOf, dagTaskText } from '../../src/resources/worker-task.ts';
import { endedOnPurpose, runningWorkers, Workers } from '../../src/resources/workers.ts';
import { eventually } from '../local/endpoint.ts';
import { type EcsStage, openEcsStage } from './ecs-stage.ts';

let stage: EcsStage;
beforeAll(async () => {
	stage = await openEcsStage();
});
afterAll(() => stage.close());

const family = 'airflow-test-worker';

/** As a scheduler's executor starts one; it runs until it is told to end. */
async function start(taskDefinition: string, ...words: string[]): Promise<string> {
	const command = ['bash', '-c', 'trap "exit 143" TERM; sleep 300 & wait', 'airflow', 'tasks', 'run', ...words];
	const run = new RunTaskCommand({ cluster: stage.place.cluster, taskDefinition, launchType: 'FARGATE', networkConfiguration: networkConfiguration(stage.place), overrides: { containerOverrides: [{ name: 'worker', command }] } });
	const { tasks } = await stage.aws.client(ECSClient).send(run);
	const arn = required(tasks?.[0]?.taskArn);
	await eventually(`${arn} runs`, async () => (await look(arn)).lastStatus === 'RUNNING', 60);
	return arn;
}

async function look(arn: string): Promise<Task> {
	return required((await stage.aws.client(ECSClient).send(new DescribeTasksCommand({ cluster: stage.place.cluster, tasks: [arn] }))).tasks?.[0]);
}

test('without a scheduler that goes on they are stopped at once, named, and their network is gone', async () => {
	const taskDefinition = await stage.revision('worker', 'true');
	const arns = [await start(taskDefinition, 'tutorial', 'sleep', 'manual__1', '--local'), await start(taskDefinition, 'mapped', 'each', 'manual__2', '--local', '--map-index', '3')];
	const notes: string[] = [];
	const ctx = { ...stage.context('workers'), note: (line: string) => void notes.push(line) };
	const began = Date.now();
	await Workers.remove?.(ctx, { ...stage.place, family, taskDefinition, scheduler: 'airflow-test-scheduler' });
	expect((Date.now() - began) / 1000).toBeLessThan(60);
	for (const arn of arns) expect(await look(arn)).toMatchObject({ lastStatus: 'STOPPED', stoppedReason: 'airflow-deploy: its environment is being removed' });
	const stopped = notes.filter((note) => note.startsWith('stopping worker'));
	expect(stopped.toSorted()).toEqual(arns.map((arn, index) => `stopping worker ${arn.slice(-32, -24)}, ${['tutorial.sleep of manual__1', 'mapped.each[3] of manual__2'][index]}: airflow-deploy: its environment is being removed`).toSorted());
	expect(await runningWorkers(stage.aws, stage.place.cluster, family)).toEqual([]);
	// Nothing left to do.
	await Workers.remove?.(ctx, { ...stage.place, family, taskDefinition, scheduler: 'airflow-test-scheduler' });
}, 120_000);

test('a revision that goes takes no worker with it: the next scheduler takes it over', async () => {
	const taskDefinition = await stage.revision('worker', 'echo another revision');
	const arn = await start(taskDefinition, 'tutorial', 'sleep', 'manual__3', '--local');
	const { sample: _sample, ctx, outputs } = required(stage.made.findLast(({ outputs }) => outputs['arn'] === taskDefinition));
	await EcsTaskDefinition.remove(ctx, outputs as never);
	expect(await look(arn)).toMatchObject({ lastStatus: 'RUNNING', desiredStatus: 'RUNNING' });
	await Workers.remove?.(stage.context('workers'), { ...stage.place, family, taskDefinition, scheduler: 'airflow-test-scheduler' });
}, 120_000);

test('what a worker runs is in its command, and nowhere else', () => {
	const overrides = (command?: string[]) => ({ overrides: { containerOverrides: [{ name: 'sidecar' }, { name: 'worker', ...(command ? { command } : {}) }] } });
	const mapped = dagTaskOf(overrides(['python', '-m', 'airflow_deploy.start', 'worker', 'airflow', 'tasks', 'run', 'd', 't', 'r', '--local', '--map-index', '12']));
	expect(mapped).toEqual({ dagId: 'd', taskId: 't', runId: 'r', mapIndex: 12 });
	expect(mapped && dagTaskText(mapped)).toBe('d.t[12] of r');
	expect(dagTaskOf(overrides(['airflow', 'tasks', 'run', 'tasks', 'run', 'r']))).toEqual({ dagId: 'tasks', taskId: 'run', runId: 'r', mapIndex: -1 });
	for (const command of [undefined, [], ['airflow', 'tasks', 'list', 'd'], ['airflow', 'tasks', 'run', 'd']]) expect(dagTaskOf(overrides(command))).toBeUndefined();
	expect(dagTaskOf({})).toBeUndefined();
});

test('stopped by us or by its scheduler is no death', () => {
	const reasons = ['airflow-deploy: its environment is being removed', 'airflow: the task was marked or cleared before it began', 'Task stopped by user', 'airflow', undefined];
	expect(reasons.map((stoppedReason) => endedOnPurpose({ stoppedReason }))).toEqual([true, true, false, false, false]);
});
