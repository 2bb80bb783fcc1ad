import type { Aws } from '../aws/clients.ts';
import type { JsonObject } from '../engine/resource.ts';
import type { Node, Stack } from '../engine/stack.ts';
import { EcsTaskDefinition } from '../resources/ecs-task-definition.ts';
import type { WorkersPlace } from '../resources/workers.ts';
import { airflowIn, type Ready } from './airflow-images.ts';
import { bundleVolume, dagSyncContainer, fargateTask, initContainer, schedulerContainer, webserverContainer } from './containers.ts';
import { naming, type StackInputs } from './inputs.ts';
import type { Logs } from './logs.ts';
import type { Roles } from './roles.ts';
import type { Secrets } from './secrets.ts';
import type { Shared } from './shared.ts';
import { type WorkersNodes, workersSettings } from './worker.ts';

type TaskDefinitionNode = Node<{ arn: string; family: string }>;

export interface TaskDefinitions {
	initTask: TaskDefinitionNode;
	webserverTask: TaskDefinitionNode;
	schedulerTask: TaskDefinitionNode;
}

interface Needs {
	shared: Shared;
	image: Node<{ image: string }>;
	secrets: Secrets;
	logs: Logs;
	roles: Roles;
	accessPoint: Node<{ accessPointId: string }>;
	/** None, unless the scheduler starts workers. */
	workers: WorkersNodes;
}

/** What runs: the init task, the webserver, and the scheduler with its sidecar. */
export function addTaskDefinitions(stack: Stack<Aws>, inputs: StackInputs, { shared, image, secrets, logs, roles, accessPoint, workers }: Needs): TaskDefinitions {
	const { config } = inputs;
	const { object } = naming(inputs).in(stack.scope);
	const { executionRole, initRole, webserverRole, schedulerRole } = roles;
	const { bucket, cluster, fileSystem } = shared;
	const needs = { bucket, cluster, fileSystem, accessPoint, image, executionRole, ...secrets, ...logs };
	type Given = Ready & Readonly<Record<`workers${string}`, WorkersPlace>>;

	const airflow = airflowIn(inputs, stack.scope);
	const add = (name: string, role: Node<{ arn: string }>, size: { cpu: number; memory: number }, containers: (from: Given) => JsonObject[], more: WorkersNodes = {}): TaskDefinitionNode =>
		stack.add(EcsTaskDefinition, `task-definition-${name}`, { ...more, ...needs, role }, (from) => ({
			cluster: from.cluster.name,
			definition: fargateTask({
				...size,
				architecture: config.architecture,
				family: object(name),
				executionRoleArn: from.executionRole.arn,
				taskRoleArn: from.role.arn,
				fileSystemId: from.fileSystem.fileSystemId,
				volumes: { [bundleVolume]: from.accessPoint.accessPointId },
				containers: containers(from),
			}),
		}));

	return {
		initTask: add('init', initRole, { cpu: 512, memory: 2048 }, (from) => [
			initContainer(airflow.init(from), from.logInit.name),
		]),
		webserverTask: add('webserver', webserverRole, { cpu: config.webserverCpu, memory: config.webserverMemory }, (from) => [
			webserverContainer(airflow.webserver(from), from.logWebserver.name),
		]),
		schedulerTask: add('scheduler', schedulerRole, { cpu: config.schedulerCpu, memory: config.schedulerMemory }, (from) => [
			schedulerContainer(airflow.scheduler(from, workersSettings(inputs, from)), from.logScheduler.name),
			dagSyncContainer(airflow.dagSync(from), from.logDagSync.name),
		], workers),
	};
}
