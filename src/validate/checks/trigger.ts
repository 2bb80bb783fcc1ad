import { type Check, CheckFailed } from '../check.ts';
import { pageOf } from '../page-of.ts';
import type { OwnRun, Session } from '../session.ts';

/** Begins the ids of the runs that validations start. */
const prefix = 'validate__';

export function trigger(dagId: string): Check {
	return {
		name: `trigger:${dagId}`,
		proves: `${dagId} can be unpaused and triggered`,
		needs: ['login', 'scheduler'],
		async run(session) {
			const page = pageOf(session);
			session.busy(`trigger:${dagId}`);
			const dag = await page.api.dag(dagId);
			if (dag === undefined) throw new CheckFailed(`Airflow has no DAG named ${dagId}: ${session.dags.length === 0 ? 'it has none' : `it has ${session.dags.slice(0, 10).join(', ')}`}`, { hint: `airflow-deploy upload${session.deployed.flags}` });
			if (dag.is_paused) await assertHarmless(session, dagId, dag);
			const own: OwnRun = { dagId, runId: runId(), wasPaused: dag.is_paused, since: Date.now(), triggered: false };
			// Before the switch is touched: whatever happens from here on, it is put back.
			session.runs.push(own);
			if (dag.is_paused) await page.unpause(dagId);
			own.triggered = true;
			await page.trigger(dagId, own.runId);
			return { detail: `${dag.is_paused ? 'unpaused and triggered' : 'triggered'}: ${own.runId}` };
		},
	};
}

/** Unpausing lets the scheduler do all that it held back: what would be more than our run is not ours to start. */
async function assertHarmless(session: Session, dagId: string, dag: { readonly catchup: boolean; readonly schedule_interval: object | null }): Promise<void> {
	const waiting = (await pageOf(session).api.unfinishedRuns(dagId)).filter(({ dag_run_id }) => !dag_run_id.startsWith(prefix));
	if (waiting.length > 0) throw new CheckFailed(`${dagId} is paused, and ${waiting.length} of its runs wait (${waiting[0]?.dag_run_id}): unpausing would start them, so it was left alone`, { hint: 'end these runs or unpause the DAG yourself, then validate again' });
	if (dag.catchup && dag.schedule_interval !== null) throw new CheckFailed(`${dagId} is paused and catches up: unpausing would start its missed runs, so it was left alone`, { hint: 'unpause the DAG yourself, then validate again' });
}

function runId(): string {
	const time = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '');
	return `${prefix}${time}_${Math.random().toString(36).slice(2, 6)}`;
}
