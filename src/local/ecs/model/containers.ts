import type { DependencyCondition, RestartPolicy } from '../shapes.ts';

/** What the order of starting and stopping needs to know of a container. */
export interface ContainerView {
	readonly name: string;
	readonly essential: boolean;
	readonly dependsOn: readonly { readonly containerName: string; readonly condition: DependencyCondition }[];
	/** STARTING: asked for, not yet running. STOPPED without an exit code: it never started. */
	readonly status: 'PENDING' | 'STARTING' | 'RUNNING' | 'STOPPED';
	readonly health: Health;
	readonly exitCode: number | undefined;
	/** Its `startTimeout` has passed since it was started. */
	readonly startTimedOut: boolean;
}

export type Health = 'UNKNOWN' | 'HEALTHY' | 'UNHEALTHY';

export interface ContainerSteps {
	readonly start: readonly string[];
	/** Also containers that never started: they become STOPPED at once. */
	readonly stop: readonly string[];
	/** Set when a dependency can never be met: the task ends. */
	readonly unresolvable: boolean;
}

/**
 * What to do next with a task's containers; asking again without a change gives the same answer.
 * After amazon-ecs-agent's `dependencygraph`: a container is created once every condition is met, and stops once its dependents have.
 */
export function containerSteps(containers: readonly ContainerView[], desired: 'RUNNING' | 'STOPPED'): ContainerSteps {
	if (desired === 'STOPPED') return { start: [], stop: stoppable(containers), unresolvable: false };
	const waiting = containers.filter((container) => container.status === 'PENDING');
	const byName = new Map(containers.map((container) => [container.name, container]));
	const outlooks = new Map(waiting.map((container) => [container.name, outlook(container, byName)]));
	return {
		start: waiting.filter(({ name }) => outlooks.get(name) === 'met').map(({ name }) => name),
		stop: [],
		unresolvable: [...outlooks.values()].includes('never'),
	};
}

type Outlook = 'met' | 'wait' | 'never';

function outlook(container: ContainerView, byName: ReadonlyMap<string, ContainerView>): Outlook {
	const outlooks = container.dependsOn.map(({ containerName, condition }) => conditionOutlook(byName.get(containerName), condition));
	if (outlooks.includes('never')) return 'never';
	return outlooks.every((each) => each === 'met') ? 'met' : 'wait';
}

function conditionOutlook(dependency: ContainerView | undefined, condition: DependencyCondition): Outlook {
	if (dependency === undefined) return 'never';
	if (conditionMet(dependency, condition)) return 'met';
	const ended = dependency.status === 'STOPPED';
	// startTimeout counts for every condition but START, from the dependency's own start.
	return ended || (condition !== 'START' && dependency.startTimedOut) ? 'never' : 'wait';
}

function conditionMet(dependency: ContainerView, condition: DependencyCondition): boolean {
	const ended = dependency.status === 'STOPPED' && dependency.exitCode !== undefined;
	if (condition === 'START') return dependency.status === 'RUNNING' || ended;
	if (condition === 'COMPLETE') return ended;
	if (condition === 'SUCCESS') return ended && dependency.exitCode === 0;
	return dependency.status === 'RUNNING' && dependency.health === 'HEALTHY';
}

function stoppable(containers: readonly ContainerView[]): string[] {
	const alive = containers.filter((container) => container.status !== 'STOPPED');
	const started = alive.filter((container) => container.status !== 'PENDING');
	const needed = new Set(started.flatMap((container) => container.dependsOn.map((dependency) => dependency.containerName)));
	return alive.filter((container) => container.status === 'PENDING' || !needed.has(container.name)).map(({ name }) => name);
}

/** The task is RUNNING once no container waits or starts; one that has ended since, or could not start, holds nothing up. */
export function allStarted(containers: readonly ContainerView[]): boolean {
	return containers.every((container) => container.status === 'RUNNING' || container.status === 'STOPPED');
}

export function essentialEnded(containers: readonly ContainerView[]): boolean {
	return containers.some((container) => container.essential && container.status === 'STOPPED');
}

/** All essential ones with a check HEALTHY: HEALTHY; one UNHEALTHY: UNHEALTHY; else UNKNOWN. */
export function taskHealth(containers: readonly (Pick<ContainerView, 'essential' | 'health'> & { readonly checked: boolean })[]): Health {
	const checked = containers.filter((container) => container.essential && container.checked);
	if (checked.some((container) => container.health === 'UNHEALTHY')) return 'UNHEALTHY';
	return checked.length > 0 && checked.every((container) => container.health === 'HEALTHY') ? 'HEALTHY' : 'UNKNOWN';
}

/** A restart is due only if the container ran for `restartAttemptPeriod` (60–1800 s, default 300), and not on an ignored exit code. */
export function mayRestart(policy: RestartPolicy | undefined, exitCode: number, ranSeconds: number): boolean {
	if (policy?.enabled !== true || policy.ignoredExitCodes?.includes(exitCode) === true) return false;
	return ranSeconds >= (policy.restartAttemptPeriod ?? 300);
}
