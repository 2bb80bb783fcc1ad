import { mkdir, mkdtemp, readdir, readlink, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ContainerSpec, PulledImage, RunningContainer, TaskIdentity, TaskRuntime, TaskSandbox, TaskVolume } from '../ecs/runtime.ts';
import { releaseAddress, takeAddress } from './addresses.ts';
import { type ContainerPlace, startContainer } from './container.ts';
import type { AwsRequest } from './ecr-images.ts';
import type { Image } from './image.ts';
import { pullImage } from './images.ts';
import type { Installer } from './installer.ts';
import { MemoryWatch } from './memory.ts';
import type { PostgresProgram } from './postgres-program.ts';

export interface ProcessRuntimeOptions {
	/** `tasks/` below it holds a directory per task, while it runs. As root: where `nobody`, who runs PostgreSQL, reaches it. */
	readonly directory: string;
	/** The Python that runs the supervisors (`findPython3`). */
	readonly python: string;
	/** Of this endpoint, e.g. `http://127.0.0.1:4566`. */
	readonly endpointUrl: string;
	readonly installer: Installer;
	readonly request: AwsRequest;
	/** The directory of an EFS file system, as seen through the access point or from the root directory. */
	efsDirectory(efs: NonNullable<TaskVolume['efs']>): Promise<string>;
	/** The embedded PostgreSQL, made ready at its first use. */
	readonly postgres: () => Promise<PostgresProgram>;
}

/** Ports of the programs that images here may hold: a task gets an address where they are free. */
const usualPorts = [8080, 5432, 3306];

interface TaskPlace {
	readonly taskId: string;
	readonly memory: number | undefined;
	readonly directory: string;
	readonly temporary: string;
	readonly volumes: Readonly<Record<string, string>>;
	readonly address: string;
}

/** Runs containers as supervised processes of this machine: no container engine, no isolation. */
export class ProcessRuntime implements TaskRuntime {
	readonly name = 'process';
	readonly #options: ProcessRuntimeOptions;
	readonly #images = new Map<string, Image>();
	/** Of tasks that are there: address in the VPC → address here. */
	readonly #addresses = new Map<string, string>();
	readonly #memory = new MemoryWatch();

	constructor(options: ProcessRuntimeOptions) {
		this.#options = options;
	}

	async pull(image: string, onProgress: (line: string) => void): Promise<PulledImage> {
		const { installer } = this.#options;
		const pulled = await pullImage(image, { ...this.#options, installer: { ...installer, onProgress } });
		this.#images.set(image, pulled);
		return { digest: pulled.digest };
	}

	async createTask({ taskId, volumes, memory }: TaskIdentity): Promise<TaskSandbox> {
		const directory = join(this.#options.directory, 'tasks', taskId);
		const directories = await this.#volumeDirectories(volumes, directory);
		const temporary = await temporaryDirectory(directory);
		// With a server on 0.0.0.0:8080 no address is free: then the program itself has to say so, if it needs that port.
		const address = (await takeAddress(usualPorts)) ?? (await takeAddress([])) ?? '127.0.0.1';
		return {
			address,
			isAt: (privateAddress) => void this.#addresses.set(privateAddress, address),
			start: (spec) => this.#start(spec, { taskId, memory, directory, temporary, volumes: directories, address }),
			dispose: async () => {
				for (const [inVpc, here] of this.#addresses) if (here === address) this.#addresses.delete(inVpc);
				releaseAddress(address);
				await removeTask(directory);
			},
		};
	}

	async #start(spec: ContainerSpec, task: TaskPlace): Promise<RunningContainer> {
		if (!this.#images.has(spec.image)) {
			await this.pull(spec.image, this.#options.installer.onProgress);
		}
		const image = this.#images.get(spec.image);
		if (image === undefined) {
			throw new Error(`${spec.image} was not pulled`);
		}
		const { python, endpointUrl } = this.#options;
		const limits = { task: task.memory, container: spec.memory };
		const limitMemory: ContainerPlace['limitMemory'] = (supervisor, onKill) => this.#memory.add({ supervisor, taskId: task.taskId, limits, onKill });
		return startContainer(spec, image, { ...task, addresses: this.#addresses, directory: join(task.directory, 'containers', spec.name), python, endpointUrl, limitMemory });
	}

	async #volumeDirectories(volumes: readonly TaskVolume[], directory: string): Promise<Record<string, string>> {
		const entries = volumes.map(async ({ name, efs }): Promise<[string, string]> => {
			const path = efs ? await this.#options.efsDirectory(efs) : join(directory, 'volumes', name);
			await mkdir(path, { recursive: true });
			return [name, path];
		});
		return Object.fromEntries(await Promise.all(entries));
	}
}

/** In the system's temporary directory, for its short path; a link in the task's directory keeps its name. */
async function temporaryDirectory(directory: string): Promise<string> {
	const temporary = await mkdtemp(join(tmpdir(), 'airflow-deploy-'));
	await mkdir(directory, { recursive: true });
	await symlink(temporary, join(directory, 'tmp'));
	return temporary;
}

/** Removes the files of all tasks below an endpoint's `directory`: what a killed endpoint left. None may run. */
export async function removeTasks(directory: string): Promise<void> {
	const tasks = join(directory, 'tasks');
	const names = await readdir(tasks).catch(() => []);
	await Promise.all(names.map((name) => removeTask(join(tasks, name))));
	await rm(tasks, { recursive: true, force: true });
}

async function removeTask(directory: string): Promise<void> {
	const temporary = await readlink(join(directory, 'tmp')).catch(() => undefined);
	if (temporary !== undefined) {
		await rm(temporary, { recursive: true, force: true });
	}
	await rm(directory, { recursive: true, force: true });
}
