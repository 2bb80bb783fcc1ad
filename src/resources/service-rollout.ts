import { ECSClient, type Service, type Task, UpdateServiceCommand } from '@aws-sdk/client-ecs';
import { accountNotOpened, isAccountBlocked } from '../aws/account-errors.ts';
import type { Aws } from '../aws/clients.ts';
import type { Context } from '../engine/resource.ts';
import { UserError } from '../errors.ts';
import { keepDeath } from './death-record.ts';
import { describeService, findTasks, lastPart } from './ecs.ts';
import { hasYoungRoles, mayPass } from './permissions-lag.ts';
import { goBack } from './service-rollback.ts';
import { deploymentOf, judge, startsIn, troubleIn, type Wanted } from './service-verdict.ts';
import { required, until } from './support.ts';
import { classifyEvent } from './task-death.ts';
import { deathLine, deathReport, hasEnded, type TaskDeath } from './task-failure.ts';

/** Seconds that ECS gets to end a deployment itself after three tasks have died, which is where its circuit breaker trips. */
const grace = 60;
/** Seconds between two looks: a death is to be told within five seconds. */
const every = 4;
/** Seconds within which AWS shows a new deployment. */
const visibility = 60;

interface Rollout {
	readonly cluster: string;
	readonly name: string;
	wanted: Wanted;
	/** Whether AWS has shown the deployment. */
	seen: boolean;
	/** When it began, by AWS's clock. */
	since: Date | undefined;
	/** When the third task had died, milliseconds. */
	dying: number | undefined;
	/** Where the deployment was found under way, the dead tasks of the first look died before this run, perhaps of what has been corrected since. */
	looked: boolean;
	/** Its tasks that ran or were starting at the last look. */
	alive: number;
	suspect: boolean;
	/** The revision that ran before and still can: what ECS goes back to. */
	fallback: string | undefined;
	began: number;
	/** By task ARN: an ended task does not change any more. */
	readonly deaths: Map<string, TaskDeath>;
}

/**
 * Waits until the revision that was asked for runs alone and its rollout is COMPLETED.
 * @param begun whether this run started it, or it was found under way
 * @param isFirst whether the service has just been made: then nothing can go back before it is seen, and no look is lost
 * @returns the id of the deployment that completed
 * @throws UserError `DeploymentFailed` with what AWS tells about the dead tasks; after a rollback too
 */
export async function untilDeployed(ctx: Context<Aws>, service: { cluster: string; name: string }, wanted: Wanted, { begun, isFirst }: { begun: boolean; isFirst: boolean }): Promise<string> {
	const rollout: Rollout = { ...service, wanted, seen: false, since: undefined, dying: undefined, looked: begun, alive: 0, suspect: false, fallback: undefined, began: Date.now(), deaths: new Map() };
	await until(ctx, () => look(ctx, rollout), `${service.name} to run ${lastPart(wanted.taskDefinition)}`, { every, first: isFirst ? every : 0, atMost: 2700 });
	return rollout.wanted.deployment;
}

async function look(ctx: Context<Aws>, rollout: Rollout): Promise<boolean | string> {
	const service = await describeService(ctx.aws, rollout.cluster, rollout.name);
	if (!service) return missing(rollout);
	observe(service, rollout);
	const verdict = judge(service, rollout.wanted, rollout.seen || Date.now() - rollout.began > visibility * 1000);
	if (verdict.state === 'completed') return true;
	const [blocked] = troubleIn(service, rollout.since).filter(isAccountBlocked);
	if (blocked !== undefined) throw accountNotOpened('Fargate', blocked);
	const mayShow = verdict.state === 'failed' || !rollout.looked || tellsOfDeath(service, rollout);
	const deaths = mayShow ? await deadTasks(ctx.aws, rollout) : [];
	if (verdict.state === 'failed') return conclude(ctx, rollout, service, verdict.why, deaths);
	const first = !rollout.looked;
	rollout.looked = true;
	const [death] = deaths;
	if (!death) return [verdict.note, ...shortage(service, rollout)].join('; ');
	if (first) return deployAgain(ctx, rollout, 'deploying again, its tasks died before this run');
	return judgeDeaths(ctx, rollout, service, deaths.length, await describe(ctx, rollout, death), verdict.note);
}

/** Whether a task of the deployment has died: tasks are listed from then on, and not before, to save the calls. */
function tellsOfDeath(service: Service, rollout: Rollout): boolean {
	const { failedTasks = 0, runningCount = 0, pendingCount = 0 } = deploymentOf(service, rollout.wanted) ?? {};
	const alive = runningCount + pendingCount;
	const starts = startsIn(service, rollout.since);
	rollout.suspect ||= failedTasks > 0 || alive < rollout.alive || starts > 1 || alive < starts;
	rollout.alive = alive;
	return rollout.suspect;
}

/** Where there is no room, no task dies: only the service's newest event tells, and the next one that it is over. */
function shortage(service: Service, { since }: Rollout): string[] {
	const newest = service.events?.[0]?.message;
	const verdict = newest === undefined || !troubleIn(service, since).includes(newest) ? undefined : classifyEvent(newest);
	return verdict?.class === 'no-capacity' ? [`${verdict.cause}: ${verdict.fix}`] : [];
}

function missing({ name, began }: Rollout): string {
	if (Date.now() - began < visibility * 1000) return `waiting for ECS to show the service ${name}`;
	throw new UserError('DeploymentFailed', `the service ${name} is gone: somebody deleted it`, { hint: 'run the same command again to make it anew' });
}

