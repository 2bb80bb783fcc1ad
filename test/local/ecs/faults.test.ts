import { expect, test } from 'vitest';
import { type Fault, Faults } from '../../../src/local/faults.ts';
import { definition, runnable, service, settled, type World, world } from './stubs.ts';

async function worldWhere(...faults: readonly Fault[]): Promise<World & { faults: Faults }> {
	const asked = new Faults();
	asked.ask(faults);
	const aws = world({ faults: asked });
	await aws.call('CreateCluster', { clusterName: 'main' });
	await aws.call('RegisterTaskDefinition', definition('app'));
	return { ...aws, faults: asked };
}

async function stoppedTask(aws: World) {
	const { tasks } = await aws.call('RunTask', runnable('app'));
	await aws.clock.advance(1);
	const described = await aws.call('DescribeTasks', { cluster: 'main', tasks: [String(tasks?.[0]?.['taskArn'])] });
	return described['tasks']?.[0];
}

test('RunTask finds no capacity as often as asked, then it does', async () => {
	const aws = await worldWhere({ fault: 'no-capacity', family: 'app', times: 2 });
	const capacity = { tasks: [], failures: [{ reason: 'Capacity is unavailable at this time. Please try again later or in a different availability zone' }] };
	expect(await aws.call('RunTask', runnable('app'))).toEqual(capacity);
	expect(await aws.call('RunTask', runnable('app'))).toEqual(capacity);
	expect(await aws.call('RunTask', runnable('app'))).toMatchObject({ tasks: [{ lastStatus: 'PROVISIONING' }], failures: [] });
});

test('a service without capacity says so in an event, and tries again', async () => {
	const aws = await worldWhere({ fault: 'no-capacity', family: 'app' });
	await aws.call('CreateService', service('app'));
	await aws.clock.advance(1);
	const events = async () => (await aws.call('DescribeServices', { cluster: 'main', services: ['app'] }))['services']?.[0]?.['events']?.map(({ message }) => String(message));
	expect(await events()).toEqual(['(service app) was unable to place a task. Reason: Capacity is unavailable at this time. Please try again later or in a different availability zone.']);
	await aws.clock.advance(120);
	expect((await events())?.some((text) => text.startsWith('(service app) has started 1 tasks'))).toBe(true);
});

test('an image that cannot be pulled and a secret that is not there end a task before it starts', async () => {
	const aws = await worldWhere({ fault: 'image-pull', family: 'app' }, { fault: 'secret', family: 'app', container: 'app' });
	expect(await stoppedTask(aws)).toMatchObject({ stopCode: 'TaskFailedToStart', stoppedReason: expect.stringMatching(/^ResourceInitializationError: .*Secrets Manager can't find/) });
	expect(await stoppedTask(aws)).toMatchObject({ stopCode: 'TaskFailedToStart', stoppedReason: expect.stringMatching(/^CannotPullContainerError: /) });
	expect(await stoppedTask(aws)).toMatchObject({ lastStatus: 'RUNNING' });
});

test('out of memory: the container that runs is killed at once, or the next one when it starts', async () => {
	const aws = await worldWhere();
	const { tasks } = await aws.call('RunTask', runnable('app'));
	await aws.clock.advance(1);
	aws.faults.ask([{ fault: 'out-of-memory', family: 'app', container: 'app', times: 2 }]);
	aws.ecs.faultsChanged();
	await settled();
	const killed = { lastStatus: 'STOPPED', stoppedReason: 'Essential container in task exited', containers: [{ exitCode: 137, reason: 'OutOfMemoryError: Container killed due to memory usage' }] };
	const described = await aws.call('DescribeTasks', { cluster: 'main', tasks: [String(tasks?.[0]?.['taskArn'])] });
	expect(described['tasks']?.[0]).toMatchObject(killed);
	expect(await stoppedTask(aws)).toMatchObject(killed);
	expect(await stoppedTask(aws)).toMatchObject({ lastStatus: 'RUNNING' });
});

test('a fault of another family, container or operation, and one whose time is over, changes nothing', async () => {
	const aws = await worldWhere({ fault: 'no-capacity', family: 'other', times: 9 }, { fault: 'out-of-memory', family: 'app', container: 'other', times: 9 }, { fault: 'image-pull', family: 'app', seconds: 1e-9 });
	expect(await stoppedTask(aws)).toMatchObject({ lastStatus: 'RUNNING' });
	expect(aws.faults.refusal({ service: 'ecs', operation: 'RunTask' })).toBeUndefined();
	expect(() => aws.faults.ask([{ fault: 'no-electricity' }])).toThrow(/Invalid/);
});
