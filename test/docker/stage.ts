import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DockerRuntime } from '../../src/local/docker/docker-runtime.ts';
import { EndpointNetwork } from '../../src/local/docker/endpoint-network.ts';
import type { Engine } from '../../src/local/docker/engine.ts';
import { findEngine } from '../../src/local/docker/engine-socket.ts';
import { python } from '../local/runtime/support.ts';

export interface Stage {
	readonly engine: Engine;
	readonly network: EndpointNetwork;
	readonly runtime: DockerRuntime;
	/** Of EFS. */
	readonly files: string;
	readonly directory: string;
	/** Another endpoint of the same directory. */
	again(): Promise<EndpointNetwork>;
	end(): Promise<void>;
}

/** A Docker runtime as an endpoint has it, without the endpoint: access points are of uid 50000, gid 50000, mode 0755. */
export async function stage(): Promise<Stage> {
	const directory = await mkdtemp(join(tmpdir(), 'airflow-deploy-test-'));
	const { engine, processors } = await findEngine(process.env);
	const files = join(directory, 'efs');
	const create = () => EndpointNetwork.create({ engine, directory, files, python });
	const network = await create();
	const runtime = new DockerRuntime({
		network,
		processors,
		registry: undefined,
		async efsDirectory({ fileSystemId, accessPointId }) {
			const path = join(files, fileSystemId, accessPointId ?? 'root');
			await network.make(path, { uid: 50000, gid: 50000, permissions: '0755' });
			return path;
		},
	});
	return {
		engine, network, runtime, files, directory,
		again: create,
		async end() {
			await network.end();
			await rm(directory, { recursive: true, force: true });
		},
	};
}
