import type { Clock } from './dependencies.ts';
import { addEvent, completeDeployment, failDeployment } from './deployments.ts';
import { breakerThreshold, healthyAfterSeconds, startDelay } from './model/failures.ts';
import { serviceSteps, type ServiceStep, type ServiceTaskView, type ServiceView } from './model/service.ts';
import { type Deployment, primaryOf, type Service } from './service.ts';
import { healthOf, type StopCode, type Task } from './task.ts';

/** What the loop of a service does to the world. */
export interface ServiceWorld {
	readonly clock: Clock;
	/** Every task of the service that is not forgotten, stopped ones too. */
	tasksOf(service: Service): readonly Task[];
	/** @returns undefined where no capacity of the service's launch type exists here */
	launch(service: Service, deployment: Deployment): Task | undefined;
	stop(task: Task, stopCode: StopCode, reason: string): void;
	/** The first role of the deployment's tasks that ECS cannot assume. */
	refusedRole(deployment: Deployment): Promise<string | undefined>;
	/** Has the loop look again, soon. */
	settle(service: Service): void;
}

/** Between two attempts with a role that cannot be assumed, in ms: a new role takes some seconds to be known. */
const roleRetryMilliseconds = 10_000;

/** One look at a service: notes what its tasks did, then does what is due until nothing is. Sets a timer where time alone will change something. */
export function runService(service: Service, world: ServiceWorld): void {
	service.cancelWake?.();
	service.cancelWake = undefined;
	if (service.status === 'INACTIVE') return;
	for (const task of world.tasksOf(service)) noteTask(service, task, world.clock.now());
	if (service.status === 'DRAINING') return drain(service, world);
	while (applySteps(service, serviceSteps(viewOf(service, world), world.clock.now()), world));
	wakeLater(service, world);
}

/** How it looks to clients and to the loop: `undefined` once its containers have ended. */
export function phaseOf(task: Task): ServiceTaskView['phase'] | undefined {
	if (task.lastStatus === 'DEPROVISIONING' || task.lastStatus === 'STOPPED') return undefined;
	if (task.desiredStatus === 'STOPPED') return 'stopping';
	return task.lastStatus === 'RUNNING' ? 'running' : 'pending';
}

function noteTask(service: Service, task: Task, now: number): void {
	const deployment = task.request.service?.deployment;
	if (deployment === undefined) return;
	if (!task.noted.healthy && countsAsHealthy(task, now)) noteHealthy(service, task, deployment);
	if (task.desiredStatus === 'STOPPED' && !task.noted.ended) noteEnd(service, task, deployment, now);
}

function noteHealthy(service: Service, task: Task, deployment: Deployment): void {
	task.noted.healthy = true;
	Object.assign(deployment, { failuresInARow: 0, nextStartAt: 0 });
	if (service.configuration.deploymentCircuitBreaker?.resetOnHealthyTask !== false) deployment.failedTasks = 0;
}

/**
 * A task failed if it ended by itself before it ever counted as healthy, or was stopped for its checks. One that its
 * service or a user stopped did not. (A crash right after RUNNING trips the circuit breaker on AWS too.)
 */
function noteEnd(service: Service, task: Task, deployment: Deployment, now: number): void {
	task.noted.ended = true;
	service.steady = false;
	const byItself = task.stopCode === 'EssentialContainerExited' || task.stopCode === 'TaskFailedToStart';
	const failed = byItself ? !task.noted.healthy : task.stoppedReason === failedChecks;
	if (failed) noteFailure(service, deployment, now, startDelay(deployment.failuresInARow + 1));
}

function noteFailure(service: Service, deployment: Deployment, now: number, delay: number): void {
	deployment.failuresInARow += 1;
	if (deployment.rollout === 'IN_PROGRESS') deployment.failedTasks += 1;
	deployment.nextStartAt = now + delay;
	if (deployment.failuresInARow === 3) addEvent(service, 'is unable to consistently start tasks successfully.', now);
}

function countsAsHealthy(task: Task, now: number): boolean {
	if (task.lastStatus !== 'RUNNING' || task.desiredStatus !== 'RUNNING') return false;
	return isChecked(task) ? healthOf(task) === 'HEALTHY' : now >= healthyAt(task);
}

const isChecked = (task: Task) => task.containers.some(({ definition }) => definition.essential && definition.healthCheck !== undefined);
const healthyAt = (task: Task) => (task.times.startedAt ?? Number.POSITIVE_INFINITY) + healthyAfterSeconds * 1000;

