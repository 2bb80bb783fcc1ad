import type { Task } from '@aws-sdk/client-ecs';
import { expect, test } from 'vitest';
import { matches } from '../../src/validate/checks/workers.ts';
import type { TaskInstance } from '../../src/validate/airflow-api.ts';

const run = { dagId: 'tutorial', runId: 'manual__1' };

function worker(id: string, address: string, command: string[], createdAt = new Date(1000)): Task {
	return { taskArn: id, createdAt, overrides: { containerOverrides: [{ name: 'worker', command: ['python', '-m', 'airflow_deploy.start', 'worker', 'airflow', 'tasks', 'run', ...command] }] }, containers: [{ name: 'worker', exitCode: 0, networkInterfaces: [{ privateIpv4Address: address }] }] };
}

function instance(task_id: string, hostname: string, map_index = -1): TaskInstance {
	return { task_id, map_index, hostname, state: 'success', try_number: 1, start_date: '', end_date: '', duration: 1 };
}

const arnsOf = (tasks: TaskInstance[], workers: Task[]) => matches(tasks, run, workers).map(({ worker }) => worker?.taskArn);

test('a task instance is matched to the worker that was started for it, at the address where it ran', () => {
	const workers = [worker('a', '10.0.0.1', ['tutorial', 'sleep', 'manual__1', '--local']), worker('b', '10.0.0.2', ['tutorial', 'templated', 'manual__1', '--local'])];
	expect(arnsOf([instance('templated', '10.0.0.2'), instance('sleep', '10.0.0.1')], workers)).toEqual(['b', 'a']);
});

test('another run, another task, another address, another map index is no match', () => {
	const workers = [
		worker('other-run', '10.0.0.1', ['tutorial', 'sleep', 'manual__2', '--local']),
		worker('other-dag', '10.0.0.1', ['tutorials', 'sleep', 'manual__1', '--local']),
		worker('other-address', '10.0.0.9', ['tutorial', 'sleep', 'manual__1', '--local']),
		worker('mapped', '10.0.0.1', ['tutorial', 'sleep', 'manual__1', '--local', '--map-index', '1']),
		{ ...worker('no-worker', '10.0.0.1', []), overrides: {} },
	];
	expect(arnsOf([instance('sleep', '10.0.0.1')], workers)).toEqual([undefined]);
	expect(arnsOf([instance('sleep', '10.0.0.1', 1), instance('sleep', '10.0.0.1', 0)], workers)).toEqual(['mapped', undefined]);
});

test('of two tries at one address the later one counts', () => {
	const command = ['tutorial', 'sleep', 'manual__1', '--local'];
	expect(arnsOf([instance('sleep', '10.0.0.1')], [worker('first', '10.0.0.1', command, new Date(1000)), worker('second', '10.0.0.1', command, new Date(2000))])).toEqual(['second']);
});
