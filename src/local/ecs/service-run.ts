import type { Clock } from './dependencies.ts';
import { addEvent, completeDeployment, failDeployment } from './deployments.ts';
import { serviceSteps, type ServiceStep } from './model/service.ts';
import { failedChecksOf, noteFailure, noteTask } from './service-failures.ts';
import { askForRoles, retryMilliseconds } from './service-roles.ts';
import { graceEnds, healthyAt, isChecked, isUnhealthy, phaseOf, viewOf } from './service-tasks.ts';
import { type Deployment, primaryOf, type Service } from './service.ts';
import type { StopCode, Task } from './task.ts';

/** What the loop of a service does to the world. */
export interface ServiceWorld {
	readonly clock: Clock;
	/** Every task of the service that is not forgotten, stopped ones too. */
	tasksOf(service: Service): readonly Task[];
	/** @returns the event that says why none could be placed, where that is so */
	launch(service: Service, deployment: Deployment): Task | string;
	stop(task: Task, stopCode: StopCode, reason: string): void;
	/** The first role of the deployment's tasks that ECS cannot assume. */
	refusedRole(deployment: Deployment): Promise<string | undefined>;
	/** Has the loop look again, soon. */
	settle(service: Service): void;
}

/** One look at a service: notes what its tasks did, then does what is due until nothing is. Sets a timer where time alone will change something. */
export function runService(service: Service, world: ServiceWorld): void {
	service.cancelWake?.();
	service.cancelWake = undefined;
	if (service.status === 'INACTIVE') return;
	for (const task of world.tasksOf(service)) noteTask(service, task, world.clock.now());
	if (service.status === 'DRAINING') return drain(service, world);
	while (applySteps(service, stepsOf(service, world), world));
	wakeLater(service, world);
}

function stepsOf(service: Service, world: ServiceWorld): readonly ServiceStep[] {
	const now = world.clock.now();
	return serviceSteps(viewOf(service, world.tasksOf(service), now), now);
}

/** @returns whether anything was done, so that it is worth looking again */
function applySteps(service: Service, steps: readonly ServiceStep[], world: ServiceWorld): boolean {
	return steps.map((step) => applyStep(service, step, world)).includes(true);
}

function applyStep(service: Service, step: ServiceStep, world: ServiceWorld): boolean {
	if (step.kind === 'start') return startTasks(service, step.count, world);
	carryOut(service, step, world);
	return true;
}

function carryOut(service: Service, step: Exclude<ServiceStep, { kind: 'start' }>, world: ServiceWorld): void {
	const now = world.clock.now();
	const say = (text: string) => addEvent(service, text, now);
	switch (step.kind) {
		case 'stop':
			stopTasks(service, step, world);
			break;
		case 'fail':
			failDeployment(service, step.rollbackTo, now);
			say(`(deployment ${step.deployment}) deployment failed: tasks failed to start.`);
			if (step.rollbackTo !== undefined) say(`rolling back to deployment ${step.rollbackTo}.`);
			break;
		case 'complete':
			completeDeployment(service, now);
			say(`(deployment ${step.deployment}) deployment completed.`);
			break;
		case 'steady':
			service.steady = true;
			say('has reached a steady state.');
			break;
		case 'blocked':
			primaryOf(service).saidBlocked = true;
			say(blockedText);
	}
}

const blockedText =
	'was unable to stop or start tasks during a deployment because of the service deployment configuration. Update the minimumHealthyPercent or maximumPercent value and try again.';

function startTasks(service: Service, count: number, world: ServiceWorld): boolean {
	const deployment = primaryOf(service);
	const now = world.clock.now();
	if (deployment.roles !== 'assumable') {
		if (deployment.roles === 'unknown') void askForRoles(service, deployment, world);
		return false;
	}
	const unhealthy = world.tasksOf(service).filter((task) => phaseOf(task) === 'running' && isUnhealthy(task, now)).length;
	const launched = Array.from({ length: count }, () => world.launch(service, deployment));
	const tasks = launched.filter((task) => typeof task !== 'string');
	const refused = launched.find((task) => typeof task === 'string');
	service.steady = false;
	if (refused !== undefined) addEvent(service, refused, now);
	if (tasks.length === 0) {
		noteFailure(service, deployment, now, retryMilliseconds);
		return true;
	}
	const replaced = Math.min(unhealthy, tasks.length);
	addEvent(service, `has started ${tasks.length} tasks: ${named(tasks)}.${replaced === 0 ? '' : ` Amazon ECS replaced ${replaced} tasks due to an unhealthy status.`}`, now);
	return true;
}

function stopTasks(service: Service, step: Extract<ServiceStep, { kind: 'stop' }>, world: ServiceWorld): void {
	const tasks = world.tasksOf(service).filter(({ id }) => step.tasks.includes(id));
	const scaling = `Scaling activity initiated by (deployment ${primaryOf(service).id})`;
	const reasonOf = step.why === 'unhealthy' ? failedChecksOf : () => scaling;
	if (step.why === 'unhealthy') for (const task of tasks) addEvent(service, `(task ${task.id}) ${failedChecksOf(task).replace(/^Task /, '')}.`, world.clock.now());
	stopAndTell(service, tasks, reasonOf, world);
}

function stopAndTell(service: Service, tasks: readonly Task[], reasonOf: (task: Task) => string, world: ServiceWorld): void {
	const running = tasks.filter((task) => phaseOf(task) === 'running');
	const pending = tasks.length - running.length;
	for (const task of tasks) world.stop(task, 'ServiceSchedulerInitiated', reasonOf(task));
	for (const task of tasks) noteTask(service, task, world.clock.now());
	if (running.length > 0) addEvent(service, `has stopped ${running.length} running tasks: ${named(running)}.`, world.clock.now());
	if (pending > 0) addEvent(service, `stopped ${pending} pending tasks.`, world.clock.now());
}

const named = (tasks: readonly Task[]) => tasks.map(({ id }) => `(task ${id})`).join(' ');

/** DRAINING until every task is STOPPING or STOPPED; its network interfaces live on for a while. */
function drain(service: Service, world: ServiceWorld): void {
	const present = world.tasksOf(service).filter((task) => phaseOf(task) !== undefined);
	const live = present.filter((task) => task.desiredStatus === 'RUNNING');
	if (live.length > 0) stopAndTell(service, live, () => `Scaling activity initiated by (deployment ${primaryOf(service).id})`, world);
	if (present.some((task) => task.lastStatus !== 'STOPPING')) return;
	service.status = 'INACTIVE';
	service.deployments = [];
}

function wakeLater(service: Service, world: ServiceWorld): void {
	const now = world.clock.now();
	const unchecked = world.tasksOf(service).filter((task) => phaseOf(task) === 'running' && !isChecked(task));
	const inGrace = world.tasksOf(service).filter((task) => phaseOf(task) === 'running' && task.balanced === 'unhealthy');
	const times = [primaryOf(service).nextStartAt, ...unchecked.map(healthyAt), ...inGrace.map(graceEnds)].filter((time) => time > now);
	if (times.length === 0) return;
	service.cancelWake = world.clock.setTimer(Math.min(...times) - now, () => world.settle(service));
}
