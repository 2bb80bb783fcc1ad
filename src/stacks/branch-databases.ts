import type { Aws } from '../aws/clients.ts';
import type { JsonObject } from '../engine/resource.ts';
import type { Node, Stack } from '../engine/stack.ts';
import { AccessPoint } from '../resources/efs-access-point.ts';
import { logs } from './containers.ts';
import type { BranchOptions, StackInputs } from './inputs.ts';
import { addLogGroup, type LogNode } from './logs.ts';
import { addSecret, type SecretNode } from './secrets.ts';
import type { Shared } from './shared.ts';

/** A database server as a container, after its image's page in docker-library/docs. */
interface Server {
	name: 'postgres' | 'mysql';
	image: string;
	/** Mount point; the data lie in a directory below it, because a server insists on an empty one of its own. */
	directory: string;
	entryPoint?: string[];
	command: string[];
	environment: Readonly<Record<string, string>>;
	passwordVariables: string[];
	/** Over TCP: while the image initialises its files, the server listens on a socket only. */
	healthCheck: string[];
	url: { scheme: string; port: number; query: string };
}

const postgres: Server = {
	name: 'postgres',
	image: 'public.ecr.aws/docker/library/postgres:15',
	directory: '/var/lib/postgresql/data',
	// A server of a task that is not gone yet keeps the lock: PostgreSQL's own check sees processes of its own container only.
	entryPoint: ['flock', '--exclusive', '--no-fork', '/var/lib/postgresql/data/lock', 'docker-entrypoint.sh'],
	command: ['postgres'],
	environment: { PGDATA: '/var/lib/postgresql/data/pgdata', POSTGRES_USER: 'airflow', POSTGRES_DB: 'airflow' },
	passwordVariables: ['POSTGRES_PASSWORD'],
	healthCheck: ['CMD', 'pg_isready', '--host', 'localhost', '--username', 'airflow', '--dbname', 'airflow'],
	url: { scheme: 'postgresql+psycopg2', port: 5432, query: 'sslmode=disable' },
};

const mysql: Server = {
	name: 'mysql',
	image: 'public.ecr.aws/docker/library/mysql:8.0',
	directory: '/var/lib/mysql',
	// InnoDB locks its files by itself.
	command: ['mysqld', '--datadir=/var/lib/mysql/data'],
	environment: { MYSQL_USER: 'airflow', MYSQL_DATABASE: 'airflow', MYSQL_ROOT_HOST: 'localhost' },
	// A random one for root would be printed to the log.
	passwordVariables: ['MYSQL_PASSWORD', 'MYSQL_ROOT_PASSWORD'],
	healthCheck: ['CMD', 'mysqladmin', 'ping', '--protocol', 'TCP', '--host', 'localhost'],
	url: { scheme: 'mysql', port: 3306, query: 'client=mysql-connector-python' },
};

/** One database of a branch, with what is its own in AWS. */
export interface BranchDatabase {
	server: Server;
	/** `{password, url}` */
	secret: SecretNode;
	log: LogNode;
	/** Where its data outlive a task; undefined where they need not. */
	files: Node<{ accessPointId: string; arn: string }> | undefined;
}

/** One part of each, named `secret-postgres`, `secret-mysql` …; databases without it are left out. */
export function nodesOf<Part extends 'secret' | 'log' | 'files'>(databases: readonly BranchDatabase[], part: Part): Record<`${Part}-${string}`, NonNullable<BranchDatabase[Part]>> {
	const nodes = databases.flatMap((database) => (database[part] ? [[`${part}-${database.server.name}`, database[part]]] : []));
	return Object.fromEntries(nodes) as Record<`${Part}-${string}`, NonNullable<BranchDatabase[Part]>>;
}

interface Needs {
	anchor: Node<{ nonce: string }>;
	shared: Shared;
	/** Of PostgreSQL, which is Airflow's own. */
	databaseSecret: SecretNode;
	branch: BranchOptions;
}

/** PostgreSQL for Airflow itself, and MySQL for its DAGs where that is asked for. */
export function addBranchDatabases(stack: Stack<Aws>, inputs: StackInputs, { anchor, shared, databaseSecret, branch }: Needs): BranchDatabase[] {
	const add = (server: Server, secret: SecretNode): BranchDatabase => ({
		server,
		secret,
		log: addLogGroup(stack, inputs, { anchor }, server.name),
		files: branch.ephemeral ? undefined : addFiles(stack, server, anchor, shared),
	});
	if (!branch.mysql) return [add(postgres, databaseSecret)];
	const mysqlSecret = addSecret(stack, inputs, { anchor }, { role: 'mysql', value: 'database', url: urlOf(mysql), description: 'MySQL of the branch: password and URL' });
	return [add(postgres, databaseSecret), add(mysql, mysqlSecret)];
}

/** Where the branch's own PostgreSQL is reached from its task, with `{password}` in its place. */
export const postgresUrl = urlOf(postgres);

function urlOf({ url: { scheme, port, query } }: Server): string {
	return `${scheme}://airflow:{password}@localhost:${port}/airflow?${query}`;
}

/** Both servers run as 999 in their images. A later branch of the same name must not find the files of this one: EFS keeps them. */
function addFiles(stack: Stack<Aws>, { name }: Server, anchor: Node<{ nonce: string }>, shared: Shared): Node<{ accessPointId: string; arn: string }> {
	return stack.add(AccessPoint, `access-point-${name}`, { anchor, fileSystem: shared.fileSystem }, ({ anchor, fileSystem }) => ({
		fileSystemId: fileSystem.fileSystemId,
		path: `/${stack.scope}.${anchor.nonce.slice(0, 8)}.${name}`,
		uid: 999,
		gid: 999,
		permissions: '0700',
	}));
}

/** The server's container. Without files of its own it writes to the task's storage. */
export function databaseContainer({ server, files }: BranchDatabase, { secretArn, logGroup, region }: { secretArn: string; logGroup: string; region: string }): JsonObject {
	const { name, image, entryPoint, command, environment, passwordVariables, healthCheck, directory } = server;
	return {
		name,
		image,
		essential: true,
		user: '999:999',
		...(entryPoint ? { entryPoint } : {}),
		command,
		environment: Object.entries(environment).map(([name, value]) => ({ name, value })),
		secrets: passwordVariables.map((name) => ({ name, valueFrom: `${secretArn}:password::` })),
		mountPoints: files ? [{ sourceVolume: name, containerPath: directory, readOnly: false }] : [],
		// Writing the first files to EFS takes its time.
		healthCheck: { command: healthCheck, interval: 5, timeout: 5, retries: 6, startPeriod: 300 },
		stopTimeout: 60,
		logConfiguration: logs({ region }, logGroup, name, 'non-blocking'),
	};
}
