import type { Task } from '@aws-sdk/client-ecs';
import { lastPart } from '../../resources/ecs.ts';
import { runningWorkers } from '../../resources/workers.ts';
import { dagTaskOf } from '../../resources/worker-task.ts';
import { required } from '../../resources/support.ts';
import { naming } from '../../stacks/inputs.ts';
import { sharedScope } from '../../stacks/shared.ts';
import type { TaskInstance } from '../airflow-api.ts';
import { type Check, CheckFailed } from '../check.ts';
import { pageOf, runOf } from '../page-of.ts';
import type { Deployed, OwnRun } from '../session.ts';
import { waitFor } from '../waiting.ts';

/** Seconds after a run's end within which ECS tells the exit codes of its last workers. */
const patience = 60;

/** With the ECS executor: each task instance by the task of ECS that ran it, which was started for it and has the address that Airflow has of it. */
export function workers(dagId: string): Check {
	return {
		name: `workers:${dagId}`,
		proves: `each task of the run of ${dagId} ran as a task of ECS of its own`,
		needs: [`run:${dagId}`],
		async run(session) {
			const { deployed } = session;
			const own = runOf(session, dagId);
			const ran = (await pageOf(session).api.tasks(dagId, own.runId)).filter(({ hostname }) => hostname !== '');
			let matched: Match[] = [];
			const complete = await waitFor(session, { atMost: patience, every: 2 }, async () => {
				matched = matches(ran, own, await workersOfRun(deployed));
				return matched.every(({ worker }) => exitCodeOf(worker) !== undefined) ? true : undefined;
			});
			if (complete === undefined) throw unmatched(deployed, matched);
			const arns = new Set(matched.map(({ worker }) => worker?.taskArn));
			if (arns.size < matched.length) throw new CheckFailed(`${matched.length} tasks ran in ${arns.size} tasks of ECS`, { lines: matched.map(line) });
			return { detail: `${matched.length} task${matched.length === 1 ? '' : 's'} in as many tasks of ECS, ${exits(matched)}`, lines: matched.map(line) };
		},
	};
}

interface Match {
	readonly task: TaskInstance;
	readonly worker: Task | undefined;
}

async function workersOfRun({ config, ...deployed }: Deployed): Promise<Task[]> {
	const aws = required(deployed.aws);
	const names = naming({ config, place: aws });
	const [cluster, family] = [names.in(sharedScope).object('cluster'), names.in(config.environment).object('worker')];
	return (await Promise.all((['RUNNING', 'STOPPED'] as const).map((status) => runningWorkers(aws, cluster, family, status)))).flat();
}

/** Exported for its test. */
export function matches(tasks: readonly TaskInstance[], { dagId, runId }: Pick<OwnRun, 'dagId' | 'runId'>, workers: readonly Task[]): Match[] {
	const newestFirst = workers.toSorted((a, b) => (b.createdAt?.getTime() ?? 0) - (a.createdAt?.getTime() ?? 0));
	const ofRun = newestFirst.map((worker) => ({ worker, runs: dagTaskOf(worker) })).filter(({ runs }) => runs?.dagId === dagId && runs.runId === runId);
	return tasks.map((task) => ({
		task,
		worker: ofRun.find(({ worker, runs }) => runs?.taskId === task.task_id && runs.mapIndex === task.map_index && addressesOf(worker).includes(task.hostname))?.worker,
	}));
}

function addressesOf({ containers = [] }: Task): (string | undefined)[] {
	return containers.flatMap(({ networkInterfaces = [] }) => networkInterfaces.map(({ privateIpv4Address }) => privateIpv4Address));
}

function exitCodeOf(worker: Task | undefined): number | undefined {
	return worker?.containers?.find(({ name }) => name === 'worker')?.exitCode;
}

function exits(matched: readonly Match[]): string {
	const codes = [...new Set(matched.map(({ worker }) => exitCodeOf(worker)))];
	return codes.length === 1 ? `each with exit code ${codes[0]}` : `with the exit codes ${codes.join(', ')}`;
}

function line({ task, worker }: Match): string {
	const name = `${task.task_id}${task.map_index < 0 ? '' : `[${task.map_index}]`}, try ${task.try_number}`;
	return worker ? `${name}: ${worker.taskArn}, exit code ${exitCodeOf(worker) ?? 'not known'}` : `${name}: no task of ECS`;
}

function unmatched({ flags }: Deployed, matched: readonly Match[]): CheckFailed {
	const without = matched.filter(({ worker }) => worker === undefined);
	const open = matched.filter(({ worker }) => worker !== undefined && exitCodeOf(worker) === undefined);
	const what = without.length > 0
		? `no task of ECS was started for ${without.map(({ task }) => task.task_id).join(', ')} at the address where Airflow says that it ran`
		: `ECS does not tell how ${open.map(({ task, worker }) => `${task.task_id} (${lastPart(worker?.taskArn)})`).join(', ')} ended`;
	return new CheckFailed(what, { hint: `airflow-deploy logs scheduler${flags} --grep 'ECS task'`, lines: matched.map(line) });
}
