import type { DagRun, TaskInstance } from '../airflow-api.ts';
import { type Check, CheckFailed } from '../check.ts';
import { readable, readLines, streamOf } from '../log-lines.ts';
import { pageOf, runOf } from '../page-of.ts';
import type { OwnRun, Session } from '../session.ts';
import { waitFor } from '../waiting.ts';

/** Log lines that are shown of a task that failed. */
const shownLines = 30;

export function run(dagId: string): Check {
	return {
		name: `run:${dagId}`,
		proves: `a run of ${dagId} turns green`,
		needs: [`trigger:${dagId}`],
		async run(session) {
			const page = pageOf(session);
			const own = runOf(session, dagId);
			await page.openRun(dagId, own.runId);
			const left = Math.max(0, session.wishes.timeout - (Date.now() - own.since) / 1000);
			const ended = await waitFor(session, { atMost: left }, () => endedRun(session, own));
			const tasks = await page.api.tasks(dagId, own.runId);
			if (ended === undefined) throw await notEnded(session, own, tasks);
			own.ended = Date.now();
			if (ended.state !== 'success') throw await failed(session, own, tasks);
			await page.showsRun(dagId, own.runId, 'success');
			return { detail: `${tasks.length} task${tasks.length === 1 ? '' : 's'} in ${seconds(ended).toFixed(1)} s: ${tasks.map(({ task_id, state }) => (state === 'success' ? task_id : `${task_id} (${state})`)).join(', ')}` };
		},
	};
}

async function endedRun(session: Session, { dagId, runId }: OwnRun): Promise<DagRun | undefined> {
	const { api } = pageOf(session);
	const run = await api.run(dagId, runId);
	if (run === undefined) throw new CheckFailed(`run ${runId} of ${dagId} is gone: somebody has deleted it`);
	if (run.state === 'success' || run.state === 'failed') return run;
	const tasks = await api.tasks(dagId, runId);
	const done = tasks.filter(({ state }) => state === 'success').length;
	session.busy(`run:${dagId}: ${run.state}, ${done} of ${tasks.length} tasks done`);
	return undefined;
}

async function failed(session: Session, { dagId, runId }: OwnRun, tasks: readonly TaskInstance[]): Promise<CheckFailed> {
	const culprits = tasks.filter(({ state }) => state === 'failed').toSorted((a, b) => (a.end_date ?? '').localeCompare(b.end_date ?? ''));
	const [task] = culprits;
	if (task === undefined) return new CheckFailed(`run ${runId} of ${dagId} failed without a failed task: ${states(tasks)}`, { hint: `airflow-deploy logs scheduler${session.deployed.flags}` });
	const others = culprits.length > 1 ? `, and ${culprits.length - 1} more` : '';
	const lines = await lastLines(session, dagId, runId, task);
	const error = lines.findLast((line) => /^(\w+\.)*\w*(Error|Exception|Interrupt|Exit)\b/.test(line));
	return new CheckFailed(`task ${task.task_id} of ${dagId} failed in try ${task.try_number}${others}${error === undefined ? '' : `: ${error}`}`, { hint: logsCommand(session, dagId, task), lines });
}

async function notEnded(session: Session, { dagId, runId }: OwnRun, tasks: readonly TaskInstance[]): Promise<CheckFailed> {
	const { timeout } = session.wishes;
	const dag = await pageOf(session).api.dag(dagId);
	if (dag?.is_paused === true) return new CheckFailed(`run ${runId} of ${dagId} has not ended: somebody has paused the DAG meanwhile`);
	const task = tasks.find(({ state }) => state === 'running') ?? tasks.find(({ state }) => state === 'up_for_retry');
	const what = task === undefined ? states(tasks) : `task ${task.task_id} is ${task.state?.replaceAll('_', ' ')}${task.state === 'running' && task.start_date !== null ? ` for ${Math.round((Date.now() - Date.parse(task.start_date)) / 1000)} s` : ''}`;
	return new CheckFailed(`run ${runId} of ${dagId} has not ended within ${timeout} s: ${what}`, {
		hint: `a longer --timeout, e.g. airflow-deploy validate${session.deployed.flags} --dag ${dagId} --timeout ${timeout * 5}`,
		lines: task === undefined ? [] : await lastLines(session, dagId, runId, task),
	});
}

/** They reach CloudWatch some seconds late; the web page has them where CloudWatch has none. */
async function lastLines(session: Session, dagId: string, runId: string, task: TaskInstance): Promise<string[]> {
	const since = runOf(session, dagId).since - 60_000;
	const found = await waitFor(session, { atMost: 8 }, async () => {
		const lines = await readLines(session.deployed, 'task', { since, streamPrefix: streamOf(dagId, runId, task) });
		return lines.length > 0 ? readable(lines) : undefined;
	}).catch(() => undefined);
	if (found !== undefined) return found.slice(-shownLines);
	const shown = await pageOf(session).api.log(dagId, runId, task).catch(() => '');
	return shown.trim().split('\n').slice(-shownLines);
}

function logsCommand({ deployed }: Session, dagId: string, { task_id }: TaskInstance): string {
	return `airflow-deploy logs task${deployed.flags} --dag ${dagId} --task ${task_id}`;
}

function states(tasks: readonly TaskInstance[]): string {
	return tasks.map(({ task_id, state }) => `${task_id} ${state ?? 'not scheduled yet'}`).join(', ') || 'no task was made';
}

function seconds({ start_date, end_date }: DagRun): number {
	return start_date === null || end_date === null ? 0 : (Date.parse(end_date) - Date.parse(start_date)) / 1000;
}
