import { iamArn } from './arns.ts';
import type { EcsDependencies } from './dependencies.ts';
import type { Deployment, Service } from './service.ts';
import { runService, type ServiceWorld } from './service-run.ts';
import type { RegionState } from './state.ts';
import { mergedTags } from './tags.ts';
import { TaskRun } from './task-run.ts';
import { newTask, type StopCode, type Task, type TaskRequest } from './task.ts';
import type { Tag } from './shapes.ts';

/** Stopped tasks can be described for at least an hour. */
const stoppedVisibleMilliseconds = 3_600_000;

const closedReason = 'The endpoint was stopped';

/** Runs the tasks and services of one region: no polling, it looks when a task changed, a request came or a timer ran out. */
export class Scheduler implements ServiceWorld {
	readonly clock: EcsDependencies['clock'];
	readonly #deps: EcsDependencies;
	readonly #state: RegionState;
	readonly #runs = new Map<string, TaskRun>();
	readonly #due = new Set<Service>();
	#closed = false;
	#placed = 0;

	constructor(deps: EcsDependencies, state: RegionState) {
		this.#deps = deps;
		this.#state = state;
		this.clock = deps.clock;
	}

	/** Starts a task; it is answered as PROVISIONING. */
	start(request: TaskRequest): Task {
		const task = newTask(request);
		this.#state.tasks.set(task.id, task);
		const run = new TaskRun(task, this.#deps, (changed) => this.#taskChanged(changed));
		this.#runs.set(task.id, run);
		void run.done.then(() => this.#forgetLater(task));
		if (this.#closed) run.kill(closedReason);
		return task;
	}

	stop(task: Task, stopCode: StopCode, reason: string): void {
		this.#runs.get(task.id)?.stop(stopCode, reason);
	}

	faultsChanged(): void {
		for (const run of this.#runs.values()) run.faultsChanged();
	}

	settle(service: Service): void {
		if (this.#closed || this.#due.has(service)) return;
		this.#due.add(service);
		queueMicrotask(() => {
			this.#due.delete(service);
			if (!this.#closed) runService(service, this);
		});
	}

	tasksOf(service: Service): Task[] {
		return [...this.#state.tasks.values()].filter(({ request }) => request.service?.service === service);
	}

	launch(service: Service, deployment: Deployment): Task | string {
		if (service.launchType !== 'FARGATE') return 'was unable to place a task because no container instance met all of its requirements. Reason: No Container Instances were found in your cluster.';
		const refused = this.#deps.faults?.take('no-capacity', { family: deployment.spec.definition.family });
		if (refused !== undefined) return `was unable to place a task. Reason: ${refused}.`;
		const network = deployment.spec.network?.awsvpcConfiguration ?? { subnets: [] };
		return this.start({
			account: this.#deps.account,
			region: this.#state.region,
			now: this.clock.now(),
			cluster: service.cluster,
			definition: deployment.spec.definition,
			network,
			subnetId: this.nextSubnet(network.subnets),
			launchType: service.launchType,
			capacityProvider: service.capacityProviders[0]?.capacityProvider,
			platformVersion: deployment.spec.platformVersion,
			group: `service:${service.name}`,
			startedBy: deployment.id,
			overrides: {},
			enableExecuteCommand: service.enableExecuteCommand,
			tags: serviceTaskTags(service, deployment),
			service: { service, deployment },
		});
	}

	/** Spreads tasks over the subnets, as Fargate does over zones. */
	nextSubnet(subnets: readonly string[]): string {
		this.#placed += 1;
		return subnets[this.#placed % subnets.length] ?? '';
	}

	async refusedRole(deployment: Deployment): Promise<string | undefined> {
		const { taskRoleArn, executionRoleArn } = deployment.spec.definition.definition;
		return this.firstRefused([executionRoleArn, taskRoleArn]);
	}

	/** The first of these roles (ARN or name) that ECS cannot assume, as an ARN. */
	async firstRefused(roles: readonly (string | undefined)[]): Promise<string | undefined> {
		for (const role of roles) {
			if (role === undefined) continue;
			const arn = role.startsWith('arn:') ? role : iamArn(this.#state.region, this.#deps.account, `role/${role}`);
			if (!(await this.#deps.roles.exists(arn))) return arn;
		}
		return undefined;
	}

	/** Kills what runs and resolves when every task is STOPPED; nothing starts afterwards. */
	async close(): Promise<void> {
		this.#closed = true;
		for (const service of this.#state.services.values()) service.cancelWake?.();
		for (const run of this.#runs.values()) run.kill(closedReason);
		await Promise.all([...this.#runs.values()].map((run) => run.done));
	}

	#taskChanged(task: Task): void {
		if (task.request.service !== undefined) this.settle(task.request.service.service);
	}

	#forgetLater(task: Task): void {
		this.#runs.delete(task.id);
		if (!this.#closed) this.clock.setTimer(stoppedVisibleMilliseconds, () => this.#state.tasks.delete(task.id));
	}
}

/** propagateTags counts when a task is made; managed tags come beside them. */
function serviceTaskTags(service: Service, deployment: Deployment): Tag[] {
	const propagated = { SERVICE: service.tags, TASK_DEFINITION: deployment.spec.definition.tags, NONE: [] }[service.propagateTags];
	const managed = [
		{ key: 'aws:ecs:clusterName', value: service.cluster.name },
		{ key: 'aws:ecs:serviceName', value: service.name },
	];
	return mergedTags(propagated, service.managedTags ? managed : []);
}
