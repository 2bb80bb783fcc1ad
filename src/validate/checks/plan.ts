import type { Check } from '../check.ts';
import type { Session } from '../session.ts';
import { asFound } from './as-found.ts';
import { earlierTaskLines, recentLines, schedulerLines, webserverLines } from './component-lines.ts';
import { bundle, dagList, reportedDags } from './dag-list.ts';
import { login } from './login.ts';
import { plugin } from './plugin.ts';
import { run } from './run.ts';
import { scheduler } from './scheduler.ts';
import { taskLines } from './task-lines.ts';
import { taskLog } from './task-log.ts';
import { trigger } from './trigger.ts';
import { webPage } from './web-page.ts';
import { workers } from './workers.ts';

interface Sample {
	readonly file: string;
	/** The container that it needs beside Airflow. */
	readonly needs?: string;
}

/** The sample DAGs that are run. */
const samples: Readonly<Record<string, Sample>> = {
	tutorial: { file: 'dags/tutorial.py' },
	tutorial_taskflow_api: { file: 'dags/tutorial_taskflow_api.py' },
	ecs_task_resources: { file: 'dags/ecs_task_resources.py', needs: 'worker' },
	mysql_branch: { file: 'dags/mysql_branch.py', needs: 'mysql' },
};

/** Decides over all others. */
export const first: Check = webPage;

/** With a web page: what is looked at before it is known which DAGs there are. */
export const pageChecks: readonly Check[] = [scheduler, bundle, login, dagList];

/** The same of a page alone. */
export const pageAloneChecks: readonly Check[] = [{ ...scheduler, needs: [webPage.name] }, login, dagList];

/** Without one: what logs and AWS can prove. */
export const logChecks: readonly Check[] = [scheduler, bundle, reportedDags, recentLines('webserver'), recentLines('scheduler'), earlierTaskLines];

/** What is run, and what is looked at meanwhile and afterwards. */
export function runChecks(session: Session): Check[] {
	const dags = chosenDags(session);
	if (session.deployed.aws === undefined) return [...dags.map(trigger), plugin, ...dags.flatMap((dag) => [run(dag), taskLog(dag)]), asFound];
	if (dags.length === 0) return [nothingRun, plugin, webserverLines, schedulerLines, asFound];
	return [...dags.map(trigger), plugin, ...dags.flatMap((dag) => [run(dag), ...(session.deployed.executor === 'ecs' ? [workers(dag)] : []), taskLog(dag), taskLines(dag)]), webserverLines, schedulerLines, asFound];
}

function chosenDags({ wishes, dags, deployed: { aws, manifest, status, executor } }: Session): string[] {
	if (wishes.all) return [...dags];
	if (wishes.dags.length > 0) return [...new Set(wishes.dags)];
	if (aws === undefined) return Object.entries(samples).flatMap(([dag, { needs }]) => (dags.includes(dag) && needs === undefined ? [dag] : []));
	const containers = [...status.services.flatMap(({ containers: names }) => names), ...(executor === 'ecs' ? ['worker'] : [])];
	return Object.entries(samples).flatMap(([dag, { file, needs }]) => (manifest?.files[file] !== undefined && (needs === undefined || containers.includes(needs)) ? [dag] : []));
}

const nothingRun: Check = {
	name: 'runs',
	proves: 'the sample DAGs run, where they are deployed',
	needs: [],
	run: async ({ deployed }) => ({ detail: `parsing only: the sample DAGs are not deployed; airflow-deploy validate${deployed.flags} --dag ID runs one of yours, --all all of them`, leftOut: true }),
};
