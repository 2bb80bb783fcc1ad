/**
 * The deployment loop of an ECS service as a function: what to do next, given what runs. It is asked again after each step.
 * Facts: Amazon ECS developer guide, "Rolling update" and "Deployment circuit breaker"; API reference, DeploymentConfiguration.
 */
export interface ServiceView {
	readonly desired: number;
	readonly minimumHealthyPercent: number;
	readonly maximumPercent: number;
	/** undefined: off. */
	readonly breaker: { readonly threshold: number; readonly rollback: boolean } | undefined;
	/** The first is the PRIMARY, older ones follow, newest first. */
	readonly deployments: readonly [DeploymentView, ...DeploymentView[]];
	readonly tasks: readonly ServiceTaskView[];
	/** `has reached a steady state` was the last word. */
	readonly steady: boolean;
}

export interface DeploymentView {
	readonly id: string;
	readonly rollout: 'IN_PROGRESS' | 'COMPLETED' | 'FAILED';
	/** It was COMPLETED once: what a failed one is rolled back to. */
	readonly completedOnce: boolean;
	/** The circuit breaker brought it back. */
	readonly rollingBack: boolean;
	readonly failedTasks: number;
	/** No start before this time (back-off), in ms since the epoch. */
	readonly nextStartAt: number;
	/** The event about percentages that allow nothing has been said. */
	readonly saidBlocked: boolean;
}

export interface ServiceTaskView {
	readonly id: string;
	readonly deployment: string;
	/** `stopping`: its desired status is STOPPED, but containers of it still run. */
	readonly phase: 'pending' | 'running' | 'stopping';
	/** Counts towards the minimum: HEALTHY, or RUNNING for 40 s without a check. */
	readonly healthy: boolean;
	readonly unhealthy: boolean;
}

export type ServiceStep =
	| { readonly kind: 'start'; readonly deployment: string; readonly count: number }
	| { readonly kind: 'stop'; readonly why: 'scaling' | 'unhealthy'; readonly tasks: readonly string[] }
	| { readonly kind: 'fail'; readonly deployment: string; readonly rollbackTo: string | undefined }
	| { readonly kind: 'complete'; readonly deployment: string }
	| { readonly kind: 'steady' }
	| { readonly kind: 'blocked'; readonly deployment: string };

export function serviceSteps(view: ServiceView, now: number): readonly ServiceStep[] {
	const [primary] = view.deployments;
	if (tripped(view)) return [{ kind: 'fail', deployment: primary.id, rollbackTo: rollbackTarget(view) }];
	const stops = stopSteps(view);
	if (stops.length > 0) return stops;
	const starts = startSteps(view, now);
	return starts.length > 0 ? starts : settledSteps(view);
}

function tripped({ breaker, deployments: [primary] }: ServiceView): boolean {
	return breaker !== undefined && primary.rollout === 'IN_PROGRESS' && primary.failedTasks >= breaker.threshold;
}

function rollbackTarget({ breaker, deployments: [primary, ...older] }: ServiceView): string | undefined {
	if (breaker?.rollback !== true || primary.rollingBack) return undefined;
	return older.find((deployment) => deployment.completedOnce)?.id;
}

function startSteps(view: ServiceView, now: number): ServiceStep[] {
	const [primary] = view.deployments;
	const count = Math.min(wanted(view), room(view));
	if (count <= 0 || now < primary.nextStartAt) return [];
	return [{ kind: 'start', deployment: primary.id, count }];
}

/** Tasks that the PRIMARY lacks; an unhealthy one is to be replaced. A failed deployment starts none. */
function wanted(view: ServiceView): number {
	const [primary] = view.deployments;
	if (primary.rollout === 'FAILED') return 0;
	return view.desired - ours(view).filter((task) => !task.unhealthy).length;
}

/** A task takes its place until its containers have ended: with a maximum of 100 the new one never runs beside the old one. */
function room(view: ServiceView): number {
	return Math.floor((view.desired * view.maximumPercent) / 100) - view.tasks.length;
}

function stopSteps(view: ServiceView): ServiceStep[] {
	const own = ours(view);
	const surplus = worstFirst(own).slice(0, Math.max(0, own.length - allowedOurs(view)));
	const replaced = replaceableUnhealthy(view);
	const unhealthy = surplus.filter((task) => task.unhealthy);
	if (surplus.length === 0 && replaced !== undefined) unhealthy.push(replaced);
	const scaled = [...surplus.filter((task) => !task.unhealthy), ...stoppableOld(view)];
	return [...stopStep('unhealthy', unhealthy), ...stopStep('scaling', scaled)];
}

function stopStep(why: 'scaling' | 'unhealthy', tasks: readonly ServiceTaskView[]): ServiceStep[] {
	return tasks.length === 0 ? [] : [{ kind: 'stop', why, tasks: tasks.map(({ id }) => id) }];
}

/** While an unhealthy task waits for its replacement to be healthy, the PRIMARY has one more. */
function allowedOurs(view: ServiceView): number {
	const own = ours(view);
	const healthy = own.filter((task) => task.healthy).length;
	const waiting = own.filter((task) => task.unhealthy).length;
	return healthy >= view.desired ? view.desired : view.desired + waiting;
}

/** Old tasks that count for nothing, and as many healthy ones as the minimum allows. */
function stoppableOld(view: ServiceView): ServiceTaskView[] {
	const [primary] = view.deployments;
	if (primary.rollout === 'FAILED') return [];
	const old = live(view).filter((task) => task.deployment !== primary.id);
	const healthy = live(view).filter((task) => task.healthy).length;
	const lower = Math.ceil((view.desired * view.minimumHealthyPercent) / 100);
	const spare = Math.max(0, healthy - lower);
	return [...old.filter((task) => !task.healthy), ...old.filter((task) => task.healthy).slice(0, spare)];
}

/** First start, then stop, where the maximum allows; else one by one. */
function replaceableUnhealthy(view: ServiceView): ServiceTaskView | undefined {
	const unhealthy = ours(view).find((task) => task.unhealthy);
	const stopping = view.tasks.some((task) => task.phase === 'stopping');
	return unhealthy !== undefined && wanted(view) > 0 && room(view) <= 0 && !stopping ? unhealthy : undefined;
}

function settledSteps(view: ServiceView): ServiceStep[] {
	const [primary, ...older] = view.deployments;
	const own = ours(view);
	const settled = own.length === view.desired && live(view).length === own.length && own.every((task) => task.phase === 'running' && !task.unhealthy);
	if (settled && primary.rollout === 'IN_PROGRESS' && own.every((task) => task.healthy)) return [{ kind: 'complete', deployment: primary.id }];
	if (settled && primary.rollout === 'COMPLETED' && older.length === 0 && !view.steady) return [{ kind: 'steady' }];
	return blocked(view) ? [{ kind: 'blocked', deployment: primary.id }] : [];
}

function blocked(view: ServiceView): boolean {
	const [primary] = view.deployments;
	if (primary.saidBlocked || primary.rollout !== 'IN_PROGRESS' || wanted(view) <= 0 || room(view) > 0) return false;
	return view.tasks.every((task) => task.phase === 'running');
}

const live = (view: ServiceView) => view.tasks.filter((task) => task.phase !== 'stopping');
const ours = (view: ServiceView) => live(view).filter((task) => task.deployment === view.deployments[0].id);

const rank = (task: ServiceTaskView) => (task.unhealthy ? 0 : task.phase === 'pending' ? 1 : task.healthy ? 3 : 2);
const worstFirst = (tasks: readonly ServiceTaskView[]) => [...tasks].sort((a, b) => rank(a) - rank(b));
