import type { DagRun, TaskInstance } from '../airflow-api.ts';
import { type Check, CheckFailed } from '../check.ts';
import { pageOf, runOf } from '../page-of.ts';
import type { Session } from '../session.ts';
import { patienceForLogs, waitFor } from '../waiting.ts';

/** Fewer than these are no log of a task: Airflow itself writes about a dozen around it. */
const fewest = 3;

export function taskLog(dagId: string): Check {
	return {
		name: `task-log:${dagId}`,
		proves: `the web page shows the log of a task of ${dagId}`,
		needs: [`run:${dagId}`],
		async run(session) {
			const { api } = pageOf(session);
			const own = runOf(session, dagId);
			const { runId } = own;
			const [ended, tasks] = [await api.run(dagId, runId), await api.tasks(dagId, runId)];
			const task = lastEnded(tasks);
			if (ended === undefined || task === undefined) throw new CheckFailed(`no task of ${dagId} has run`);
			let text = '';
			const lines = await waitFor(session, { atMost: patienceForLogs(own), every: 2 }, async () => {
				text = await pageOf(session).taskLog(dagId, ended, task);
				const found = taskLines(text);
				return found.length >= fewest ? found : undefined;
			});
			if (lines === undefined) throw noLines(session, dagId, task, ended, text);
			session.logPages.set(dagId, { task: task.task_id, text });
			return { detail: `${lines.length} lines of task ${task.task_id}`, lines: lines.slice(-8) };
		},
	};
}

function lastEnded(tasks: readonly TaskInstance[]): TaskInstance | undefined {
	return tasks.filter(({ state, end_date }) => state === 'success' && end_date !== null).toSorted((a, b) => (b.end_date ?? '').localeCompare(a.end_date ?? ''))[0];
}

/** Lines as Airflow writes them, `[time] {logger} LEVEL - message`; its reader's own remarks begin with `***`. */
function taskLines(text: string): string[] {
	return text.split('\n').filter((line) => /^\[\d{4}-\d\d-\d\d/.test(line.trim()));
}

function noLines({ deployed }: Session, dagId: string, { task_id }: TaskInstance, { dag_run_id }: DagRun, text: string): CheckFailed {
	const remarks = text.split('\n').filter((line) => line.trim() !== '');
	return new CheckFailed(`the log page of ${task_id} (${dagId}, ${dag_run_id}) shows no line of the task${remarks[0] === undefined ? ': it is empty' : `: "${remarks[0].slice(0, 100)}"`}`, {
		hint: `task logs reach the page through CloudWatch: config/log_config.py must keep the handler named task, and AIRFLOW__LOGGING__REMOTE_LOGGING be True; then airflow-deploy deploy${deployed.flags}`,
		lines: remarks.slice(0, 15),
	});
}
