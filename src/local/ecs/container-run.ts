import { containerEnvironment } from './container-environment.ts';
import type { EcsDependencies } from './dependencies.ts';
import { LogWriter } from './log-writer.ts';
import { mayRestart } from './model/containers.ts';
import { afterCheck, firstHealth, healthSettings, type HealthSettings } from './model/health.ts';
import type { ContainerExit, ContainerSpec, RunningContainer, TaskSandbox } from './runtime.ts';
import { logTarget } from './task-resources.ts';
import type { Task, TaskContainer } from './task.ts';

const defaultStopSeconds = 30;

/** Drives one container: start, health checks, restarts, stop. Tells its task of every change. */
export class ContainerRun {
	readonly #task: Task;
	readonly #container: TaskContainer;
	readonly #deps: EcsDependencies;
	readonly #changed: () => void;
	readonly #log: LogWriter | undefined;
	readonly #timers = new Map<'health' | 'start' | 'stop', () => void>();

	constructor(task: Task, container: TaskContainer, deps: EcsDependencies, changed: () => void) {
		this.#task = task;
		this.#container = container;
		this.#deps = deps;
		this.#changed = changed;
		const target = logTarget(task, container.definition);
		this.#log = target && new LogWriter(target, deps.logs, deps.clock, (line) => deps.warn?.(line));
	}

	/** Never rejects: a container that cannot start is STOPPED with a reason and without an exit code. */
	async start(sandbox: TaskSandbox, secrets: Readonly<Record<string, string>>): Promise<void> {
		const container = this.#container;
		container.status = 'STARTING';
		container.health = firstHealth;
		try {
			const running = await sandbox.start(this.#spec(secrets));
			this.#started(running);
			void running.exited.then((exit) => this.#exited(exit, sandbox, secrets));
		} catch (error) {
			container.reason = `CannotStartContainerError: ${error instanceof Error ? error.message : String(error)}`;
			this.#stopped();
		}
	}

	/** SIGTERM, and SIGKILL after `stopTimeout` seconds. */
	stop(): void {
		const { running, definition } = this.#container;
		if (this.#container.stopAsked || running === undefined) return;
		this.#container.stopAsked = true;
		this.#cancel('health');
		running.signal('SIGTERM');
		this.#after('stop', definition.stopTimeout ?? defaultStopSeconds, () => running.kill());
	}

	kill(): void {
		this.#container.stopAsked = true;
		this.#container.running?.kill();
	}

	/** Where it is killed for its memory, as a test asked for. */
	meetFault(): void {
		const { running, definition } = this.#container;
		if (running === undefined) return;
		const reason = this.#deps.faults?.take('out-of-memory', { family: this.#task.request.definition.family, container: definition.name });
		if (reason === undefined) return;
		this.#container.reason = reason;
		running.kill();
	}

	/** Resolves when every line so far is in its log stream. */
	async flush(): Promise<void> {
		await this.#log?.flush();
	}

	#spec(secrets: Readonly<Record<string, string>>): ContainerSpec {
		const { definition, override } = this.#container;
		return {
			name: definition.name,
			image: definition.image,
			entryPoint: definition.entryPoint,
			command: override?.command ?? definition.command,
			environment: containerEnvironment(this.#task, this.#container, secrets, this.#deps),
			workingDirectory: definition.workingDirectory,
			user: definition.user,
			mounts: definition.mountPoints.map(({ sourceVolume = '', containerPath = '', readOnly = false }) => ({ volume: sourceVolume, path: containerPath, readOnly })),
			memory: override?.memory ?? definition.memory,
			cpu: override?.cpu ?? definition.cpu,
			init: definition.linuxParameters?.initProcessEnabled === true,
			onOutput: (line) => this.#log?.write(line),
		};
	}

	#started(running: RunningContainer): void {
		const { definition } = this.#container;
		Object.assign(this.#container, { running, status: 'RUNNING', startedAt: this.#deps.clock.now() });
		if (definition.startTimeout !== undefined) this.#after('start', definition.startTimeout, () => this.#startTimedOut());
		if (definition.healthCheck !== undefined) this.#scheduleCheck(healthSettings(definition.healthCheck), running);
		this.#changed();
		this.meetFault();
	}

	#startTimedOut(): void {
		this.#container.startTimedOut = true;
		this.#changed();
	}

	#scheduleCheck(settings: HealthSettings, running: RunningContainer): void {
		this.#after('health', settings.interval, () => void this.#check(settings, running));
	}

	async #check(settings: HealthSettings, running: RunningContainer): Promise<void> {
		const container = this.#container;
		const seconds = (this.#deps.clock.now() - (container.startedAt ?? 0)) / 1000;
		const result = await running.exec(settings.command, { timeoutSeconds: settings.timeout }).catch((error: unknown) => ({ exitCode: -1, output: String(error) }));
		if (container.running !== running || container.stopAsked || container.status !== 'RUNNING') return;
		const before = container.health.status;
		container.health = afterCheck(container.health, settings, result.exitCode === 0, seconds);
		container.healthOutput = { ...result, at: this.#deps.clock.now() };
		this.#scheduleCheck(settings, running);
		if (container.health.status !== before) this.#changed();
	}

	async #exited(exit: ContainerExit, sandbox: TaskSandbox, secrets: Readonly<Record<string, string>>): Promise<void> {
		const container = this.#container;
		this.#cancelAll();
		container.running = undefined;
		container.finishedAt = this.#deps.clock.now();
		const ran = (container.finishedAt - (container.startedAt ?? 0)) / 1000;
		if (this.#task.desiredStatus === 'RUNNING' && mayRestart(container.definition.restartPolicy, exit.exitCode, ran)) {
			container.restarts += 1;
			await this.start(sandbox, secrets);
			return;
		}
		container.exitCode = exit.exitCode;
		if (exit.outOfMemory) container.reason = 'OutOfMemoryError: Container killed due to memory usage';
		this.#stopped();
	}

	#stopped(): void {
		this.#container.status = 'STOPPED';
		this.#changed();
	}

	#after(name: 'health' | 'start' | 'stop', seconds: number, callback: () => void): void {
		this.#timers.set(name, this.#deps.clock.setTimer(seconds * 1000, callback));
	}

	#cancel(name: 'health' | 'start' | 'stop'): void {
		this.#timers.get(name)?.();
		this.#timers.delete(name);
	}

	#cancelAll(): void {
		for (const cancel of this.#timers.values()) cancel();
		this.#timers.clear();
	}
}
