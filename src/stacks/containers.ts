import type { JsonObject } from '../engine/resource.ts';
import { bundleDirectory, type Settings } from './airflow-settings.ts';

/** What all containers of an environment have in common. */
export interface AirflowImage {
	image: string;
	region: string;
	settings: Settings;
	/** Environment variable → Secrets Manager reference, `arn:key::` for one key of a JSON secret. */
	secrets: Settings;
}

export interface TaskShape {
	family: string;
	cpu: number;
	/** MiB. */
	memory: number;
	architecture: 'X86_64' | 'ARM64';
	executionRoleArn: string;
	taskRoleArn: string;
	fileSystemId: string;
	/** EFS volumes: name → access point. */
	volumes: Readonly<Record<string, string>>;
	containers: JsonObject[];
}

/** The volume that containers of Airflow have their files in. */
export const bundleVolume = 'bundle';

/** A Fargate task definition, as ecs:RegisterTaskDefinition takes it. */
export function fargateTask(task: TaskShape): JsonObject {
	return {
		family: task.family,
		requiresCompatibilities: ['FARGATE'],
		networkMode: 'awsvpc',
		cpu: String(task.cpu),
		memory: String(task.memory),
		runtimePlatform: { operatingSystemFamily: 'LINUX', cpuArchitecture: task.architecture },
		executionRoleArn: task.executionRoleArn,
		taskRoleArn: task.taskRoleArn,
		containerDefinitions: task.containers,
		volumes: Object.entries(task.volumes).map(([name, accessPointId]) => ({
			name,
			efsVolumeConfiguration: {
				fileSystemId: task.fileSystemId,
				transitEncryption: 'ENABLED',
				authorizationConfig: { accessPointId, iam: 'ENABLED' },
			},
		})),
	};
}

/** The one-off task that migrates the database, sets the admin user and makes the first copy of the bundle. */
export function initContainer(airflow: AirflowImage, logGroup: string): JsonObject {
	return {
		...container(airflow, 'init', logGroup, ['python', '-m', 'airflow_deploy.init'], 'writes the bundle'),
		// A dropped line here could be the reason of a failure.
		logConfiguration: logs(airflow, logGroup, 'init', 'blocking'),
	};
}

export function webserverContainer(airflow: AirflowImage, logGroup: string): JsonObject {
	return {
		...container(airflow, 'webserver', logGroup, ['python', '-m', 'airflow_deploy.start', 'webserver'], 'reads the bundle'),
		portMappings: [{ containerPort: 8080, protocol: 'tcp' }],
		healthCheck: check('webserver'),
	};
}

/** It gets the longest time that Fargate allows to end what it runs. */
export function schedulerContainer(airflow: AirflowImage, logGroup: string): JsonObject {
	return {
		...container(airflow, 'scheduler', logGroup, ['python', '-m', 'airflow_deploy.start', 'scheduler'], 'reads the bundle'),
		stopTimeout: 120,
		healthCheck: check('scheduler'),
	};
}

/** Runs one task of a DAG: the scheduler's executor gives the command. Fargate's longest time to end it, too. */
export function workerContainer(airflow: AirflowImage, logGroup: string): JsonObject {
	return {
		...container(airflow, 'worker', logGroup, ['python', '-m', 'airflow_deploy.start', 'worker', 'airflow', 'version'], 'reads the bundle'),
		stopTimeout: 120,
	};
}

/** The scheduler's sidecar: copies the bundle from S3 to EFS, and reports through S3 what was parsed. */
export function dagSyncContainer(airflow: AirflowImage, logGroup: string): JsonObject {
	return {
		...container(airflow, 'dag-sync', logGroup, ['python', '-m', 'airflow_deploy.dag_sync'], 'writes the bundle'),
		essential: false,
		restartPolicy: { enabled: true, restartAttemptPeriod: 60 },
		logConfiguration: logs(airflow, logGroup, 'dag-sync', 'blocking'),
	};
}

type Mount = 'reads the bundle' | 'writes the bundle';

function container(airflow: AirflowImage, name: string, logGroup: string, command: string[], mount: Mount): JsonObject {
	return {
		name,
		image: airflow.image,
		essential: true,
		command,
		environment: Object.entries(airflow.settings).map(([name, value]) => ({ name, value })),
		secrets: Object.entries(airflow.secrets).map(([name, valueFrom]) => ({ name, valueFrom })),
		mountPoints: [{ sourceVolume: bundleVolume, containerPath: bundleDirectory, readOnly: mount === 'reads the bundle' }],
		linuxParameters: { initProcessEnabled: true },
		logConfiguration: logs(airflow, logGroup, name, 'non-blocking'),
	};
}

/** The awslogs driver; `blocking` where a lost line would matter more than a wait. */
export function logs({ region }: { region: string }, group: string, name: string, mode: 'blocking' | 'non-blocking'): JsonObject {
	const options = { 'awslogs-group': group, 'awslogs-region': region, 'awslogs-stream-prefix': name, mode };
	return { logDriver: 'awslogs', options: mode === 'blocking' ? options : { ...options, 'max-buffer-size': '25m' } };
}

function check(component: 'webserver' | 'scheduler'): JsonObject {
	return { command: ['CMD', 'python', '-m', 'airflow_deploy.health', component], interval: 5, timeout: 5, retries: 6, startPeriod: 300 };
}
