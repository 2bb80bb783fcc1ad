import { expect, test } from 'vitest';
import type { Aws } from '../../src/aws/clients.ts';
import type { PlannedChange } from '../../src/engine/engine.ts';
import type { Entries, Entry } from '../../src/engine/state.ts';
import { workAffected } from '../../src/environment/running-work.ts';

/** An account in which these workers run. */
function accountWith(...workers: string[]): Aws {
	const tasks = workers.map((id) => ({ taskArn: `arn:aws:ecs:x:0:task/c/${id}`, overrides: { containerOverrides: [{ command: ['airflow', 'tasks', 'run', 'd', id, 'r'] }] } }));
	const send = async (command: object) => (command.constructor.name.startsWith('ListTasks') ? { taskArns: workers } : { tasks });
	return { client: () => ({ send }) } as unknown as Aws;
}

const entry = (type: string, more: Partial<Entry> = {}): Entry => ({ type, status: 'ready', id: 'x', inputs: {}, hash: '', dependsOn: [], token: '', startedAt: '', ...more });
const definition = entry('AWS::ECS::TaskDefinition', { inputs: { definition: { containerDefinitions: [{ name: 'scheduler' }] } } });
const recorded = (service: string, workers: boolean): Entries => ({
	[service]: entry('AWS::ECS::Service', { dependsOn: ['definition'] }),
	definition,
	...(workers ? { workers: entry('AirflowDeploy::Workers', { outputs: { cluster: 'c', family: 'f' } }) } : {}),
});
const change = (key: string, action: PlannedChange['action'], type = 'T'): PlannedChange => ({ key, scope: 'main', type, action, why: '' });
const released = [change('service-scheduler', 'update')];
const back = [...released, change('workers', 'delete', 'AirflowDeploy::Workers')];

test('the local executor: what the scheduler runs has its stop time', async () => {
	expect(await workAffected(accountWith(), recorded('service-scheduler', false), released)).toEqual(['the scheduler is replaced: what it runs has 120 s to end, and what runs longer is killed and tried again by its own retries']);
	expect(await workAffected(accountWith(), recorded('service-scheduler', false), [change('bundle', 'run')])).toEqual([]);
});

test('the ECS executor: workers outlive the scheduler', async () => {
	const own = recorded('service-scheduler', true);
	expect(await workAffected(accountWith('a'), own, released)).toEqual(['the scheduler is replaced: a worker runs now (a, d.a of r); they go on, and the next scheduler takes them over']);
	expect(await workAffected(accountWith('a'), own, [])).toEqual([]);
	expect(await workAffected(accountWith(), own, released)).toEqual(['no worker runs now: the change ends nothing']);
});

test('in a branch they lose the database with it', async () => {
	expect(await workAffected(accountWith('a', 'b'), recorded('service-airflow', true), [change('service-airflow', 'update')])).toEqual([
		'the scheduler is replaced with its database: 2 workers run now (a, d.a of r; b, d.b of r); they lose it, end within about five minutes, and are tried again by their own retries',
	]);
});

test('back to the local executor: they are named, the first of them at least', async () => {
	expect(await workAffected(accountWith('a', 'b', 'c', 'd', 'e'), recorded('service-scheduler', true), back)).toEqual([
		'the workers go: 5 workers run now (a, d.a of r; b, d.b of r; c, d.c of r; 2 more); each has 120 s to end, and is stopped then and tried again by its own retries',
	]);
});
