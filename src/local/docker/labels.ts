import { createHash, randomBytes } from 'node:crypto';
import { type Engine, removeContainer, unlessGone } from './engine.ts';

export type Labels = Readonly<Record<string, string>>;

/** What belongs to the endpoint of a directory, however often it is started, and to which start of it. */
export function labelsOf(directory: string): { readonly endpoint: Labels; readonly run: Labels; readonly id: string } {
	const id = randomBytes(4).toString('hex');
	const endpoint = { 'airflow-deploy.endpoint': createHash('sha256').update(directory).digest('hex').slice(0, 16) };
	return { endpoint, run: { ...endpoint, 'airflow-deploy.run': id, 'airflow-deploy.directory': directory }, id };
}

/** Removes all containers, networks and volumes that have the labels, and nothing else. */
export async function removeLabelled(engine: Engine, labels: Labels): Promise<void> {
	const query = { all: '1', filters: JSON.stringify({ label: Object.entries(labels).map(([name, value]) => `${name}=${value}`) }) };
	const containers = await engine.ask<{ Id: string }[]>('GET', '/containers/json', { query });
	await Promise.all(containers.map(({ Id }) => removeContainer(engine, Id)));
	const [networks, { Volumes }] = await Promise.all([
		engine.ask<{ Id: string }[]>('GET', '/networks', { query }),
		engine.ask<{ Volumes: { Name: string }[] | null }>('GET', '/volumes', { query }),
	]);
	const gone = [...networks.map(({ Id }) => `/networks/${Id}`), ...(Volumes ?? []).map(({ Name }) => `/volumes/${Name}`)];
	await Promise.all(gone.map((path) => engine.ask('DELETE', path).catch(unlessGone)));
}

/** Takes the names in a registry that is gone from the engine; what it built stays in its build cache. @param registry `host:port` */
export async function removeImagesOf(engine: Engine, registry: string): Promise<void> {
	const images = await engine.ask<{ RepoTags: string[] | null; RepoDigests: string[] | null }[]>('GET', '/images/json');
	const names = images.flatMap(({ RepoTags, RepoDigests }) => [...(RepoTags ?? []), ...(RepoDigests ?? [])]).filter((name) => name.startsWith(`${registry}/`));
	for (const name of names) await engine.ask('DELETE', `/images/${name}`, { query: { noprune: '1' } }).catch(unlessGone);
}
