import { join } from 'node:path';
import type { PythonEnvironment } from './environments.ts';
import type { Image } from './image.ts';

/**
 * apache/airflow with a build context on top: programs from a Python environment, settings and entry point as in the
 * official image 2.5.3 (scripts/docker/entrypoint_prod.sh), without its wait for the database.
 * @param context folder whose `image/` the Dockerfile copies to /opt/airflow-deploy
 */
export function airflowImage(digest: string, environment: PythonEnvironment, context: string): Image {
	return {
		digest,
		environment: {
			AIRFLOW_HOME: '/opt/airflow',
			PATH: '/home/airflow/.local/bin:/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin',
			HOME: '/home/airflow',
			USER: 'airflow',
			LOGNAME: 'airflow',
			LANG: 'C.UTF-8',
			LC_ALL: 'C.UTF-8',
			PYTHONPATH: '/opt/airflow-deploy',
			GUNICORN_CMD_ARGS: '--worker-tmp-dir /dev/shm',
			// The environment has its bytecode; a DAG's would land in the EFS directory, which the scheduler mounts read-only.
			PYTHONDONTWRITEBYTECODE: '1',
		},
		workingDirectory: '/opt/airflow',
		// The official image has Airflow installed for its user, in the user's home.
		paths: { '/opt/airflow-deploy': join(context, 'image'), '/home/airflow/.local': environment.directory },
		directories: ['/opt/airflow', '/opt/airflow/dags', '/opt/airflow/logs', '/home/airflow'],
		placed: (address) => ({ AIRFLOW__WEBSERVER__WEB_SERVER_HOST: address }),
		entryPoint,
		literalEntryPoint: ['/usr/bin/dumb-init', '--', '/entrypoint'],
	};
}

function entryPoint([first, ...rest]: readonly string[]): readonly string[] {
	if (first === 'bash' || first === 'python') {
		return [first, ...rest];
	}
	return first === undefined || first === 'airflow' ? ['airflow', ...rest] : ['airflow', first, ...rest];
}
