import { type Check, CheckFailed } from '../check.ts';
import { type LogLine, logGroup, messageOf, readable, readLines, streamOf } from '../log-lines.ts';
import { pageOf, runOf } from '../page-of.ts';
import type { Session } from '../session.ts';
import { patienceForLogs, waitFor } from '../waiting.ts';

const repair = (flags: string): string => `config/log_config.py must write JSON through its handler named task; then airflow-deploy deploy${flags}`;

/** By DAG, run and task: the stream's name, and members of each line. */
export function taskLines(dagId: string): Check {
	return {
		name: `cloudwatch:${dagId}`,
		proves: `CloudWatch Logs has the lines of every task of the run of ${dagId}, as JSON, and those of the log page among them`,
		needs: [`run:${dagId}`],
		async run(session) {
			const { deployed } = session;
			const own = runOf(session, dagId);
			const { runId, since } = own;
			const ran = (await pageOf(session).api.tasks(dagId, runId)).filter(({ state, end_date }) => state === 'success' && end_date !== null);
			const group = logGroup(deployed, 'task');
			const streamPrefix = streamOf(dagId, runId);
			let lines: LogLine[] = [];
			let silent = ran;
			const complete = await waitFor(session, { atMost: patienceForLogs(own) }, async () => {
				lines = await readLines(deployed, 'task', { since: since - 60_000, streamPrefix });
				silent = ran.filter((task) => !lines.some(({ stream }) => stream.includes(`/task_id=${task.task_id}/`)));
				return silent.length === 0 && lines.length > 0 ? true : undefined;
			});
			if (complete === undefined) throw new CheckFailed(`${group} has no line of ${silent.map(({ task_id }) => task_id).join(', ')} of run ${runId} (${dagId})`, { hint: repair(deployed.flags) });
			assertJson(lines, group, deployed.flags);
			assertMembers(lines, { dag_id: dagId, run_id: runId }, group, deployed.flags);
			const shared = comparePage(session, dagId, lines);
			return { detail: `${lines.length} JSON lines of ${ran.length} task${ran.length === 1 ? '' : 's'} in ${group}${shared}`, lines: readable(lines).slice(-6) };
		},
	};
}

function assertJson(lines: readonly LogLine[], group: string, flags: string): void {
	const plain = lines.filter(({ json }) => json === undefined);
	if (plain.length > 0) throw new CheckFailed(`${plain.length} of ${lines.length} lines of the run in ${group} are not JSON: "${plain[0]?.text.slice(0, 80)}"`, { hint: repair(flags), lines: plain.slice(0, 10).map(({ text }) => text) });
}

function assertMembers(lines: readonly LogLine[], members: Readonly<Record<string, string>>, group: string, flags: string): void {
	for (const { json = {}, stream, text } of lines) {
		const task_id = /\/task_id=([^/]+)\//.exec(stream)?.[1] ?? '';
		const wrong = Object.entries({ ...members, task_id }).find(([name, value]) => json[name] !== value);
		if (wrong !== undefined) throw new CheckFailed(`a line in ${group}, ${stream}, does not carry ${wrong[0]} ${wrong[1]}`, { hint: repair(flags), lines: [text] });
	}
}

/** What the page shows of a task, CloudWatch has too, line by line. */
function comparePage({ logPages }: Session, dagId: string, lines: readonly LogLine[]): string {
	const shown = logPages.get(dagId);
	if (shown === undefined) return '';
	const own = lines.filter(({ stream }) => stream.includes(`/task_id=${shown.task}/`));
	const messages = own.map((line) => firstLine(messageOf(line))).filter((message) => message.length > 3);
	const missing = messages.filter((message) => !squeezed(shown.text).includes(squeezed(message)));
	if (missing.length > 0) throw new CheckFailed(`the log page of ${shown.task} lacks ${missing.length} of ${messages.length} lines that CloudWatch has: "${missing[0]?.slice(0, 80)}"`, { lines: missing.slice(0, 10) });
	return `, those of ${shown.task} as on its log page`;
}

function firstLine(text: string): string {
	return text.trim().split('\n')[0] ?? '';
}

function squeezed(text: string): string {
	return text.replaceAll(/\s+/g, ' ');
}