function observe(service: Service, rollout: Rollout): void {
	const ours = deploymentOf(service, rollout.wanted);
	if (ours) {
		rollout.seen = true;
		rollout.since ??= ours.createdAt;
		rollout.wanted = { ...rollout.wanted, deployment: required(ours.id) };
	}
	// One that never ran is nothing to go back to.
	const ran = service.deployments?.find(({ taskDefinition, rolloutState, runningCount = 0 }) => taskDefinition !== rollout.wanted.taskDefinition && (rolloutState === 'COMPLETED' || runningCount > 0));
	rollout.fallback ??= ran?.taskDefinition;
}

/** Newest first. What ECS stops because it is not needed any more has not died. */
async function deadTasks(aws: Aws, { cluster, name, wanted }: Rollout): Promise<Task[]> {
	const stopped = await findTasks(aws, { cluster, serviceName: name, desiredStatus: 'STOPPED' });
	return stopped
		.filter((task) => hasEnded(task) && task.startedBy === wanted.deployment && !task.stoppedReason?.startsWith('Scaling activity initiated by'))
		.toSorted((a, b) => (b.stoppingAt ?? b.stoppedAt ?? new Date()).getTime() - (a.stoppingAt ?? a.stoppedAt ?? new Date()).getTime());
}

/** A death is told, and kept, once. */
async function describe(ctx: Context<Aws>, { deaths, name }: Rollout, task: Task): Promise<TaskDeath> {
	const known = deaths.get(task.taskArn ?? '');
	if (known) return known;
	const death = await keepDeath(ctx, task);
	deaths.set(death.taskArn, death);
	ctx.note(`a task of ${name} died (${death.verdict.class}): ${death.verdict.cause}`, 'lasting');
	return death;
}

/**
 * The first death ends the wait, unless the next try may go better by itself: then ECS's own tries are waited for, to the
 * third. Where an older revision can run, ECS is told to go back to it at once, instead of after its own three tries.
 */
async function judgeDeaths(ctx: Context<Aws>, rollout: Rollout, service: Service, count: number, death: TaskDeath, note: string): Promise<string> {
	if (mayPass(deathLine(death)) && (await hasYoungRoles(ctx.aws, rollout.wanted.taskDefinition))) return `${note}; ${tally(count)} died, the roles are new: ${deathLine(death)}`;
	const { passes, cause } = death.verdict;
	if (count >= 3) rollout.dying ??= Date.now();
	const certain = !passes || (rollout.dying !== undefined && Date.now() - rollout.dying > grace * 1000);
	if (!certain) return `${note}; ${tally(count)} died: ${cause}`;
	if (rollout.fallback !== undefined) await goBack(ctx, rollout);
	throw failure(rollout, await rolledBack(ctx, rollout, service), cause, death);
}

const tally = (count: number): string => (count === 1 ? 'a task' : `${count} tasks`);

async function conclude(ctx: Context<Aws>, rollout: Rollout, service: Service, why: string, deaths: readonly Task[]): Promise<string> {
	const described = deaths[0] && (await describe(ctx, rollout, deaths[0]));
	if (described && mayPass(deathLine(described)) && (await hasYoungRoles(ctx.aws, rollout.wanted.taskDefinition))) return deployAgain(ctx, rollout, `deploying again, the roles were too new: ${deathLine(described)}`);
	throw failure(rollout, await rolledBack(ctx, rollout, service), described ? `${described.verdict.cause} (${why})` : why, described);
}

/** Where ECS's own three tries are used up, or it waits longer and longer between them. */
async function deployAgain(ctx: Context<Aws>, rollout: Rollout, why: string): Promise<string> {
	const { cluster, name: service, wanted } = rollout;
	const again = new UpdateServiceCommand({ cluster, service, taskDefinition: wanted.taskDefinition, forceNewDeployment: true });
	const answer = await ctx.aws.client(ECSClient).send(again);
	const deployment = answer.service?.deployments?.find(({ status }) => status === 'PRIMARY')?.id;
	Object.assign(rollout, { wanted: { ...wanted, deployment: required(deployment) }, seen: false, since: undefined, dying: undefined, began: Date.now() });
	return why;
}

/** Waits until ECS runs the former revision again, so that what is reported stays true. */
async function rolledBack(ctx: Context<Aws>, { cluster, name, wanted, fallback }: Rollout, failed: Service): Promise<Service> {
	let service = failed;
	if (fallback === undefined) return service;
	const back = async (): Promise<boolean | string> => {
		service = (await describeService(ctx.aws, cluster, name)) ?? service;
		const primary = service.deployments?.find(({ status }) => status === 'PRIMARY');
		const runs = primary?.taskDefinition !== wanted.taskDefinition && primary?.rolloutState === 'COMPLETED' && primary.runningCount === service.desiredCount;
		return runs || `the new revision failed: waiting for ECS to go back to ${lastPart(fallback)}`;
	};
	await until(ctx, back, `ECS to go back to ${lastPart(fallback)}`, { every, atMost: 900 }).catch((error: unknown) => {
		if (!(error instanceof UserError)) throw error;
	});
	return service;
}

function failure(rollout: Rollout, service: Service, why: string, death: TaskDeath | undefined): UserError {
	const lines = [
		`${lastPart(rollout.wanted.taskDefinition)} was not deployed: ${why}`,
		fate(rollout, service),
		death ? deathReport(death) : '',
		...troubleIn(service, rollout.since).map((message) => `ECS: ${message}`),
	];
	return new UserError('DeploymentFailed', lines.filter(Boolean).join('\n'), { hint: death?.verdict.fix ?? 'mend it, then run the same command again' });
}

function fate({ wanted }: Rollout, { deployments = [] }: Service): string {
	const old = deployments.find(({ taskDefinition, runningCount = 0 }) => taskDefinition !== wanted.taskDefinition && runningCount > 0);
	return old ? `${lastPart(old.taskDefinition)}, the revision before, runs` : 'no task of the service runs';
}
