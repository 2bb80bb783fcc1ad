import { airflowSettings, behindBalancer, restartVariable, schedulerSettings, type Settings, webserverSettings } from './airflow-settings.ts';
import type { AirflowImage } from './containers.ts';
import { pageUrlOf, type StackInputs } from './inputs.ts';

/** The outputs that containers of Airflow are made from. */
export interface Ready {
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

/**
 * The image with the settings and secrets of each program.
 * @param more secrets that every one of them gets: environment variable → what it refers to
 */
export function airflowIn(inputs: StackInputs, environment: string, more: (from: Ready) => Settings = () => ({})) {
	const { place, bundle } = inputs;
	const url = pageUrlOf(inputs);
	const airflow = (from: Ready, settings: Settings, secrets: Settings = {}): AirflowImage => ({
		image: from.image.image,
		region: place.region,
		settings: {
			...airflowSettings({ environment, bucket: from.bucket.name, region: place.region, taskLogGroupArn: from.logTask.arn }),
			...(url === undefined ? {} : { AIRFLOW__WEBSERVER__BASE_URL: url }),
			...settings,
		},
		secrets: {
			AIRFLOW__DATABASE__SQL_ALCHEMY_CONN: `${from.databaseSecret.arn}:url::`,
			AIRFLOW__CORE__FERNET_KEY: from.fernetKey.arn,
			AIRFLOW__WEBSERVER__SECRET_KEY: from.webserverKey.arn,
			...more(from),
			...secrets,
		},
	});
	// Plugins and configuration are read at start only: another hash makes another revision.
	const release = { [restartVariable]: bundle.restart };
	const admin = { AIRFLOW_DEPLOY_ADMIN_USERNAME: 'admin', AIRFLOW_DEPLOY_ADMIN_EMAIL: 'admin@example.com' };
	return {
		init: (from: Ready) => airflow(from, admin, { AIRFLOW_DEPLOY_ADMIN_PASSWORD: from.adminPassword.arn }),
		webserver: (from: Ready) => airflow(from, { ...webserverSettings, ...(url === undefined ? {} : behindBalancer), ...release }),
		scheduler: (from: Ready) => airflow(from, { ...schedulerSettings, ...release }),
		dagSync: (from: Ready) => airflow(from, {}),
	};
}
