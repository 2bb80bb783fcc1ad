import { type Check, CheckFailed } from '../check.ts';
import { pageOf } from '../page-of.ts';
import type { OwnRun, Session } from '../session.ts';
import { waitFor } from '../waiting.ts';

/** Seconds that runs which the scheduler itself started may take before the DAG is paused again. */
const patience = 60;

/** The last check, whatever happened before it. */
export const asFound: Check = {
	name: 'as-found',
	proves: 'what was paused is paused again, and nothing that this validation started runs on',
	needs: [],
	always: true,
	async run(session) {
		if (session.runs.length === 0) return { detail: 'nothing was changed' };
		const said = [];
		for (const own of session.runs) said.push(...(await leave(session, own)));
		return { detail: said.length === 0 ? 'no DAG was paused before' : said.join('; ') };
	},
};

async function leave(session: Session, own: OwnRun): Promise<string[]> {
	const { api } = pageOf(session);
	const { dagId, runId } = own;
	const said: string[] = [];
	if (own.triggered && !own.ended) {
		const run = await api.run(dagId, runId);
		if (run?.state === 'queued' || run?.state === 'running') {
			await api.fail(dagId, runId);
			said.push(`run ${runId} was still ${run.state} and has been ended`);
		}
	}
	if (own.wasPaused) said.push(await pauseAgain(session, own));
	return said;
}

/** Unpausing a DAG with a schedule makes the scheduler start its latest interval: that run is let finish. */
async function pauseAgain(session: Session, { dagId, runId }: OwnRun): Promise<string> {
	const { api } = pageOf(session);
	const others = new Set<string>();
	await waitFor(session, { atMost: session.signal.aborted ? 0 : patience }, async () => {
		const running = (await api.unfinishedRuns(dagId)).filter(({ dag_run_id }) => dag_run_id !== runId);
		for (const { dag_run_id } of running) others.add(dag_run_id);
		return running.length === 0 ? true : undefined;
	});
	await api.setPaused(dagId, true);
	if ((await api.dag(dagId))?.is_paused !== true) throw new CheckFailed(`${dagId} was paused before and is not now`, { hint: `airflow-deploy exec scheduler${session.deployed.flags} -- airflow dags pause ${dagId}` });
	const scheduled = others.size === 0 ? '' : ` (while it was not, the scheduler ran ${[...others].join(', ')})`;
	return `${dagId} is paused again${scheduled}`;
}
