import { createHash } from 'node:crypto';
import type { Image } from './image.ts';
import type { MysqlServer } from './mysql-server.ts';
import { containerProgram, placed } from './postgres-image.ts';

/** What a person has to know where the server is not the one that was asked for. */
export function standIn({ product, version }: MysqlServer, tag: string): string | undefined {
	return product === 'MySQL' && version.startsWith('8.') ? undefined : `${product} ${version} stands in for MySQL ${tag}: on AWS the image's own server runs`;
}

/** The official image mysql:8 with this machine's server: its settings and entry point, `mysql` and `mysqladmin`. */
export function mysqlImage(found: MysqlServer, tag: string, python: string): Image {
	const client = containerProgram(python, 'mysql_client.py');
	return {
		digest: `sha256:${createHash('sha256').update(`${found.product} ${found.version}`).digest('hex')}`,
		environment: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root' },
		workingDirectory: '/',
		paths: {},
		directories: ['/root', '/var/lib/mysql'],
		programs: {
			'docker-entrypoint.sh': [...containerProgram(python, 'mysql.py'), found.server, found.installer ?? '', standIn(found, tag) ?? '', '--'],
			mysql: [...client, found.client],
			mysqladmin: [...client, found.admin],
		},
		placed,
		entryPoint: (command) => ['docker-entrypoint.sh', ...(command.length === 0 ? ['mysqld'] : command)],
		literalEntryPoint: ['docker-entrypoint.sh'],
	};
}