function viewOf(service: Service, world: ServiceWorld): ServiceView {
	const [primary, ...older] = service.deployments;
	const { deploymentCircuitBreaker: breaker, maximumPercent, minimumHealthyPercent } = service.configuration;
	return {
		desired: service.desiredCount,
		minimumHealthyPercent,
		maximumPercent,
		breaker: breaker?.enable === true ? { threshold: breakerThreshold(breaker, service.desiredCount), rollback: breaker.rollback } : undefined,
		deployments: [primary ?? primaryOf(service), ...older],
		tasks: world.tasksOf(service).flatMap((task) => taskView(task, world.clock.now())),
		steady: service.steady,
	};
}

function taskView(task: Task, now: number): ServiceTaskView[] {
	const phase = phaseOf(task);
	const deployment = task.request.service?.deployment.id;
	if (phase === undefined || deployment === undefined) return [];
	return [{ id: task.id, deployment, phase, healthy: countsAsHealthy(task, now), unhealthy: healthOf(task) === 'UNHEALTHY' }];
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
	const unhealthy = world.tasksOf(service).filter((task) => phaseOf(task) === 'running' && healthOf(task) === 'UNHEALTHY').length;
	const tasks = Array.from({ length: count }, () => world.launch(service, deployment)).filter((task) => task !== undefined);
	service.steady = false;
	if (tasks.length === 0) {
		addEvent(service, 'was unable to place a task because no container instance met all of its requirements. Reason: No Container Instances were found in your cluster.', now);
		noteFailure(service, deployment, now, roleRetryMilliseconds);
		return true;
	}
	const replaced = Math.min(unhealthy, tasks.length);
	addEvent(service, `has started ${tasks.length} tasks: ${named(tasks)}.${replaced === 0 ? '' : ` Amazon ECS replaced ${replaced} tasks due to an unhealthy status.`}`, now);
	return true;
}

async function askForRoles(service: Service, deployment: Deployment, world: ServiceWorld): Promise<void> {
	deployment.roles = 'asking';
	const refused = await world.refusedRole(deployment);
	deployment.roles = refused === undefined ? 'assumable' : 'unknown';
	if (refused !== undefined) {
		const now = world.clock.now();
		addEvent(service, `failed to launch a task with (error ${roleRefusal(refused)}).`, now);
		noteFailure(service, deployment, now, roleRetryMilliseconds);
	}
	world.settle(service);
}

/** What RunTask and service events say of a role that is missing or does not trust ECS. */
export function roleRefusal(roleArn: string): string {
	return `ECS was unable to assume the role '${roleArn}' that was provided for this task. Please verify that the role being passed has the proper trust relationship and permissions and that your IAM user has permissions to pass this role.`;
}

const failedChecks = 'Task failed container health checks';

function stopTasks(service: Service, step: Extract<ServiceStep, { kind: 'stop' }>, world: ServiceWorld): void {
	const tasks = world.tasksOf(service).filter(({ id }) => step.tasks.includes(id));
	const reason = step.why === 'unhealthy' ? failedChecks : `Scaling activity initiated by (deployment ${primaryOf(service).id})`;
	if (step.why === 'unhealthy') for (const task of tasks) addEvent(service, `(task ${task.id}) failed container health checks.`, world.clock.now());
	stopAndTell(service, tasks, reason, world);
}

function stopAndTell(service: Service, tasks: readonly Task[], reason: string, world: ServiceWorld): void {
	const running = tasks.filter((task) => phaseOf(task) === 'running');
	const pending = tasks.length - running.length;
	for (const task of tasks) world.stop(task, 'ServiceSchedulerInitiated', reason);
	for (const task of tasks) noteTask(service, task, world.clock.now());
	if (running.length > 0) addEvent(service, `has stopped ${running.length} running tasks: ${named(running)}.`, world.clock.now());
	if (pending > 0) addEvent(service, `stopped ${pending} pending tasks.`, world.clock.now());
}

const named = (tasks: readonly Task[]) => tasks.map(({ id }) => `(task ${id})`).join(' ');

/** DRAINING until every task is STOPPING or STOPPED; its network interfaces live on for a while. */
function drain(service: Service, world: ServiceWorld): void {
	const present = world.tasksOf(service).filter((task) => phaseOf(task) !== undefined);
	const live = present.filter((task) => task.desiredStatus === 'RUNNING');
	if (live.length > 0) stopAndTell(service, live, `Scaling activity initiated by (deployment ${primaryOf(service).id})`, world);
	if (present.some((task) => task.lastStatus !== 'STOPPING')) return;
	service.status = 'INACTIVE';
	service.deployments = [];
}

function wakeLater(service: Service, world: ServiceWorld): void {
	const now = world.clock.now();
	const unchecked = world.tasksOf(service).filter((task) => phaseOf(task) === 'running' && !isChecked(task));
	const times = [primaryOf(service).nextStartAt, ...unchecked.map(healthyAt)].filter((time) => time > now);
	if (times.length === 0) return;
	service.cancelWake = world.clock.setTimer(Math.min(...times) - now, () => world.settle(service));
}
