import { type Check, CheckFailed } from '../check.ts';
import { readable, readLines } from '../log-lines.ts';
import type { Deployed } from '../session.ts';
import { readHealth } from './web-page.ts';

/** Airflow's own limit: scheduler_health_check_threshold, seconds. */
const lateAfter = 30;

/** By Airflow's health page and by ECS: just after its end a scheduler's last heartbeat still looks young. */
export const scheduler: Check = {
	name: 'scheduler',
	proves: 'a scheduler runs and its heart beats',
	needs: [],
	async run({ deployed, page }) {
		const { url } = deployed.status.webserver;
		if (deployed.aws !== undefined) assertTasks(deployed);
		const age = page === undefined || url === null ? deployed.status.scheduler.heartbeatAgeSeconds : heartbeatAge((await readHealth(deployed, url)).scheduler.latest_scheduler_heartbeat);
		const limit = page === undefined ? lateAfter * 3 : lateAfter;
		if (age !== null && age < limit) return { detail: `heartbeat ${age.toFixed(1)} s ago` };
		throw new CheckFailed(age === null ? 'the scheduler has not shown a heartbeat yet' : `the scheduler's last heartbeat is ${Math.round(age)} s old`, {
			hint: `airflow-deploy logs scheduler${deployed.flags}`,
			lines: await lastLines(deployed),
		});
	},
};

function assertTasks({ status, flags }: Deployed): void {
	const service = status.services.find(({ containers }) => containers.includes('scheduler'));
	if (service !== undefined && service.running > 0) return;
	const state = service === undefined ? 'its service does not exist' : `service ${service.name} has ${service.running} of ${service.desired} tasks running`;
	throw new CheckFailed(`no scheduler runs: ${state}`, { hint: service === undefined || service.desired === 0 ? `airflow-deploy deploy${flags}   # starts it again` : `airflow-deploy logs scheduler${flags}` });
}

function heartbeatAge(time: string | null): number | null {
	return time === null ? null : Math.max(0, (Date.now() - Date.parse(time)) / 1000);
}

async function lastLines(deployed: Deployed): Promise<string[]> {
	const lines = await readLines(deployed, 'scheduler', { since: Date.now() - 600_000 }).catch(() => []);
	return readable(lines.slice(-10)).slice(-15);
}
