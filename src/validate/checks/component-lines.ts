import { type Check, CheckFailed } from '../check.ts';
import { type Component, type LogLine, logGroup, readable, readLines } from '../log-lines.ts';
import type { Deployed, Session } from '../session.ts';
import { waitFor } from '../waiting.ts';

/** Where nothing was run, lines of this many milliseconds count. */
const recently = 600_000;

/** The webserver logs our visits, the scheduler our runs. */
export const webserverLines: Check = {
	name: 'webserver-logs',
	proves: 'CloudWatch Logs has what the webserver says about our visit, as JSON',
	needs: ['web-page'],
	run: (session) => expectLines(session, 'webserver', { since: session.began, containing: '/login/', what: 'our visit of /login/' }),
};

export const schedulerLines: Check = {
	name: 'scheduler-logs',
	proves: 'CloudWatch Logs has what the scheduler says about our runs, as JSON',
	needs: ['scheduler'],
	async run(session) {
		const runs = session.runs.filter(({ triggered }) => triggered);
		const found = [];
		for (const { runId, dagId, since } of runs) found.push(await expectLines(session, 'scheduler', { since: since - 60_000, containing: runId, what: `run ${runId} of ${dagId}` }));
		if (found.length === 0) return expectLines(session, 'scheduler', { since: Date.now() - recently, what: 'the last ten minutes' });
		return { detail: `${found.reduce((sum, { count }) => sum + count, 0)} JSON lines about ${runs.length === 1 ? 'the run' : `${runs.length} runs`} in ${logGroup(session.deployed, 'scheduler')}`, lines: found.flatMap(({ lines }) => lines) };
	},
};

/** Without a web page: that the components log at all, and lately. */
export const recentLines = (component: 'webserver' | 'scheduler'): Check => ({
	name: `${component}-logs`,
	proves: `CloudWatch Logs has lines of the ${component} of the last ten minutes, as JSON`,
	needs: [],
	run: (session) => expectLines(session, component, { since: Date.now() - recently, what: 'the last ten minutes' }),
});

/** Without a web page nothing can be run: what was run before is all there is to see. */
export const earlierTaskLines: Check = {
	name: 'task-logs',
	proves: 'CloudWatch Logs has lines of tasks that ran before',
	needs: [],
	async run({ deployed }) {
		const lines = await readLines(deployed, 'task', { since: Date.now() - 24 * 3600_000 });
		const last = lines.at(-1);
		if (last === undefined) return { detail: 'not checked: no task has logged within a day, and none can be started without the web page', leftOut: true };
		return { detail: `no run was started; the last task line is ${Math.round((Date.now() - last.time) / 60_000)} min old (${last.stream})`, lines: readable(lines.slice(-5)) };
	},
};

async function expectLines(session: Session, component: Component, { what, ...wanted }: { since: number; containing?: string; what: string }): Promise<{ detail: string; lines: string[]; count: number }> {
	const { deployed } = session;
	const group = logGroup(deployed, component);
	let lines: LogLine[] = [];
	const json = await waitFor(session, { atMost: 20 }, async () => {
		lines = await readLines(deployed, component, wanted);
		const found = lines.filter((line) => line.json !== undefined);
		// Plain text does not become JSON by waiting.
		return lines.length > 0 ? found : undefined;
	});
	if (json !== undefined && json.length > 0) return { detail: `${json.length} JSON line${json.length === 1 ? '' : 's'} about ${what} in ${group}`, lines: readable(json.slice(-3)), count: json.length };
	throw lines.length === 0 ? silent(deployed, component, what) : notJson(deployed, lines, group, what);
}

function silent(deployed: Deployed, component: Component, what: string): CheckFailed {
	return new CheckFailed(`${logGroup(deployed, component)} has no line about ${what}`, { hint: `airflow-deploy logs ${component}${deployed.flags}` });
}

function notJson({ flags }: Deployed, lines: readonly LogLine[], group: string, what: string): CheckFailed {
	return new CheckFailed(`none of ${lines.length} lines about ${what} in ${group} is JSON: "${lines[0]?.text.slice(0, 80)}"`, {
		hint: `correct config/log_config.py, then airflow-deploy deploy${flags}`,
		lines: lines.slice(0, 10).map(({ text }) => text),
	});
}
