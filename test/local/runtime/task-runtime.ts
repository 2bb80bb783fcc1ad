import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { ContainerSpec, RunningContainer, TaskRuntime, TaskSandbox, TaskVolume } from '../../../src/local/ecs/runtime.ts';
import { installer } from '../../../src/local/runtime/installer.ts';
import { postgresHome, postgresProgram, type PostgresProgram } from '../../../src/local/runtime/postgres-program.ts';
import { ProcessRuntime } from '../../../src/local/runtime/process-runtime.ts';
import { python, until } from './support.ts';

export type Started = RunningContainer & { readonly lines: string[] };

/** A process runtime with its files where a local endpoint has them, for the tests of one file. */
export class TestRuntime {
	readonly runtime: ProcessRuntime;
	readonly #directories: readonly string[];

	private constructor(runtime: ProcessRuntime, directories: readonly string[]) {
		this.runtime = runtime;
		this.#directories = directories;
	}

	static async create(): Promise<TestRuntime> {
		const base = await mkdtemp(join(tmpdir(), 'airflow-deploy-test-'));
		const home = await postgresHome(base);
		await mkdir(home, { recursive: true });
		const on = installer(() => {}, { ...process.env, XDG_CACHE_HOME: join(base, 'cache') });
		let program: Promise<PostgresProgram> | undefined;
		const runtime = new ProcessRuntime({
			directory: home,
			python,
			endpointUrl: 'http://127.0.0.1:43121',
			installer: on,
			request: () => Promise.reject(new Error('not asked')),
			postgres: () => (program ??= postgresProgram(on, home)),
			efsDirectory: ({ fileSystemId, accessPointId }) => Promise.resolve(join(home, 'efs', fileSystemId, accessPointId ?? 'root')),
		});
		return new TestRuntime(runtime, [base, home]);
	}

	async remove(): Promise<void> {
		for (const directory of this.#directories) await rm(directory, { recursive: true, force: true });
	}

	createTask(volumes: readonly TaskVolume[] = []): Promise<TaskSandbox> {
		return createTask(this.runtime, { volumes });
	}
}

let tasks = 0;

/** Removed after the test. */
export async function createTask(runtime: TaskRuntime, { volumes = [], memory, cpu }: { volumes?: readonly TaskVolume[]; memory?: number; cpu?: number } = {}): Promise<TaskSandbox> {
	const taskId = (++tasks).toString(16).padStart(32, '0');
	const sandbox = await runtime.createTask({ taskId, volumes, memory, cpu });
	onTestFinished(() => sandbox.dispose());
	return sandbox;
}

/** PostgreSQL gives its System V shared memory back only when it is asked to end. */
export const quit = (container: RunningContainer): void => container.signal('SIGQUIT');

/** Ended after the test, if it still runs. */
export async function start(sandbox: TaskSandbox, changes: Partial<ContainerSpec> & Pick<ContainerSpec, 'name' | 'image'>, end = (container: RunningContainer): void => container.kill()): Promise<Started> {
	const lines: string[] = [];
	const container = await sandbox.start({
		entryPoint: undefined,
		command: undefined,
		environment: {},
		workingDirectory: undefined,
		user: undefined,
		mounts: [],
		memory: undefined,
		cpu: undefined,
		init: false,
		onOutput: (line) => lines.push(line),
		...changes,
	});
	onTestFinished(async () => {
		end(container);
		await container.exited;
	});
	return { ...container, lines };
}

/** A health check as ECS runs it. */
export async function check(container: RunningContainer, command: readonly string[]): Promise<{ exitCode: number; output: string }> {
	const [kind, ...words] = command;
	return container.exec(kind === 'CMD-SHELL' ? ['/bin/sh', '-c', words.join(' ')] : words, { timeoutSeconds: 10 });
}

/** @throws Error with the container's lines if it ends before */
export async function untilHealthy(container: Started, command: readonly string[]): Promise<void> {
	const ended = container.exited.then(({ exitCode }) => {
		throw new Error(`ended with ${exitCode}: ${container.lines.join('\n')}`);
	});
	ended.catch(() => {});
	await until(async () => (await Promise.race([check(container, command), ended])).exitCode === 0);
}
