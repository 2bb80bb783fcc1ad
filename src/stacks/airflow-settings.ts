/** The image's and the EFS mount's places, in every container. */
export const airflowHome = '/opt/airflow';
export const bundleDirectory = `${airflowHome}/bundle`;

export interface AirflowPlace {
	environment: string;
	bucket: string;
	region: string;
	/** ARN of the log group that holds task logs. */
	taskLogGroupArn: string;
}

/** Airflow's configuration as environment variables, the same in every container (Airflow 2.5.3, configuration reference). */
export function airflowSettings({ environment, bucket, region, taskLogGroupArn }: AirflowPlace): Record<string, string> {
	return {
		AIRFLOW_HOME: airflowHome,
		AIRFLOW_DEPLOY_BUCKET: bucket,
		AIRFLOW_DEPLOY_BUNDLE_DIR: bundleDirectory,
		AIRFLOW_DEPLOY_ENVIRONMENT: environment,
		AIRFLOW__API__AUTH_BACKENDS: 'airflow.api.auth.backend.session,airflow.api.auth.backend.basic_auth',
		// Provider defaults are not merged before Airflow 2.7: without it every task fails at its first log line.
		AIRFLOW__AWS__CLOUDWATCH_TASK_HANDLER_JSON_SERIALIZER: 'airflow.providers.amazon.aws.log.cloudwatch_task_handler.json_serialize_legacy',
		AIRFLOW__CORE__DAGS_FOLDER: `${bundleDirectory}/dags`,
		AIRFLOW__CORE__EXECUTOR: 'LocalExecutor',
		AIRFLOW__CORE__HOSTNAME_CALLABLE: 'task_hostname.task_address',
		AIRFLOW__CORE__LOAD_EXAMPLES: 'False',
		AIRFLOW__CORE__PLUGINS_FOLDER: `${bundleDirectory}/plugins`,
		// A db.t4g.micro takes about 80 connections.
		AIRFLOW__CORE__PARALLELISM: '16',
		AIRFLOW__DATABASE__LOAD_DEFAULT_CONNECTIONS: 'False',
		AIRFLOW__DATABASE__SQL_ALCHEMY_POOL_SIZE: '5',
		AIRFLOW__LOGGING__DAG_PROCESSOR_LOG_TARGET: 'stdout',
		AIRFLOW__LOGGING__LOGGING_CONFIG_CLASS: 'log_config.LOG_CONFIG',
		AIRFLOW__LOGGING__REMOTE_BASE_LOG_FOLDER: `cloudwatch://${taskLogGroupArn}`,
		AIRFLOW__LOGGING__REMOTE_LOGGING: 'True',
		AIRFLOW__LOGGING__REMOTE_LOG_CONN_ID: '',
		AIRFLOW__SCHEDULER__DAG_DIR_LIST_INTERVAL: '10',
		AIRFLOW__SCHEDULER__MIN_FILE_PROCESS_INTERVAL: '30',
		AIRFLOW__WEBSERVER__EXPOSE_CONFIG: 'False',
		AIRFLOW__WEBSERVER__WEB_SERVER_MASTER_TIMEOUT: '300',
		AIRFLOW__WEBSERVER__WORKERS: '2',
		AIRFLOW__WEBSERVER__X_FRAME_ENABLED: 'False',
		AWS_DEFAULT_REGION: region,
		PYTHONDONTWRITEBYTECODE: '1',
	};
}
