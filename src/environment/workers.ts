import type { Task } from '@aws-sdk/client-ecs';
import type { Entries } from '../engine/state.ts';
import { hasEnded } from '../resources/task-failure.ts';
import { dagTaskOf } from '../resources/worker-task.ts';
import { endedOnPurpose, runningWorkers, Workers, type WorkersPlace } from '../resources/workers.ts';
import { keepDeaths } from './deaths.ts';
import type { Death, WorkersDocument } from './documents.ts';
import type { Options } from './options.ts';
import { taskStatus } from './running-tasks.ts';

type Where = Pick<Options, 'cwd' | 'aws' | 'config'>;

/** Where the environment's workers are started; undefined where its scheduler runs the tasks itself. */
export function recordedWorkers(own: Entries): WorkersPlace | undefined {
	const entry = Object.values(own).find(({ type }) => type === Workers.type);
	return entry?.outputs as WorkersPlace | undefined;
}

/** The tasks of DAGs that run as tasks of ECS now; null without the ECS executor. */
export async function workersStatus({ aws }: Where, own: Entries): Promise<WorkersDocument | null> {
	const place = recordedWorkers(own);
	if (!place) return null;
	const workers = (await runningWorkers(aws, place.cluster, place.family)).map((task) => ({ ...taskStatus(task), runs: dagTaskOf(task) ?? null }));
	const [oldest] = workers.toSorted((a, b) => (b.ageSeconds ?? 0) - (a.ageSeconds ?? 0));
	return { running: workers.length, oldest: oldest ?? null };
}

/** Keeps what AWS still shows of workers that died, and nobody has kept yet. */
export async function keepWorkerDeaths(where: Where, own: Entries, known: readonly Death[]): Promise<void> {
	const place = recordedWorkers(own);
	if (place) await keepDeaths(where, (await runningWorkers(where.aws, place.cluster, place.family, 'STOPPED')).filter(hasDied), known);
}

/** A task of a DAG that fails ends its worker with 1: its log tells of that. A worker itself dies of something else. */
function hasDied(task: Task): boolean {
	const { containers = [], stopCode } = task;
	const ordinary = stopCode === 'EssentialContainerExited' && containers.every(({ exitCode, reason }) => (exitCode === 0 || exitCode === 1) && reason === undefined);
	return hasEnded(task) && !ordinary && !endedOnPurpose(task);
}
