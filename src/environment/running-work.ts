import type { Aws } from '../aws/clients.ts';
import type { PlannedChange } from '../engine/engine.ts';
import type { Entries } from '../engine/state.ts';
import { runningWorkers, Workers, workersPatience, workerText } from '../resources/workers.ts';
import { serviceWith } from './components.ts';
import { recordedWorkers } from './workers.ts';

/** Workers that are named; more are counted. */
const named = 3;

/**
 * What the changes do to tasks of DAGs that run, a line each: what is ended, and what goes on.
 * @param own what is recorded of the environment
 */
export async function workAffected(aws: Aws, own: Entries, changes: readonly PlannedChange[]): Promise<string[]> {
	const scheduler = serviceWith(own, 'scheduler');
	const replaced = changes.some(({ key, action }) => own[key] === scheduler && scheduler !== undefined && (action === 'update' || action === 'replace' || action === 'delete'));
	const place = recordedWorkers(own);
	if (!place) return replaced ? [`the scheduler is replaced: what it runs has ${workersPatience} s to end, and what runs longer is killed and tried again by its own retries`] : [];
	const running = await runningWorkers(aws, place.cluster, place.family);
	const goes = changes.some(({ type, action }) => type === Workers.type && action === 'delete');
	if (running.length === 0) return goes || replaced ? ['no worker runs now: the change ends nothing'] : [];
	const names = [...running.slice(0, named).map(workerText), ...(running.length > named ? [`${running.length - named} more`] : [])].join('; ');
	const workers = `${running.length === 1 ? 'a worker runs' : `${running.length} workers run`} now (${names})`;
	if (goes) return [`the workers go: ${workers}; each has ${workersPatience} s to end, and is stopped then and tried again by its own retries`];
	if (!replaced) return [];
	// In a branch the databases are in the scheduler's own task.
	const lost = own['service-airflow'] !== undefined;
	return [`the scheduler is replaced${lost ? ' with its database' : ''}: ${workers}; ${lost ? 'they lose it, end within about five minutes, and are tried again by their own retries' : 'they go on, and the next scheduler takes them over'}`];
}
