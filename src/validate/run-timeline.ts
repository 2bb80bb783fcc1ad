import type { Session } from './session.ts';

/** A run that was started, and its tasks, in seconds since the validation began. */
export interface RunBars {
	readonly dagId: string;
	readonly runId: string;
	readonly bars: readonly { readonly name: string; readonly state: string; readonly startSeconds: number; readonly seconds: number }[];
}

/** What ran when, as Airflow recorded it. What it no longer tells is left out. */
export async function runTimeline({ page, runs, began }: Session): Promise<RunBars[]> {
	if (page === undefined) return [];
	const since = (time: string): number => (Date.parse(time) - began) / 1000;
	return Promise.all(
		runs.filter(({ triggered }) => triggered).map(async ({ dagId, runId }) => {
			const tasks = await page.api.tasks(dagId, runId).catch(() => []);
			const bars = tasks.flatMap(({ task_id, state, start_date, end_date }) =>
				start_date === null ? [] : [{ name: task_id, state: state ?? 'none', startSeconds: since(start_date), seconds: ((end_date === null ? Date.now() : Date.parse(end_date)) - Date.parse(start_date)) / 1000 }],
			);
			return { dagId, runId, bars: bars.toSorted((a, b) => a.startSeconds - b.startSeconds) };
		}),
	);
}
