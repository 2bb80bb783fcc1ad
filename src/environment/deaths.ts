import { readFile } from 'node:fs/promises';
import { relative } from 'node:path';
import type { Task } from '@aws-sdk/client-ecs';
import { type DeathRecord, keepDeath } from '../resources/death-record.ts';
import { findTasks, lastPart } from '../resources/ecs.ts';
import { hasEnded } from '../resources/task-failure.ts';
import { deathFiles, keepDeathFile } from './death-files.ts';
import type { Death } from './documents.ts';
import type { Options } from './options.ts';

type Where = Pick<Options, 'cwd' | 'aws' | 'config'>;

/** Records that are read, newest first: enough to find the last one of each service. */
const readBack = 40;
/** Of one service, in one look. */
const keptAtOnce = 5;

/** Deaths of the environment's tasks that are kept here, newest first, since a time (ISO 8601). */
export async function keptDeaths(where: Where, since: string): Promise<Death[]> {
	const newest = (await deathFiles(where)).slice(0, readBack);
	const records = await Promise.all(newest.map(async (path) => read(path, where)));
	return records.flatMap((record) => record ?? []).filter(({ at }) => at >= since);
}

/** Keeps what AWS still shows of a service's dead tasks and nobody has kept yet. */
export async function keepNewDeaths(where: Where, service: { cluster: string; name: string }, known: readonly Death[]): Promise<void> {
	const stopped = await findTasks(where.aws, { cluster: service.cluster, serviceName: service.name, desiredStatus: 'STOPPED' });
	await keepDeaths(where, stopped.filter(hasDied), known);
}

/** Keeps those of these dead tasks that nobody has kept yet. */
export async function keepDeaths(where: Where, died: readonly Task[], known: readonly Death[]): Promise<void> {
	const { aws, config } = where;
	const ids = new Set(known.map(({ task }) => task));
	const fresh = died.filter(({ taskArn }) => !ids.has(lastPart(taskArn))).slice(0, keptAtOnce);
	const context = { aws, scope: config.environment, keep: (name: string, document: object) => keepDeathFile(where, name, document) };
	for (const task of fresh) await keepDeath(context, task);
}

/** What ECS stops because it is not needed any more has not died. */
function hasDied(task: Task): boolean {
	return hasEnded(task) && task.stoppedReason?.startsWith('Scaling activity initiated by') !== true;
}

async function read(path: string, { cwd, config }: Where): Promise<Death | undefined> {
	try {
		const { environment, service, verdict, task } = JSON.parse(await readFile(path, 'utf8')) as Stored;
		if (environment !== config.environment) return undefined;
		const at = task.stoppedAt ?? task.executionStoppedAt ?? task.stoppingAt ?? '';
		return {
			service,
			task: lastPart(task.taskArn),
			taskDefinition: lastPart(task.taskDefinitionArn),
			at,
			ageSeconds: Math.max(0, Math.round((Date.now() - Date.parse(at)) / 1000)),
			class: verdict.class,
			cause: verdict.cause,
			fix: verdict.fix,
			reason: task.stoppedReason ?? null,
			record: relative(cwd, path),
		};
	} catch {
		// Written by another version, or cut short by a crash.
		return undefined;
	}
}

/** Dates are text in JSON. */
type Stored = Omit<DeathRecord, 'task'> & { task: Omit<Task, 'stoppedAt' | 'executionStoppedAt' | 'stoppingAt'> & Partial<Record<'stoppedAt' | 'executionStoppedAt' | 'stoppingAt', string>> };
