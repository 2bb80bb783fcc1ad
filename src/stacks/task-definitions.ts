import type { Aws } from '../aws/clients.ts';
import type { JsonObject } from '../engine/resource.ts';
import type { Node, Stack } from '../engine/stack.ts';
import { EcsTaskDefinition } from '../resources/ecs-task-definition.ts';
import { airflowSettings, restartVariable, schedulerSettings, type Settings, webserverSettings } from './airflow-settings.ts';
import { type AirflowImage, dagSyncContainer, fargateTask, initContainer, schedulerContainer, webserverContainer } from './containers.ts';
import { naming, type StackInputs } from './inputs.ts';
import type { Logs } from './logs.ts';
import type { Roles } from './roles.ts';
import type { Secrets } from './secrets.ts';
import type { Shared } from './shared.ts';

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
}

/** What runs: the init task, the webserver, and the scheduler with its sidecar. */
export function addTaskDefinitions(stack: Stack<Aws>, inputs: StackInputs, { shared, image, secrets, logs, roles, accessPoint }: Needs): TaskDefinitions {
	const { config, place, bundle } = inputs;
	const { object } = naming(inputs).in(stack.scope);
	const { executionRole, initRole, webserverRole, schedulerRole } = roles;
	const { bucket, cluster, fileSystem } = shared;
	const needs = { bucket, cluster, fileSystem, accessPoint, image, executionRole, ...secrets, ...logs };

	const airflow = (from: Ready, settings: Settings, more: Settings = {}): AirflowImage => ({
		image: from.image.image,
		region: place.region,
		settings: {
			...airflowSettings({ environment: stack.scope, bucket: from.bucket.name, region: place.region, taskLogGroupArn: from.logTask.arn }),
			...settings,
		},
		secrets: {
			AIRFLOW__DATABASE__SQL_ALCHEMY_CONN: `${from.databaseSecret.arn}:url::`,
			AIRFLOW__CORE__FERNET_KEY: from.fernetKey.arn,
			AIRFLOW__WEBSERVER__SECRET_KEY: from.webserverKey.arn,
			...more,
		},
	});
	const add = (name: string, role: Node<{ arn: string }>, size: { cpu: number; memory: number }, containers: (from: Ready) => JsonObject[]): TaskDefinitionNode =>
		stack.add(EcsTaskDefinition, `task-definition-${name}`, { ...needs, role }, (from) => ({
			cluster: from.cluster.name,
			definition: fargateTask({
				...size,
				family: object(name),
				executionRoleArn: from.executionRole.arn,
				taskRoleArn: from.role.arn,
				fileSystemId: from.fileSystem.fileSystemId,
				accessPointId: from.accessPoint.accessPointId,
				containers: containers(from),
			}),
		}));

	// Plugins and configuration are read at start only: another hash makes another revision.
	const release = { [restartVariable]: bundle.restart };
	const admin = { AIRFLOW_DEPLOY_ADMIN_USERNAME: 'admin', AIRFLOW_DEPLOY_ADMIN_EMAIL: 'admin@example.com' };
	return {
		initTask: add('init', initRole, { cpu: 512, memory: 2048 }, (from) => [
			initContainer(airflow(from, admin, { AIRFLOW_DEPLOY_ADMIN_PASSWORD: from.adminPassword.arn }), from.logInit.name),
		]),
		webserverTask: add('webserver', webserverRole, { cpu: config.webserverCpu, memory: config.webserverMemory }, (from) => [
			webserverContainer(airflow(from, { ...webserverSettings, ...release }), from.logWebserver.name),
		]),
		schedulerTask: add('scheduler', schedulerRole, { cpu: config.schedulerCpu, memory: config.schedulerMemory }, (from) => [
			schedulerContainer(airflow(from, { ...schedulerSettings, ...release }), from.logScheduler.name),
			dagSyncContainer(airflow(from, {}), from.logDagSync.name),
		]),
	};
}

/** The outputs that containers are made from. */
interface Ready {
	image: { image: string };
	bucket: { name: string };
	databaseSecret: { arn: string };
	fernetKey: { arn: string };
	webserverKey: { arn: string };
	adminPassword: { arn: string };
	logInit: { name: string };
	logWebserver: { name: string };
	logScheduler: { name: string };
	logDagSync: { name: string };
	logTask: { arn: string };
}
