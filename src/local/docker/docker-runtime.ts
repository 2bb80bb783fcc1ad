import type { ContainerSpec, RunningContainer, TaskIdentity, TaskRuntime, TaskSandbox, TaskVolume } from '../ecs/runtime.ts';
import { bytesPerMebibyte, type ContainerPlace, containerRequest, create, startContainer } from './container.ts';
import { removeContainer, unlessGone } from './engine.ts';
import type { EndpointNetwork } from './endpoint-network.ts';
import { type ImageRegistry, type ImageSettings, pullImage } from './images.ts';
import { TaskMemory } from './memory.ts';

export interface DockerRuntimeOptions {
	readonly network: EndpointNetwork;
	/** Of the engine. */
	readonly processors: number;
	/** ECR's. */
	readonly registry?: ImageRegistry | undefined;
	/** The directory of an EFS file system, as seen through the access point or from the root directory. */
	efsDirectory(efs: NonNullable<TaskVolume['efs']>): Promise<string>;
}

type Volumes = ContainerPlace['volumes'];

/** Runs tasks as containers of a Docker engine, as their definitions have them. */
export class DockerRuntime implements TaskRuntime {
	readonly name = 'docker';
	readonly agentUrl;
	readonly #options: DockerRuntimeOptions;
	readonly #images = new Map<string, ImageSettings>();

	constructor(options: DockerRuntimeOptions) {
		this.#options = options;
		this.agentUrl = options.network.agentUrl;
	}

	async pull(image: string, onProgress: (line: string) => void): Promise<ImageSettings> {
		const pulled = await pullImage(this.#options.network.engine, this.#options.registry, image, onProgress);
		this.#images.set(image, pulled);
		return pulled;
	}

	async createTask({ taskId, volumes, memory, cpu }: TaskIdentity): Promise<TaskSandbox> {
		const { network, processors } = this.#options;
		const { engine, labels } = network;
		const [holder, places] = await Promise.all([network.hold(taskId), this.#volumes(volumes, taskId)]);
		const place: ContainerPlace = { engine, holder, labels, kill: (pid) => network.kill(pid), volumes: places, limits: { memory, cpu }, memory: memory === undefined ? undefined : new TaskMemory(engine, memory * bytesPerMebibyte), processors, endpointUrl: network.agentUrl };
		const containers = new Map<string, { id: string; request: string }>();
		return {
			address: holder.address,
			isAt: (privateAddress) => holder.ask(['address', privateAddress, 16]),
			start: (spec) => this.#start(spec, place, containers, taskId),
			dispose: async () => {
				await Promise.all([...containers.values()].map(({ id }) => removeContainer(engine, id)));
				await holder.remove();
				await Promise.all(Object.values(places).flatMap((place) => ('volume' in place ? [engine.ask('DELETE', `/volumes/${place.volume}`).catch(unlessGone)] : [])));
			},
		};
	}

	/** ECS starts the same container again, with its files; another one of the same name takes its place. */
	async #start(spec: ContainerSpec, place: ContainerPlace, containers: Map<string, { id: string; request: string }>, taskId: string): Promise<RunningContainer> {
		const image = this.#images.get(spec.image) ?? (await this.pull(spec.image, () => {}));
		const wanted = containerRequest(spec, image.name, place);
		const request = JSON.stringify(wanted);
		const before = containers.get(spec.name);
		const again = before?.request === request ? before.id : undefined;
		if (before !== undefined && again === undefined) await removeContainer(place.engine, before.id);
		const id = again ?? (await create(`${this.#options.network.nameOf(taskId)}-${spec.name}`, wanted, place));
		containers.set(spec.name, { id, request });
		return startContainer(id, spec, place, image);
	}

	async #volumes(volumes: readonly TaskVolume[], taskId: string): Promise<Volumes> {
		const entries = volumes.map(async ({ name, efs }) => [name, efs ? { directory: await this.#options.efsDirectory(efs) } : { volume: `${this.#options.network.nameOf(taskId)}-${name}` }] as const);
		return Object.fromEntries(await Promise.all(entries));
	}
}
