import { ECSClient, RunTaskCommand, type Task } from '@aws-sdk/client-ecs';
import { CloudWatchLogsClient, GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { isLoopback } from '../aws/loopback.ts';
import type { JsonObject } from '../engine/resource.ts';
import { describeDefinition, describeTasks, ecsTags, lastPart, networkConfiguration } from '../resources/ecs.ts';
import { ignoring, required, until } from '../resources/support.ts';
import { classifyEvent } from '../resources/task-death.ts';
import { describeDeath } from '../resources/task-failure.ts';
import { type AccountPatient, type Check, failed, type Finding, notChecked, ok } from './check.ts';

/** `--storage`: a task of the init task's definition writes a file to the bundle's mount, as every release does. */
export const storageChecks: readonly Check<AccountPatient>[] = [{ name: 'storage', run: storage }];

/** Prints one line of JSON: the user, who owns what it wrote, and how long that took. */
const probe = `
import json, os, pathlib, time
place = pathlib.Path(os.environ["AIRFLOW_DEPLOY_BUNDLE_DIR"]) / f".probe-{os.getpid()}"
began = time.monotonic()
place.write_text("written")
assert place.read_text() == "written"
owner = place.stat().st_uid
place.unlink()
print(json.dumps({"probe": "storage", "uid": os.getuid(), "owner": owner, "milliseconds": round((time.monotonic() - began) * 1000)}), flush=True)
`;

async function storage(patient: AccountPatient): Promise<Finding> {
	const placed = placeOf(patient.recorded.own['init']?.inputs);
	if (placed === undefined) return notChecked(`${patient.config.environment} is not up: its file system is probed by a task of it`);
	const began = performance.now();
	const started = await start(patient, placed);
	if (typeof started === 'string') return failed(`ECS started no task: ${classifyEvent(started)?.cause ?? started}`, classifyEvent(started)?.fix ?? 'run it again in a minute', 'you');
	const task = await untilEnded(patient, placed.cluster, required(started.taskArn));
	if (task.containers?.find(({ name }) => name === 'init')?.exitCode !== 0) {
		const { verdict, log } = await describeDeath(patient.aws, task);
		const said = log?.lines.at(-1);
		return failed(`${verdict.cause}${said === undefined || verdict.cause.includes(said) ? '' : ` (${said})`}`, verdict.fix);
	}
	const answer = await answerOf(patient, task);
	const seconds = Math.round((performance.now() - began) / 1000);
	return answer === undefined ? ok(`a task wrote and read in ${seconds} s`) : storageFinding(answer, isLoopback(patient.endpoint), seconds);
}

/** The user of the image, and of the access point (stacks/main.ts). */
const airflowUser = 50000;

interface Probed {
	readonly uid: number;
	readonly owner: number;
	readonly milliseconds: number;
}

/** @param here the task was a process of this machine, which records users and does not become them */
export function storageFinding({ uid, owner, milliseconds }: Probed, here: boolean, seconds: number): Finding {
	const took = `${milliseconds} ms, the task ${seconds} s`;
	if (here) return ok(`written in ${took}; on AWS as uid ${airflowUser}`);
	if (uid === airflowUser && owner === airflowUser) return ok(`written as uid ${uid} in ${took}`);
	return failed(`a task runs as uid ${uid} and what it writes is uid ${owner}'s: Airflow's is ${airflowUser}`, 'airflow-deploy up   # puts the access point right; an image of your own must run as uid 50000', 'you');
}

interface Place {
	readonly cluster: string;
	readonly taskDefinition: string;
	readonly subnets: string[];
	readonly securityGroups: string[];
	readonly assignPublicIp: boolean;
}

function placeOf(inputs: JsonObject | undefined): Place | undefined {
	return inputs && typeof inputs['cluster'] === 'string' && typeof inputs['taskDefinition'] === 'string' ? (inputs as unknown as Place) : undefined;
}

/** The task, or why there is none. */
async function start({ aws, config, busy }: AccountPatient, placed: Place): Promise<Task | string> {
	busy('storage: starting a task that writes to the file system');
	const { tasks, failures } = await aws.client(ECSClient).send(
		new RunTaskCommand({
			cluster: placed.cluster,
			taskDefinition: placed.taskDefinition,
			launchType: 'FARGATE',
			count: 1,
			startedBy: 'airflow-deploy/doctor',
			networkConfiguration: networkConfiguration(placed),
			overrides: { containerOverrides: [{ name: 'init', command: ['python', '-c', probe] }] },
			tags: ecsTags({ 'airflow-deploy:project': config.project, 'airflow-deploy:environment': config.environment, ...config.tags }),
		}),
	);
	return tasks?.[0] ?? failures?.map(({ reason, detail }) => [reason, detail].filter(Boolean).join(': ')).join('; ') ?? 'no reason given';
}

async function untilEnded({ aws, busy, signal }: AccountPatient, cluster: string, taskArn: string): Promise<Task> {
	let task: Task | undefined;
	const ended = async (): Promise<boolean | string> => {
		[task] = await describeTasks(aws, cluster, [taskArn]);
		return task?.lastStatus === 'STOPPED' || `storage: task ${lastPart(taskArn)} is ${task?.lastStatus ?? 'not shown yet'}`;
	};
	await until({ note: busy, signal }, ended, 'the probe of the file system', { every: 2, atMost: 600 });
	return required(task);
}

async function answerOf({ aws }: AccountPatient, { taskArn, taskDefinitionArn = '' }: Task): Promise<Probed | undefined> {
	const definition = (await describeDefinition(aws, taskDefinitionArn))?.taskDefinition?.containerDefinitions?.find(({ name }) => name === 'init');
	const { 'awslogs-group': logGroupName, 'awslogs-stream-prefix': prefix } = definition?.logConfiguration?.options ?? {};
	if (logGroupName === undefined) return undefined;
	const read = new GetLogEventsCommand({ logGroupName, logStreamName: `${prefix}/init/${lastPart(taskArn)}`, startFromHead: false });
	const { events = [] } = (await ignoring(['ResourceNotFoundException'], aws.client(CloudWatchLogsClient).send(read))) ?? {};
	const line = events.findLast(({ message }) => message?.includes('"probe": "storage"') === true)?.message;
	return line === undefined ? undefined : (JSON.parse(line) as Probed);
}
