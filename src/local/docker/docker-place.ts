import type { Account } from '../account.ts';
import { EndpointNetwork, type EndpointNetworkOptions } from './endpoint-network.ts';
import { findEngine } from './engine-socket.ts';
import { removeImagesOf } from './labels.ts';

/** A Docker engine, as an endpoint uses it. */
export interface DockerPlace {
	readonly network: EndpointNetwork;
	readonly processors: number;
}

/** @throws UserError where no engine answers */
export async function dockerPlace(options: Omit<EndpointNetworkOptions, 'engine'>): Promise<DockerPlace> {
	const { engine, processors } = await findEngine(process.env);
	return { network: await EndpointNetwork.create({ engine, ...options }), processors };
}

/** Files first: their owners may be others, and only inside of the engine somebody can remove them. */
export async function endDocker({ network }: DockerPlace, { files, url }: Pick<Account, 'files' | 'url'>): Promise<void> {
	await files.remove().catch(() => {});
	await network.end();
	await removeImagesOf(network.engine, new URL(url).host);
}
