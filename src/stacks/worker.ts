import type { Aws } from '../aws/clients.ts';
import type { Node, Stack } from '../engine/stack.ts';
import { EcsTaskDefinition } from '../resources/ecs-task-definition.ts';
import { IamRolePolicy } from '../resources/iam-role-policy.ts';
import { Workers, type WorkersPlace } from '../resources/workers.ts';
import { airflowIn } from './airflow-images.ts';
import type { Settings } from './airflow-settings.ts';
import { bundleVolume, fargateTask, workerContainer } from './containers.ts';
import { executorSettings } from './executor-settings.ts';
import { naming, type StackInputs } from './inputs.ts';
import { addLogGroup, type LogNode } from './logs.ts';
import { ground, placeOf } from './placement.ts';
import { startWorkersPolicy, workerPolicy } from './policies.ts';
import { addExecutionPolicy, addRole, addTaskPolicy } from './roles.ts';
import type { SecretNode, Secrets } from './secrets.ts';
import type { Shared } from './shared.ts';

type GroupNode = Node<{ groupId: string }>;
type RoleNode = Node<{ name: string; arn: string }>;

/** By a name of this form: nothing, where the scheduler runs the tasks of DAGs itself. */
export type WorkersNodes = Readonly<Record<`workers${string}`, Node<WorkersPlace>>>;

/** What an environment has with the ECS executor only: a worker is the task of ECS that runs one task of a DAG. */
export interface Worker {
	/** What the scheduler's definition needs. */
	readonly nodes: WorkersNodes;
	/** What must stand before a scheduler starts workers, and be there until the last of them has ended. */
	readonly ready: Readonly<Record<string, Node>>;
}

export interface WorkerNeeds {
	anchor: Node;
	shared: Shared;
	image: Node<{ image: string }>;
	secrets: Secrets;
	/** More secrets, whose `url` its container gets: environment variable → secret. */
	connections?: Readonly<Record<`AIRFLOW_CONN_${string}`, SecretNode>>;
	logTask: LogNode;
	accessPoint: Node<{ accessPointId: string; arn: string }>;
	/** The scheduler's, which starts workers. */
	schedulerRole: RoleNode;
	group: GroupNode;
	/** What workers reach, and the ways there. */
	uses: Readonly<Record<string, Node>>;
}

/** Nothing, where the scheduler runs the tasks of DAGs itself. */
export function addWorker(stack: Stack<Aws>, inputs: StackInputs, needs: WorkerNeeds): Worker {
	if (inputs.executor === 'local') return { nodes: {}, ready: {} };
	const { anchor, shared, group, uses } = needs;
	const logWorker = addLogGroup(stack, inputs, { anchor }, 'worker');
	const executionRole = addRole(stack, inputs, anchor, 'worker-exec');
	const workerRole = addRole(stack, inputs, anchor, 'worker');
	const policies = addWorkerPolicies(stack, inputs, { ...needs, logWorker, executionRole, workerRole });
	const workerTask = addWorkerTask(stack, inputs, { ...needs, logWorker, executionRole, workerRole });
	const family = naming(inputs).in(stack.scope).object('worker');
	const workers = stack.add(Workers, 'workers', { ...uses, ...policies, ...ground(shared), logTask: needs.logTask, accessPoint: needs.accessPoint, group, workerTask }, (from) => ({
		...placeOf(inputs, from),
		family,
		taskDefinition: from.workerTask.arn,
		securityGroups: [from.group.groupId],
		scheduler: naming(inputs).in(stack.scope).object(inputs.branch ? 'airflow' : 'scheduler'),
	}));
	const startWorkers = stack.add(IamRolePolicy, 'policy-start-workers', { schedulerRole: needs.schedulerRole, cluster: shared.cluster, executionRole, workerRole }, (from) => ({
		role: from.schedulerRole.name,
		name: 'start-workers',
		document: startWorkersPolicy({ place: inputs.place, cluster: from.cluster, family, roleArns: [from.executionRole.arn, from.workerRole.arn] }),
	}));
	return { nodes: { workers }, ready: { workers, startWorkers } };
}

interface Own {
	logWorker: LogNode;
	executionRole: RoleNode;
	workerRole: RoleNode;
}

/** Its execution role reads what a worker gets and no more: whoever may pass a role may have a task use it. */
function addWorkerPolicies(stack: Stack<Aws>, inputs: StackInputs, { shared, logTask, accessPoint, logWorker, executionRole, workerRole, ...needs }: WorkerNeeds & Own): Record<string, Node> {
	const secrets = secretsOf(needs);
	return {
		workerExecutionPolicy: addExecutionPolicy(stack, { executionRole, shared, secrets, logs: { logWorker } }, 'worker-exec'),
		workerPolicy: addTaskPolicy(stack, inputs, { name: 'worker', role: workerRole, shared, accessPoints: { accessPoint }, logTask, document: workerPolicy }),
	};
}

function addWorkerTask(stack: Stack<Aws>, inputs: StackInputs, { shared, image, logTask, accessPoint, logWorker, executionRole, workerRole, ...needs }: WorkerNeeds & Own): Node<{ arn: string; family: string }> {
	const { bucket, cluster, fileSystem } = shared;
	const { workerCpu, workerMemory } = inputs.config;
	const connections = Object.keys(needs.connections ?? {});
	return stack.add(EcsTaskDefinition, 'task-definition-worker', { bucket, cluster, fileSystem, image, logTask, accessPoint, logWorker, executionRole, workerRole, ...secretsOf(needs) }, (from) => ({
		cluster: from.cluster.name,
		definition: fargateTask({
			family: naming(inputs).in(stack.scope).object('worker'),
			architecture: inputs.config.architecture,
			cpu: workerCpu,
			memory: workerMemory,
			executionRoleArn: from.executionRole.arn,
			taskRoleArn: from.workerRole.arn,
			fileSystemId: from.fileSystem.fileSystemId,
			volumes: { [bundleVolume]: from.accessPoint.accessPointId },
			containers: [workerContainer(airflowIn(inputs, stack.scope, () => urlsOf(connections, from)).worker(from), from.logWorker.name)],
		}),
	}));
}

type SecretsGiven = Readonly<Record<`AIRFLOW_CONN_${string}`, { arn: string }>>;

/** All that its container reads; not the administrator's password. */
function secretsOf({ secrets: { databaseSecret, fernetKey, webserverKey }, connections = {} }: Pick<WorkerNeeds, 'secrets' | 'connections'>) {
	return { databaseSecret, fernetKey, webserverKey, ...connections };
}

function urlsOf(connections: readonly string[], from: SecretsGiven): Settings {
	return Object.fromEntries(connections.map((name) => [name, `${from[name as keyof SecretsGiven]?.arn ?? ''}:url::`]));
}

/** What the scheduler is told of its workers; nothing where it has none. */
export function workersSettings({ place, config, branch }: StackInputs, from: Readonly<Record<`workers${string}`, WorkersPlace>>): Settings {
	const { workers } = from;
	if (workers === undefined) return {};
	return executorSettings({ ...workers, region: place.region, cpu: config.workerCpu, memory: config.workerMemory, databaseBesideScheduler: branch !== undefined });
}
