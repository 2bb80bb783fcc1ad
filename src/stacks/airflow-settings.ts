/** The image's and the EFS mount's places, in every container. */
const airflowHome = '/opt/airflow';
export const bundleDirectory = `${airflowHome}/bundle`;

export interface AirflowPlace {
	environment: string;
	bucket: string;
	region: string;
	/** ARN of the log group that holds task logs. */
	taskLogGroupArn: string;
}

/** Names the release, plugins and settings, that a task starts with. */
export const restartVariable = 'AIRFLOW_DEPLOY_RESTART_HASH';

export type Settings = Readonly<Record<string, string>>;

/** Airflow's configuration as environment variables (Airflow 2.5.3, configuration reference), the same in every container. */
export function airflowSettings({ environment, bucket, region, taskLogGroupArn }: AirflowPlace): Settings {
	return {
		AIRFLOW_HOME: airflowHome,
		AIRFLOW_DEPLOY_BUCKET: bucket,
		AIRFLOW_DEPLOY_BUNDLE_DIR: bundleDirectory,
		AIRFLOW_DEPLOY_ENVIRONMENT: environment,
		AIRFLOW__CORE__DAGS_FOLDER: `${bundleDirectory}/dags`,
		AIRFLOW__CORE__LOAD_EXAMPLES: 'False',
		AIRFLOW__DATABASE__LOAD_DEFAULT_CONNECTIONS: 'False',
		AIRFLOW__DATABASE__SQL_ALCHEMY_POOL_SIZE: '5',
		AIRFLOW__LOGGING__COLORED_CONSOLE_LOG: 'False',
		AIRFLOW__LOGGING__REMOTE_BASE_LOG_FOLDER: `cloudwatch://${taskLogGroupArn}`,
		AIRFLOW__LOGGING__REMOTE_LOGGING: 'True',
		// Empty: boto3's own chain, so the task role.
		AIRFLOW__LOGGING__REMOTE_LOG_CONN_ID: '',
		AIRFLOW__SCHEDULER__DAG_DIR_LIST_INTERVAL: '10',
		AWS_DEFAULT_REGION: region,
		// The image's entrypoint would wait for the database in plain text before every start: `init` does it.
		CONNECTION_CHECK_MAX_COUNT: '0',
		PYTHONDONTWRITEBYTECODE: '1',
		SQLALCHEMY_SILENCE_UBER_WARNING: '1',
	};
}

/**
 * Behind the load balancer, which ends TLS, keeps Host, and adds X-Forwarded-For, -Proto and -Port (Elastic Load Balancing,
 * "HTTP headers and Application Load Balancers"). What it does not set must not be believed: anybody can send it.
 */
export const behindBalancer: Settings = {
	AIRFLOW__WEBSERVER__COOKIE_SECURE: 'True',
	AIRFLOW__WEBSERVER__ENABLE_PROXY_FIX: 'True',
	AIRFLOW__WEBSERVER__PROXY_FIX_X_HOST: '0',
	AIRFLOW__WEBSERVER__PROXY_FIX_X_PREFIX: '0',
};

/** What comes from the bundle's `config/`: the webserver and the scheduler have it at their start, `init` does not depend on it. */
const fromBundle: Settings = {
	AIRFLOW__CORE__HOSTNAME_CALLABLE: 'task_hostname.task_address',
	AIRFLOW__LOGGING__LOGGING_CONFIG_CLASS: 'log_config.LOG_CONFIG',
};

export const webserverSettings: Settings = {
	...fromBundle,
	AIRFLOW__WEBSERVER__COOKIE_SAMESITE: 'Lax',
	AIRFLOW__WEBSERVER__EXPOSE_CONFIG: 'False',
	// Half a day, in place of thirty.
	AIRFLOW__WEBSERVER__SESSION_LIFETIME_MINUTES: '720',
	AIRFLOW__WEBSERVER__WARN_DEPLOYMENT_EXPOSURE: 'False',
	AIRFLOW__WEBSERVER__WEB_SERVER_MASTER_TIMEOUT: '300',
	AIRFLOW__WEBSERVER__WORKERS: '2',
	AIRFLOW__WEBSERVER__X_FRAME_ENABLED: 'False',
	// The first half is the image's own.
	GUNICORN_CMD_ARGS: '--worker-tmp-dir /dev/shm --logger-class gunicorn_json.JsonLogger',
};

export const schedulerSettings: Settings = {
	...fromBundle,
	// Deep enough to reach the line of the DAG file when a library raises.
	AIRFLOW__CORE__DAGBAG_IMPORT_ERROR_TRACEBACK_DEPTH: '20',
	AIRFLOW__LOGGING__DAG_PROCESSOR_LOG_TARGET: 'stdout',
	AIRFLOW__SCHEDULER__PARSING_PROCESSES: '2',
	// dumb-init would pass SIGTERM to the running tasks too, and so fail what the scheduler wants to finish.
	DUMB_INIT_SETSID: '0',
};
