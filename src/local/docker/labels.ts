import { createHash } from 'node:crypto';
import { type Engine, removeContainer, unlessGone } from './engine.ts';

const label = 'airflow-deploy.endpoint';

/** Which endpoint a container, network or volume belongs to: the one of a directory, however often it is started. */
export const endpointId = (directory: string): string => createHash('sha256').update(directory).digest('hex').slice(0, 12);

export const labelsOf = (id: string): Readonly<Record<string, string>> => ({ [label]: id });

/** Removes all containers, networks and volumes of an endpoint, and nothing else. */
export async function removeAll(engine: Engine, id: string): Promise<void> {
	const query = { all: '1', filters: JSON.stringify({ label: [`${label}=${id}`] }) };
	const containers = await engine.ask<{ Id: string }[]>('GET', '/containers/json', { query });
	await Promise.all(containers.map(({ Id }) => removeContainer(engine, Id)));
	const [networks, { Volumes }] = await Promise.all([
		engine.ask<{ Id: string }[]>('GET', '/networks', { query }),
		engine.ask<{ Volumes: { Name: string }[] | null }>('GET', '/volumes', { query }),
	]);
	const gone = [...networks.map(({ Id }) => `/networks/${Id}`), ...(Volumes ?? []).map(({ Name }) => `/volumes/${Name}`)];
	await Promise.all(gone.map((path) => engine.ask('DELETE', path).catch(unlessGone)));
}
