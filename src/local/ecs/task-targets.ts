import type { BalancedTarget, EcsDependencies } from './dependencies.ts';
import { addEvent } from './deployments.ts';
import type { Task } from './task.ts';

interface Registered {
	readonly group: string;
	readonly target: BalancedTarget;
	readonly unwatch: () => void;
}

/** A task's places in the target groups of its service: it takes them when it runs, and leaves them before its containers are stopped. */
export class TaskTargets {
	readonly #task: Task;
	readonly #deps: EcsDependencies;
	readonly #changed: () => void;
	#registered: readonly Registered[] = [];
	#left: Promise<void> | undefined;

	constructor(task: Task, deps: EcsDependencies, changed: () => void) {
		this.#task = task;
		this.#deps = deps;
		this.#changed = changed;
	}

	register(): void {
		const { balancing } = this.#deps;
		const address = this.#task.interface?.privateIpv4Address;
		const balancers = this.#task.request.service?.deployment.spec.loadBalancers ?? [];
		if (balancing === undefined || address === undefined) return;
		this.#registered = balancers.map(({ targetGroupArn: group = '', containerPort: port = 0 }) => {
			const target = { id: address, port };
			balancing.register(group, target);
			this.#say(`registered 1 targets in (target-group ${group})`);
			return { group, target, unwatch: balancing.watch(group, () => this.#look()) };
		});
		this.#look();
	}

	/** Resolves when what was under way is answered. @returns undefined where there is nothing to leave */
	leave(): Promise<void> | undefined {
		if (this.#registered.length > 0) this.#left ??= this.#deregister();
		return this.#left;
	}

	async #deregister(): Promise<void> {
		this.#say('has begun draining connections on 1 tasks.');
		for (const { group, unwatch } of this.#registered) {
			unwatch();
			this.#say(`deregistered 1 targets in (target-group ${group})`);
		}
		const { balancing } = this.#deps;
		if (balancing) await Promise.all(this.#registered.map(({ group, target }) => balancing.deregister(group, target)));
	}

	#look(): void {
		if (this.#registered.length === 0 || this.#left !== undefined) return;
		const states = this.#registered.map(({ group, target }) => this.#deps.balancing?.healthOf(group, target));
		const unhealthy = states.findIndex((state) => state === 'unhealthy');
		const before = this.#task.balanced;
		this.#task.balanced = unhealthy >= 0 ? 'unhealthy' : states.every((state) => state === 'healthy') ? 'healthy' : 'waiting';
		if (before === this.#task.balanced) return;
		const { group, target } = this.#registered[unhealthy] ?? {};
		if (target) this.#say(`(port ${target.port}) is unhealthy in (target-group ${group}) due to (reason Health checks failed).`);
		this.#changed();
	}

	#say(text: string): void {
		const service = this.#task.request.service?.service;
		if (service) addEvent(service, text, this.#deps.clock.now());
	}
}
