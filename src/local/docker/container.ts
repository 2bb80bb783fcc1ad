import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import type { ContainerExit, ContainerSpec, RunningContainer } from '../ecs/runtime.ts';
import { type ContainerRequest, createContainer, type Engine, EngineError, type InspectedContainer } from './engine.ts';
import { type ExecPlace, openTerminal, runInside } from './exec.ts';
import type { ImageSettings } from './images.ts';
import type { Insider } from './insider.ts';
import type { TaskMemory } from './memory.ts';
import { linesOf } from './output.ts';

/** What the containers of a task have in common. */
export interface ContainerPlace {
	readonly engine: Engine;
	/** Holds the task's network. */
	readonly holder: Insider;
	/** Ends what runs in containers. */
	readonly kill: (pid: number) => Promise<void>;
	readonly labels: Readonly<Record<string, string>>;
	/** Volume → what the engine mounts: a directory of this machine, or a volume of its own. */
	readonly volumes: Readonly<Record<string, { readonly directory: string } | { readonly volume: string }>>;
	/** MiB and CPU units of the task. */
	readonly limits: { readonly memory: number | undefined; readonly cpu: number | undefined };
	readonly memory: TaskMemory | undefined;
	readonly processors: number;
	/** For SDKs: this endpoint. */
	readonly endpointUrl: string;
}

const unitsPerProcessor = 1024;
export const bytesPerMebibyte = 1_048_576;

/** What the engine is asked for. @throws Error where a mount names no volume of the task */
export function containerRequest(spec: ContainerSpec, image: string, { holder, labels, volumes, limits, processors, endpointUrl }: ContainerPlace): ContainerRequest {
	const { entryPoint, command, environment, workingDirectory, user, mounts } = spec;
	const memory = Math.min(spec.memory ?? Number.POSITIVE_INFINITY, limits.memory ?? Number.POSITIVE_INFINITY) * bytesPerMebibyte;
	const cpu = limits.cpu === undefined ? {} : { NanoCpus: Math.floor(Math.min(limits.cpu / unitsPerProcessor, processors) * 1e9) };
	return {
		Image: image,
		...(entryPoint && { Entrypoint: entryPoint }),
		...(command && { Cmd: command }),
		Env: Object.entries({ AWS_ENDPOINT_URL: endpointUrl, ...environment }).map(([name, value]) => `${name}=${value}`),
		...(workingDirectory !== undefined && { WorkingDir: workingDirectory }),
		...(user !== undefined && { User: user }),
		Labels: labels,
		HostConfig: {
			NetworkMode: `container:${holder.id}`,
			Mounts: mounts.map(({ volume, path, readOnly }) => mount(volumes[volume] ?? unknownVolume(volume), path, readOnly, labels)),
			Init: spec.init,
			// Fargate has no swap.
			...(Number.isFinite(memory) && { Memory: memory, MemorySwap: memory }),
			...cpu,
			...(spec.cpu !== undefined && { CpuShares: Math.max(2, spec.cpu) }),
			// Its output is read as it comes.
			LogConfig: { Type: 'none' },
		},
	};
}

function mount(from: ContainerPlace['volumes'][string], path: string, readOnly: boolean, labels: ContainerPlace['labels']): object {
	const place = { Target: path, ReadOnly: readOnly };
	return 'directory' in from ? { Type: 'bind', Source: from.directory, ...place } : { Type: 'volume', Source: from.volume, ...place, VolumeOptions: { Labels: labels } };
}

function unknownVolume(name: string): never {
	throw new Error(`the task has no volume ${name}`);
}

/** Creates a container that does not run yet. @throws EngineError */
export function create(name: string, request: ContainerRequest, { engine }: ContainerPlace): Promise<string> {
	return createContainer(engine, name, request);
}

/** Starts a container that was created, or ran before. @throws EngineError in the engine's words */
export async function startContainer(id: string, spec: ContainerSpec, place: ContainerPlace, { stopSignal }: ImageSettings): Promise<RunningContainer> {
	const { engine, holder } = place;
	const stream = await engine.stream('POST', `/containers/${id}/attach`, { query: { stream: '1', stdout: '1', stderr: '1' } });
	const output = linesOf(stream, (line) => spec.onOutput(line));
	const ending = await engine.stream('POST', `/containers/${id}/wait`, { query: { condition: 'next-exit' } });
	await engine.ask('POST', `/containers/${id}/start`).catch((error: unknown) => {
		for (const answer of [stream, ending]) answer.destroy();
		throw error;
	});
	place.memory?.started(id);
	const signal = (name: string): void => void engine.ask('POST', `/containers/${id}/kill`, { query: { signal: name } }).catch(() => {});
	const exec: ExecPlace = { engine, container: id, kill: place.kill };
	return {
		exited: buffer(ending).catch(() => {}).then(async () => {
			const exit = await exitOf(engine, id);
			const killed = place.memory?.ended(id) ?? false;
			await output;
			return { ...exit, outOfMemory: exit.outOfMemory || killed };
		}),
		signal: (name) => signal(name === 'SIGTERM' ? stopSignal : name),
		kill: () => signal('SIGKILL'),
		exec: (command, { timeoutSeconds }) => runInside(exec, command, timeoutSeconds),
		openTerminal: (command, size) => openTerminal(exec, command, size),
		connect: (host, port) => holder.connect(host, port),
	};
}

const restartSeconds = 60;

/** A container that outlived a restart of the engine is ended: its output was lost meanwhile. */
async function exitOf(engine: Engine, id: string): Promise<ContainerExit> {
	for (const began = performance.now(); performance.now() - began < restartSeconds * 1000; await delay(100)) {
		try {
			const { State } = await engine.ask<InspectedContainer>('GET', `/containers/${id}/json`);
			if (!State.Running) return { exitCode: State.ExitCode, outOfMemory: State.OOMKilled };
			await engine.ask('POST', `/containers/${id}/kill`);
		} catch (error) {
			if (error instanceof EngineError && error.status === 404) break;
		}
	}
	return { exitCode: 137, outOfMemory: false };
}
