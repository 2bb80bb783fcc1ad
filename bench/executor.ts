import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DescribeTasksCommand, ECSClient, ListTasksCommand, type Task } from '@aws-sdk/client-ecs';
import { settings } from '../src/aws/clients.ts';
import type { CredentialsDocument, StatusDocument } from '../src/environment/documents.ts';
import { packageRoot } from '../src/package.ts';
import { dagTaskOf } from '../src/resources/worker-task.ts';
import type { Figure } from './figures.ts';
import { median } from './measure.ts';
import type { Workbench } from './workbench.ts';

interface Instance {
	readonly task_id: string;
	readonly state: string | null;
	readonly queued_when: string;
	readonly start_date: string;
	readonly end_date: string;
}

/** Has the endpoint record its requests: before it starts. */
export async function recordRequests(bench: Workbench): Promise<void> {
	await mkdir(dirname(requestsOf(bench)), { recursive: true });
	await writeFile(requestsOf(bench), '');
}

/** Fifty short tasks at once, each as a task of ECS. */
export async function fiftyTasks(bench: Workbench): Promise<Figure[]> {
	await cp(join(packageRoot, 'bench', 'dags', 'fifty.py'), join(bench.directory, 'airflow', 'dags', 'fifty.py'));
	await bench.run('deploy', '--local', '--yes', '--executor', 'ecs');
	const before = await describeCalls(bench);
	const began = performance.now();
	const instances = await runToItsEnd(bench);
	const seconds = (performance.now() - began) / 1000;
	const calls = (await describeCalls(bench)) - before;
	const workers = await workersOf(bench);
	const created = new Map(workers.map((task) => [dagTaskOf(task)?.taskId ?? '', task.createdAt?.getTime() ?? Number.NaN]));
	const own = instances.map(({ task_id, queued_when }) => ((created.get(task_id) ?? Number.NaN) - Date.parse(queued_when)) / 1000);
	const command = 'airflow-deploy deploy --local --executor ecs, then a run of bench/dags/fifty.py';
	return [
		{ name: '50 short tasks at once, ECS executor', measured: `${instances.filter(({ state }) => state === 'success').length} succeed, ${seconds.toFixed(0)} s`, target: '50', command },
		{ name: 'RunTask calls for them', measured: String(workers.length), target: '50', command: 'aws ecs list-tasks --family airflow-main-worker' },
		{ name: 'DescribeTasks calls meanwhile', measured: String(calls), target: `≤ loops of a second: ${Math.ceil(seconds)}`, command: "the endpoint's requests" },
		{ name: 'queued to RunTask, median (most)', measured: `${median(own).toFixed(2)} s (${Math.max(...own).toFixed(2)} s)`, target: '≤ 2 s', command: "createdAt of the ECS task − queued_when of the task instance" },
	];
}

async function runToItsEnd(bench: Workbench): Promise<Instance[]> {
	const { url, username, password } = JSON.parse((await bench.run('credentials', '--local', '--json')).stdout) as CredentialsDocument;
	const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
	const call = async <T>(method: string, path: string, body?: object): Promise<T> => {
		const answer = await fetch(`${url}/api/v1${path}`, { method, headers: { authorization, 'content-type': 'application/json' }, ...(body ? { body: JSON.stringify(body) } : {}) });
		if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
		return (await answer.json()) as T;
	};
	const { dag_run_id: run } = await call<{ dag_run_id: string }>('POST', '/dags/fifty/dagRuns', {});
	const path = `/dags/fifty/dagRuns/${encodeURIComponent(run)}`;
	for (;;) {
		const { state } = await call<{ state: string }>('GET', path);
		if (state !== 'queued' && state !== 'running') break;
		await delay(1000);
	}
	return (await call<{ task_instances: Instance[] }>('GET', `${path}/taskInstances?limit=100`)).task_instances;
}

async function workersOf(bench: Workbench): Promise<Task[]> {
	const { endpoint } = JSON.parse((await bench.run('status', '--local', '--json')).stdout) as StatusDocument;
	const ecs = new ECSClient(settings({ region: 'us-east-1', endpoint: endpoint ?? '', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } }));
	const cluster = 'airflow-shared-cluster';
	const arns = await Promise.all((['RUNNING', 'STOPPED'] as const).map((desiredStatus) => ecs.send(new ListTasksCommand({ cluster, family: 'airflow-main-worker', desiredStatus }))));
	const tasks = arns.flatMap(({ taskArns = [] }) => taskArns);
	return (await ecs.send(new DescribeTasksCommand({ cluster, tasks }))).tasks ?? [];
}

/** Of the scheduler: it calls with boto3. */
async function describeCalls(bench: Workbench): Promise<number> {
	const lines = (await readFile(requestsOf(bench), 'utf8')).trim().split('\n');
	return lines.filter((line) => line.includes('"DescribeTasks"') && /boto/i.test(line)).length;
}

function requestsOf({ directory }: Workbench): string {
	return join(directory, '.airflow-deploy', 'requests.jsonl');
}
