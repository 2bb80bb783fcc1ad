import type { AirflowApi } from '../airflow-api.ts';
import { type Check, CheckFailed } from '../check.ts';
import { httpPage } from '../http-page.ts';
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
		const api = await workingApi(session);
		const said: string[] = [];
		for (const own of session.runs) said.push(...(await leave(session, api, own)));
		const paused = session.runs.filter(({ wasPaused }) => wasPaused).map(({ dagId }) => dagId);
		return { detail: [paused.length === 0 ? 'no DAG was paused before' : `paused again: ${paused.join(', ')}`, ...said].join('; ') };
	},
};

/** A browser may have died meanwhile, or have been closed by whoever looked at it. */
async function workingApi(session: Session): Promise<AirflowApi> {
	const { api } = pageOf(session);
	const { status, credentials, login, request } = session.deployed;
	const works = await api.dags().then(
		() => true,
		() => false,
	);
	if (works) return api;
	const other = httpPage(status.webserver.url ?? '', request);
	if (credentials !== undefined) await other.login(credentials.username, credentials.password);
	else if (login.auth !== 'db') await other.useSession(await session.containerSession());
	else return api;
	return other.api;
}

async function leave(session: Session, api: AirflowApi, own: OwnRun): Promise<string[]> {
	const { dagId, runId } = own;
	const said: string[] = [];
	const run = own.triggered && own.ended === undefined ? await api.run(dagId, runId) : undefined;
	if (run?.state === 'queued' || run?.state === 'running') {
		await api.fail(dagId, runId);
		said.push(`run ${runId} was still ${run.state} and has been ended`);
	}
	if (own.wasPaused) said.push(...(await pauseAgain(session, api, own)));
	return said;
}

/** Unpausing a DAG with a schedule makes the scheduler start its latest interval: that run is let finish. */
async function pauseAgain(session: Session, api: AirflowApi, { dagId, runId }: OwnRun): Promise<string[]> {
	const others = new Set<string>();
	const look = async (): Promise<true | undefined> => {
		const running = (await api.unfinishedRuns(dagId)).filter(({ dag_run_id }) => dag_run_id !== runId);
		for (const { dag_run_id } of running) others.add(dag_run_id);
		return running.length === 0 ? true : undefined;
	};
	// Ctrl-C in the middle of it is no reason to leave it unpaused.
	await waitFor(session, { atMost: session.signal.aborted ? 0 : patience }, look).catch(() => {});
	await api.setPaused(dagId, true);
	if ((await api.dag(dagId))?.is_paused !== true) throw new CheckFailed(`${dagId} was paused before and is not now`, { hint: `airflow-deploy exec scheduler${session.deployed.flags} -- airflow dags pause ${dagId}` });
	return others.size === 0 ? [] : [`while ${dagId} was not, the scheduler ran ${[...others].join(', ')}`];
}
