import { ContainerRun } from './container-run.ts';
import type { EcsDependencies } from './dependencies.ts';
import { allStarted, containerSteps, essentialEnded } from './model/containers.ts';
import type { TaskSandbox } from './runtime.ts';
import { pullImages } from './task-images.ts';
import { cpuOf, initialiseTask, memoryOf, type ResolvedSecrets, volumesOf } from './task-resources.ts';
import { TaskStartError } from './task-start-error.ts';
import { TaskTargets } from './task-targets.ts';
import { type StopCode, type Task, type TaskContainer, type TaskStatus, viewOf } from './task.ts';

/** A Logs that does not answer must not keep a task from being STOPPED. */
const flushLimitMilliseconds = 5000;

/** Drives one task from PROVISIONING to STOPPED. `changed` is called after every change that a client could see. */
export class TaskRun {
	readonly task: Task;
	/** Resolves when the task is STOPPED. */
	readonly done: Promise<void>;
	readonly #deps: EcsDependencies;
	readonly #changed: (task: Task) => void;
	readonly #containers: ReadonlyMap<string, ContainerRun>;
	#sandbox: TaskSandbox | undefined;
	#secrets: ResolvedSecrets = new Map();
	readonly #targets: TaskTargets;
	#containersMayStart = false;
	#drained = false;
	#killed = false;
	#signalStop: () => void = () => undefined;
	readonly #stopSignal = new Promise<void>((resolve) => (this.#signalStop = resolve));
	#signalEnd: () => void = () => undefined;
	readonly #allStopped = new Promise<void>((resolve) => (this.#signalEnd = resolve));
	#signalKill: () => void = () => undefined;
	readonly #killSignal = new Promise<void>((resolve) => (this.#signalKill = resolve));

	constructor(task: Task, deps: EcsDependencies, changed: (task: Task) => void) {
		this.task = task;
		this.#deps = deps;
		this.#changed = changed;
		this.#containers = new Map(task.containers.map((container) => [container.definition.name, new ContainerRun(task, container, deps, () => this.#advance())]));
		this.#targets = new TaskTargets(task, deps, () => this.#changed(task));
		this.done = this.#live();
	}

