import type { Settings } from './airflow-settings.ts';
import type { Executor, StackInputs } from './inputs.ts';

/** The class, in every container of Airflow: both are ours (airflow/image/airflow_deploy). */
const classes: Readonly<Record<Executor, string>> = {
	local: 'airflow_deploy.local_executor.LocalExecutor',
	ecs: 'airflow_deploy.ecs_executor.EcsExecutor',
};

/** LocalExecutor forks as many workers when it starts. Each task takes about three connections; a db.t4g.micro has about 80. */
const parallelism: Readonly<Record<Executor, number>> = { local: 8, ecs: 16 };

/** Tasks that run at once. */
export function parallelismOf({ executor, config }: Pick<StackInputs, 'executor' | 'config'>): number {
	return config.parallelism ?? parallelism[executor];
}

export function executorClass(inputs: Pick<StackInputs, 'executor' | 'config'>): Settings {
	return { AIRFLOW__CORE__EXECUTOR: classes[inputs.executor], AIRFLOW__CORE__PARALLELISM: String(parallelismOf(inputs)) };
}

interface ExecutorPlace {
	readonly region: string;
	readonly cluster: string;
	/** ARN of the worker's revision: a scheduler that ECS rolls back starts the workers that it came with. */
	readonly taskDefinition: string;
	readonly subnets: readonly string[];
	readonly securityGroups: readonly string[];
	readonly assignPublicIp: boolean;
	/** The definition's own size: CPU units, MiB. */
	readonly cpu: number;
	readonly memory: number;
	/** Workers reach the database at the scheduler's own address, which it tells them. */
	readonly databaseBesideScheduler: boolean;
}

/**
 * Every key of the amazon provider's executor (8.12.0, executors/ecs/utils.py): Airflow 2.5 does not merge a provider's defaults.
 * For the scheduler only.
 */
export function executorSettings({ region, cluster, taskDefinition, subnets, securityGroups, assignPublicIp, cpu, memory, databaseBesideScheduler }: ExecutorPlace): Settings {
	return {
		AIRFLOW_DEPLOY_DATABASE_BESIDE_SCHEDULER: databaseBesideScheduler ? 'True' : 'False',
		AIRFLOW_DEPLOY_WORKER_CPU: String(cpu),
		AIRFLOW_DEPLOY_WORKER_MEMORY: String(memory),
		AIRFLOW__AWS_ECS_EXECUTOR__ASSIGN_PUBLIC_IP: assignPublicIp ? 'True' : 'False',
		AIRFLOW__AWS_ECS_EXECUTOR__CHECK_HEALTH_ON_STARTUP: 'False',
		AIRFLOW__AWS_ECS_EXECUTOR__CLUSTER: cluster,
		// Empty: boto3's own chain, so the task role.
		AIRFLOW__AWS_ECS_EXECUTOR__CONN_ID: '',
		AIRFLOW__AWS_ECS_EXECUTOR__CONTAINER_NAME: 'worker',
		AIRFLOW__AWS_ECS_EXECUTOR__LAUNCH_TYPE: 'FARGATE',
		AIRFLOW__AWS_ECS_EXECUTOR__MAX_RUN_TASK_ATTEMPTS: '12',
		AIRFLOW__AWS_ECS_EXECUTOR__PLATFORM_VERSION: 'LATEST',
		AIRFLOW__AWS_ECS_EXECUTOR__REGION_NAME: region,
		AIRFLOW__AWS_ECS_EXECUTOR__RUN_TASK_KWARGS: '{}',
		AIRFLOW__AWS_ECS_EXECUTOR__SECURITY_GROUPS: securityGroups.join(','),
		AIRFLOW__AWS_ECS_EXECUTOR__SUBNETS: subnets.join(','),
		AIRFLOW__AWS_ECS_EXECUTOR__TASK_DEFINITION: taskDefinition,
	};
}
