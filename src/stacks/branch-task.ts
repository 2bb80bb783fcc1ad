import type { Aws } from '../aws/clients.ts';
import type { JsonObject } from '../engine/resource.ts';
import type { Node, Stack } from '../engine/stack.ts';
import { EcsTaskDefinition } from '../resources/ecs-task-definition.ts';
import { airflowIn, type Ready } from './airflow-images.ts';
import type { Settings } from './airflow-settings.ts';
import { type BranchDatabase, databaseContainer, nodesOf } from './branch-databases.ts';
import { bundleVolume, dagSyncContainer, fargateTask, initContainer, schedulerContainer, webserverContainer } from './containers.ts';
import { naming, type StackInputs } from './inputs.ts';
import type { Logs } from './logs.ts';
import type { Secrets } from './secrets.ts';
import type { Shared } from './shared.ts';
import { type WorkersNodes, workersSettings } from './worker.ts';

interface Needs {
	shared: Shared;
	image: Node<{ image: string }>;
	secrets: Secrets;
	logs: Logs;
	executionRole: Node<{ arn: string }>;
	airflowRole: Node<{ arn: string }>;
	accessPoint: Node<{ accessPointId: string }>;
	databases: readonly BranchDatabase[];
	/** None, unless the scheduler starts workers. */
	workers: WorkersNodes;
}

type Condition = 'HEALTHY' | 'SUCCESS';

/** All of a branch in one task: databases, then `init`, then Airflow; they reach each other at `localhost`. */
export function addBranchTask(stack: Stack<Aws>, inputs: StackInputs, { shared, databases, secrets, logs, workers, ...needs }: Needs): Node<{ arn: string }> {
	const { config, place } = inputs;
	const { bucket, cluster, fileSystem } = shared;
	const [mysql] = databases.filter(({ server }) => server.name === 'mysql');
	const family = naming(inputs).in(stack.scope).object('airflow');
	return stack.add(EcsTaskDefinition, 'task-definition-airflow', { ...nodesOf(databases, 'secret'), ...nodesOf(databases, 'log'), ...nodesOf(databases, 'files'), ...workers, bucket, cluster, fileSystem, ...secrets, ...logs, ...needs }, (from) => {
		const airflow = airflowIn(inputs, stack.scope, () => (mysql ? { AIRFLOW_CONN_MYSQL_BRANCH: `${secretArn(from, mysql)}:url::` } : {}));
		return {
			cluster: from.cluster.name,
			definition: fargateTask({
				family,
				architecture: config.architecture,
				cpu: config.branchCpu,
				memory: config.branchMemory,
				executionRoleArn: from.executionRole.arn,
				taskRoleArn: from.airflowRole.arn,
				fileSystemId: from.fileSystem.fileSystemId,
				volumes: { [bundleVolume]: from.accessPoint.accessPointId, ...volumesOf(from, databases) },
				containers: [
					...databases.map((database) => databaseContainer(database, { secretArn: secretArn(from, database), logGroup: logGroup(from, database), region: place.region })),
					...airflowContainers(airflow, from, { databases, workers: workersSettings(inputs, from) }),
				],
			}),
		};
	});
}

/** `init` must end with 0 before Airflow starts; ECS lets nothing essential end, and stops them in the opposite order. */
function airflowContainers(airflow: ReturnType<typeof airflowIn>, from: Ready, { databases, workers }: { databases: readonly BranchDatabase[]; workers: Settings }): JsonObject[] {
	const initialised = after('SUCCESS', ['init']);
	return [
		{ ...initContainer(airflow.init(from), from.logInit.name), essential: false, ...after('HEALTHY', databases.map(({ server }) => server.name)) },
		{ ...webserverContainer(airflow.webserver(from), from.logWebserver.name), ...initialised },
		{ ...schedulerContainer(airflow.scheduler(from, workers), from.logScheduler.name), ...initialised },
		{ ...dagSyncContainer(airflow.dagSync(from), from.logDagSync.name), ...initialised },
	];
}

function after(condition: Condition, names: readonly string[]): JsonObject {
	return { dependsOn: names.map((containerName) => ({ containerName, condition })) };
}

/** What is given by database: `secret-postgres`, `log-mysql` … */
type Given = Readonly<Record<`secret-${string}`, { arn: string }> & Record<`log-${string}`, { name: string }> & Record<`files-${string}`, { accessPointId: string }>>;

function secretArn(from: Given, { server }: BranchDatabase): string {
	return from[`secret-${server.name}`]?.arn ?? '';
}

function logGroup(from: Given, { server }: BranchDatabase): string {
	return from[`log-${server.name}`]?.name ?? '';
}

function volumesOf(from: Given, databases: readonly BranchDatabase[]): Record<string, string> {
	return Object.fromEntries(databases.flatMap(({ server: { name } }) => {
		const id = from[`files-${name}`]?.accessPointId;
		return id === undefined ? [] : [[name, id]];
	}));
}