	/** Sets the desired status and returns; the first reason given stays. */
	stop(stopCode: StopCode, stoppedReason: string): void {
		const { task } = this;
		if (task.desiredStatus === 'STOPPED') return;
		Object.assign(task, { desiredStatus: 'STOPPED', stopCode, stoppedReason });
		task.times.stoppingAt = this.#deps.clock.now();
		task.version += 1;
		this.#signalStop();
		// The caller answers with the status as it was; what follows is seen by the next describe.
		queueMicrotask(() => this.#advance());
	}

	faultsChanged(): void {
		for (const container of this.#containers.values()) container.meetFault();
	}

	/** Ends all containers without waiting for them to end by themselves. */
	kill(reason: string): void {
		this.#killed = true;
		this.#signalKill();
		this.stop('UserInitiated', reason);
		for (const container of this.#containers.values()) container.kill();
	}

	async #live(): Promise<void> {
		// The creator gets the task as PROVISIONING before anything happens.
		await Promise.resolve();
		try {
			await Promise.race([this.#prepare(), this.#stopSignal]);
		} catch (error) {
			this.stop('TaskFailedToStart', startFailure(error));
		}
		this.#containersMayStart = true;
		this.#advance();
		await this.#allStopped;
		await this.#deprovision();
	}

	async #prepare(): Promise<void> {
		await Promise.all([this.#provision(), this.#pause('network')]);
		if (!this.#wanted()) return;
		this.#enter('PENDING');
		this.#secrets = await initialiseTask(this.task, this.#deps);
		if (this.#wanted()) await Promise.all([pullImages(this.task, this.#deps), this.#pause('pull')]);
	}

	async #provision(): Promise<void> {
		const { request, attachment, arn, id } = this.task;
		const sandbox = await this.#deps.runtime.createTask({ taskId: id, volumes: volumesOf(this.task), memory: memoryOf(this.task), cpu: cpuOf(this.task) });
		// A stop meanwhile: #deprovision has passed already.
		if (this.#ended()) return sandbox.dispose();
		this.#sandbox = sandbox;
		const { subnetId, region, network } = request;
		const { securityGroups = [], assignPublicIp } = network;
		const wanted = { region, taskArn: arn, attachmentId: attachment.id, subnetId, securityGroups, assignPublicIp: assignPublicIp === 'ENABLED', address: sandbox.address };
		const made = await this.#deps.network.create(wanted).catch((error: unknown) => {
			throw new TaskStartError(`Unexpected EC2 error while attempting to Create Network Interface in subnet '${subnetId}': ${nameAndText(error)}`);
		});
		if (this.#ended()) return this.#deps.network.remove(region, made.networkInterfaceId);
		this.task.interface = made;
		await sandbox.isAt(made.privateIpv4Address);
		attachment.status = 'ATTACHED';
		this.task.times.connectivityAt = this.#deps.clock.now();
	}

	/** Looks at all containers and does what is due now; called after every change. */
	#advance(): void {
		if (!this.#containersMayStart || this.#ended()) return;
		this.#noticeEssentialEnd();
		if (!this.#wanted() && !this.#leaveRunning()) return this.#changed(this.task);
		const steps = containerSteps(this.task.containers.map(viewOf), this.task.desiredStatus);
		if (steps.unresolvable) this.stop('TaskFailedToStart', `TaskDependencyError: Task dependencies cannot be resolved, taskArn: ${this.task.arn}`);
		else for (const name of steps.start) this.#startContainer(name);
		const neverStarted = steps.stop.map((name) => this.#stopContainer(name)).includes(true);
		if (neverStarted) return this.#advance();
		if (this.#wanted() && this.task.lastStatus === 'PENDING' && allStarted(this.task.containers.map(viewOf))) this.#activate();
		if (this.task.containers.every(({ status }) => status === 'STOPPED')) this.#signalEnd();
		this.#changed(this.task);
	}

	#wanted(): boolean {
		return this.task.desiredStatus === 'RUNNING';
	}

	#ended(): boolean {
		return this.task.lastStatus === 'DEPROVISIONING' || this.task.lastStatus === 'STOPPED';
	}

	#noticeEssentialEnd(): void {
		const { containers, desiredStatus, times } = this.task;
		if (desiredStatus === 'STOPPED' || !essentialEnded(containers.map(viewOf))) return;
		times.executionStoppedAt = this.#deps.clock.now();
		const ended = containers.find(({ definition, status }) => definition.essential && status === 'STOPPED');
		if (ended?.exitCode === undefined) this.stop('TaskFailedToStart', 'Task failed to start');
		else this.stop('EssentialContainerExited', 'Essential container in task exited');
	}

	/** Where AWS takes time for it; nobody waits for that when all is to end. */
	async #pause(step: 'network' | 'pull' | 'activation' | 'removal'): Promise<void> {
		const milliseconds = this.#deps.pace?.(step) ?? 0;
		if (milliseconds > 0) await Promise.race([new Promise<void>((resolve) => this.#deps.clock.setTimer(milliseconds, resolve)), this.#killSignal]);
	}

	#activate(): void {
		if ((this.#deps.pace?.('activation') ?? 0) === 0) return this.#running();
		this.#enter('ACTIVATING');
		void this.#pause('activation').then(() => {
			if (this.#wanted() && this.task.lastStatus === 'ACTIVATING') this.#running();
			this.#advance();
		});
	}

	#running(): void {
		this.task.times.startedAt = this.#deps.clock.now();
		this.#enter('RUNNING');
		this.#targets.register();
	}

	/** Whether its containers may be stopped: not before its load balancer has let go of it. */
	#leaveRunning(): boolean {
		if (this.task.lastStatus === 'STOPPING') return true;
		if (this.task.lastStatus === 'RUNNING') {
			this.#enter('DEACTIVATING');
			void this.#targets.leave()?.then(() => {
				this.#drained = true;
				this.#advance();
			});
		}
		if (this.#targets.leave() !== undefined && !this.#drained && !this.#killed) return false;
		this.#enter('STOPPING');
		return true;
	}

	#startContainer(name: string): void {
		const run = this.#containers.get(name);
		if (run !== undefined && this.#sandbox !== undefined) void run.start(this.#sandbox, this.#secrets.get(name) ?? {}).then(() => this.#killed && run.kill());
	}

	/** Whether it was STOPPED at once because it had never started. */
	#stopContainer(name: string): boolean {
		const container = this.task.containers.find(({ definition }) => definition.name === name);
		if (container?.status === 'PENDING') return neverStarted(container);
		this.#containers.get(name)?.stop();
		return false;
	}

	async #deprovision(): Promise<void> {
		const { task } = this;
		task.times.executionStoppedAt ??= this.#deps.clock.now();
		this.#enter('DEPROVISIONING');
		const flushed = Promise.all([...this.#containers.values()].map((container) => container.flush()));
		await Promise.race([flushed, new Promise<void>((resolve) => this.#deps.clock.setTimer(flushLimitMilliseconds, resolve))]);
		await this.#pause('removal');
		await this.#quietly('remove the files of', async () => this.#sandbox?.dispose());
		const made = task.interface;
		if (made !== undefined) await this.#quietly('remove the network interface of', () => this.#deps.network.remove(task.request.region, made.networkInterfaceId));
		task.attachment.status = 'DELETED';
		task.times.stoppedAt = this.#deps.clock.now();
		this.#enter('STOPPED');
	}

	async #quietly(what: string, work: () => Promise<void>): Promise<void> {
		try {
			await work();
		} catch (error) {
			this.#deps.warn?.(`could not ${what} task ${this.task.id}: ${nameAndText(error)}`);
		}
	}

	#enter(status: TaskStatus): void {
		this.task.lastStatus = status;
		this.task.version += 1;
		this.#changed(this.task);
	}
}

function neverStarted(container: TaskContainer): true {
	container.status = 'STOPPED';
	return true;
}

function startFailure(error: unknown): string {
	return error instanceof TaskStartError ? error.message : `ResourceInitializationError: ${nameAndText(error)}`;
}

const nameAndText = (error: unknown) => (error instanceof Error ? `${error.name}: ${error.message}` : String(error));
