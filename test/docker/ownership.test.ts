import { afterAll, beforeAll, expect, test } from 'vitest';
import { Engine, type InspectedContainer, removeContainer } from '../../src/local/docker/engine.ts';
import { findEngine } from '../../src/local/docker/engine-socket.ts';
import { bash, tasksOf } from '../local/runtime/contract.ts';
import { type Stage, stage } from './stage.ts';

let here: Stage;
beforeAll(async () => {
	here = await stage();
});
afterAll(() => here.end());

const { createTask, start } = tasksOf(() => here.runtime);

/** Ids of containers, networks and volumes. */
async function inEngine(label: string): Promise<string[]> {
	const query = { all: '1', filters: JSON.stringify({ label: [label] }) };
	const [containers, networks, { Volumes }] = await Promise.all([
		here.engine.ask<{ Id: string }[]>('GET', '/containers/json', { query }),
		here.engine.ask<{ Id: string }[]>('GET', '/networks', { query }),
		here.engine.ask<{ Volumes: { Name: string }[] | null }>('GET', '/volumes', { query }),
	]);
	return [...containers.map(({ Id }) => Id), ...networks.map(({ Id }) => Id), ...(Volumes ?? []).map(({ Name }) => Name)];
}

const ours = (): Promise<string[]> => inEngine(`airflow-deploy.directory=${here.directory}`);

test('a task takes with it all that it had in the engine', async () => {
	const before = await ours();
	const sandbox = await here.runtime.createTask({ taskId: 'e'.repeat(32), volumes: [{ name: 'scratch' }], memory: undefined, cpu: undefined });
	const container = await start(sandbox, { ...bash('sleep 300'), mounts: [{ volume: 'scratch', path: '/scratch', readOnly: false }] });
	expect(await ours()).toHaveLength(before.length + 3);
	container.kill();
	await container.exited;
	await sandbox.dispose();
	expect(await ours()).toEqual(before);
});

test('what a killed endpoint left is removed by the next one of its directory, and nothing of anybody else', async () => {
	const other = await stage();
	const { Id: stranger } = await here.engine.ask<{ Id: string }>('POST', '/containers/create', { body: { Image: 'apache/airflow:2.5.3-python3.10', Labels: { 'airflow-deploy.run': 'mine' } } });
	try {
		await start(await createTask([{ name: 'scratch' }]), bash('sleep 300'));
		const left = await ours();
		const kept = await inEngine(`airflow-deploy.directory=${other.directory}`);
		const next = await here.again();
		try {
			const now = await ours();
			expect(now.filter((id) => left.includes(id))).toEqual([]);
			// The network and its agent.
			expect(now).toHaveLength(2);
			expect(await inEngine(`airflow-deploy.directory=${other.directory}`)).toEqual(kept);
			expect((await here.engine.ask<InspectedContainer>('GET', `/containers/${stranger}/json`)).Id).toBe(stranger);
		} finally {
			await next.end();
		}
		expect(await ours()).toEqual([]);
	} finally {
		await removeContainer(here.engine, stranger);
		await other.end();
	}
});

test('an engine that does not answer, or is not of this machine, is an error with a way out', async () => {
	await expect(new Engine('/no/such.sock').ask('GET', '/info')).rejects.toMatchObject({ code: 'NoDockerEngine', message: 'no Docker engine answers at /no/such.sock: nothing is there', hint: expect.stringContaining('up --local') as string });
	await expect(findEngine({ ...process.env, DOCKER_HOST: 'tcp://10.0.0.1:2375' })).rejects.toMatchObject({ code: 'EngineElsewhere', exit: 2 });
	await expect(findEngine({ ...process.env, DOCKER_HOST: 'unix:///no/such.sock' })).rejects.toMatchObject({ code: 'NoDockerEngine' });
});
