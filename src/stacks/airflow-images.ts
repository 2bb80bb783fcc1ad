import { airflowSettings, behindBalancer, restartVariable, schedulerSettings, type Settings, webserverSettings } from './airflow-settings.ts';
import type { AirflowImage } from './containers.ts';
import { executorClass } from './executor-settings.ts';
import { pageUrlOf, type StackInputs } from './inputs.ts';
import { loginSettings } from './login.ts';

/** The outputs that any container of Airflow is made from. */
export interface Basis {
	image: { image: string };
	bucket: { name: string };
	databaseSecret: { arn: string };
	fernetKey: { arn: string };
	webserverKey: { arn: string };
	logTask: { arn: string };
}

/** The outputs that the containers of an environment are made from. */
export interface Ready extends Basis {
	adminPassword: { arn: string };
	clientSecret?: { arn: string; version: string };
	logInit: { name: string };
	logWebserver: { name: string };
	logScheduler: { name: string };
	logDagSync: { name: string };
}

/**
 * The image with the settings and secrets of each program.
 * @param more secrets that every one of them gets: environment variable → what it refers to
 */
export function airflowIn(inputs: StackInputs, environment: string, more: (from: Basis) => Settings = () => ({})) {
	const { place, bundle, login } = inputs;
	const url = pageUrlOf(inputs);
	// A branch has them in one secret.
	const keyIn = ({ arn }: { arn: string }, member: string): string => (inputs.branch ? `${arn}:${member}::` : arn);
	const airflow = (from: Basis, settings: Settings, secrets: Settings = {}): AirflowImage => ({
		image: from.image.image,
		region: place.region,
		settings: {
			...airflowSettings({ environment, bucket: from.bucket.name, region: place.region, taskLogGroupArn: from.logTask.arn }),
			...settings,
		},
		secrets: {
			AIRFLOW__DATABASE__SQL_ALCHEMY_CONN: `${from.databaseSecret.arn}:url::`,
			AIRFLOW__CORE__FERNET_KEY: keyIn(from.fernetKey, 'fernetKey'),
			AIRFLOW__WEBSERVER__SECRET_KEY: keyIn(from.webserverKey, 'webserverKey'),
			...more(from),
			...secrets,
		},
	});
	// Links in logs and mails of tasks lead there.
	const runs = { ...executorClass(inputs), ...(url === undefined ? {} : { AIRFLOW__WEBSERVER__BASE_URL: url }) };
	// Plugins and configuration are read at start only: another hash makes another revision.
	const release = { [restartVariable]: bundle.restart };
	const admin = { AIRFLOW_DEPLOY_ADMIN_USERNAME: 'admin', AIRFLOW_DEPLOY_ADMIN_EMAIL: 'admin@example.com' };
	const page = { ...webserverSettings, ...runs, ...(url === undefined ? {} : behindBalancer), ...release };
	return {
		/** Makes or resets the user admin, where users have passwords. */
		init: (from: Ready) => (login.auth === 'db' ? airflow(from, admin, { AIRFLOW_DEPLOY_ADMIN_PASSWORD: from.adminPassword.arn }) : airflow(from, {})),
		webserver: (from: Ready) => airflow(from, { ...page, ...loginSettings(login, from.clientSecret?.version) }, from.clientSecret ? { AIRFLOW_DEPLOY_OAUTH_CLIENT_SECRET: from.clientSecret.arn } : {}),
		/** @param place where the ECS executor starts workers */
		scheduler: (from: Ready, place: Settings = {}) => airflow(from, { ...schedulerSettings, ...runs, ...place, ...release }),
		worker: (from: Basis) => airflow(from, { ...schedulerSettings, ...runs, ...release }),
		dagSync: (from: Ready) => airflow(from, {}),
	};
}
