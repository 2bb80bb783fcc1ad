import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { DockerRuntime } from '../../src/local/docker/docker-runtime.ts';
import { EndpointNetwork } from '../../src/local/docker/endpoint-network.ts';
import { findEngine } from '../../src/local/docker/engine-socket.ts';
import { runtimeContract } from '../local/runtime/contract.ts';
import { python } from '../local/runtime/support.ts';

let directory: string;
let network: EndpointNetwork;
let runtime: DockerRuntime;

beforeAll(async () => {
	directory = await mkdtemp(join(tmpdir(), 'airflow-deploy-test-'));
	const { engine, processors } = await findEngine(process.env);
	const files = join(directory, 'efs');
	network = await EndpointNetwork.create({ engine, directory, files, python });
	runtime = new DockerRuntime({
		network,
		processors,
		async efsDirectory({ fileSystemId, accessPointId }) {
			const path = join(files, fileSystemId, accessPointId ?? 'root');
			await network.own(path, { uid: 50000, gid: 50000, permissions: '0755' });
			return path;
		},
	});
});
afterAll(async () => {
	await network.remove();
	await rm(directory, { recursive: true, force: true });
});

runtimeContract(() => runtime);

