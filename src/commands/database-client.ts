import { rmSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Database } from '../environment/environment.ts';

export interface Login {
	readonly host: string;
	readonly port: number;
	readonly username: string;
	readonly password: string;
	readonly database: string;
}

/** What makes a database's client log in, without a password among its words. */
export interface DatabaseClient {
	/** For the environment of a program; undefined: what would send it elsewhere, to be left out. */
	readonly variables: Readonly<Record<string, string | undefined>>;
	/** To be pasted into a shell. */
	readonly command: string;
	url(show: { readonly password: boolean }): string;
	/** Words as they were given, and what makes their program read the file where it reads no variables. */
	withFile(words: readonly string[]): readonly string[];
	/** Removes the file. */
	dispose(): Promise<void>;
}

interface Kind {
	readonly scheme: string;
	readonly file: string;
	content(login: Login): string;
	variables(login: Login): Readonly<Record<string, string | undefined>>;
	command(login: Login, file: string): string;
	withFile(words: readonly string[], file: string): readonly string[];
}

const kinds: Readonly<Record<Database, Kind>> = {
	// PostgreSQL 15, "Environment Variables" and "The Password File".
	postgres: {
		scheme: 'postgresql',
		file: 'pgpass',
		content: ({ password }) => `*:*:*:*:${password.replaceAll(/[\\:]/g, String.raw`\$&`)}\n`,
		variables: ({ host, port, username, password, database }) => ({ PGHOST: host, PGPORT: String(port), PGUSER: username, PGPASSWORD: password, PGDATABASE: database, PGSERVICE: undefined, PGHOSTADDR: undefined }),
		command: ({ host, port, username, database }, file) => `PGPASSFILE=${file} psql --host=${host} --port=${port} --username=${username} ${database}`,
		withFile: (words) => words,
	},
	// MySQL 8.0, "Environment Variables" and "Using Option Files": its clients take no user name from a variable.
	mysql: {
		scheme: 'mysql',
		file: 'my.cnf',
		content: ({ host, port, username, password, database }) => `[client]\nprotocol=tcp\nhost="${host}"\nport=${port}\nuser="${username}"\npassword="${password.replaceAll(/["\\]/g, String.raw`\$&`)}"\n\n[mysql]\ndatabase="${database}"\n`,
		variables: ({ host, port, username, password, database }) => ({ MYSQL_HOST: host, MYSQL_TCP_PORT: String(port), MYSQL_USER: username, MYSQL_PWD: password, MYSQL_PASSWORD: password, MYSQL_DATABASE: database }),
		command: (_, file) => `mysql --defaults-file=${file}`,
		withFile([program = '', ...words], file) {
			const reads = /^(?:mysql|mariadb)(?:-?(?:admin|check|dump|import|show|slap))?$/.test(basename(program)) && words[0]?.startsWith('--defaults') !== true && words[0] !== '--no-defaults';
			return [program, ...(reads ? [`--defaults-file=${file}`] : []), ...words];
		},
	},
};

/** Writes the password to a file that only its owner can read, in a directory of its own; it goes with this process. */
export async function databaseClient(database: Database, login: Login): Promise<DatabaseClient> {
	const kind = kinds[database];
	const directory = await mkdtemp(join(tmpdir(), 'airflow-deploy-connect-'));
	const remove = (): void => rmSync(directory, { recursive: true, force: true });
	process.once('exit', remove);
	const file = join(directory, kind.file);
	await writeFile(file, kind.content(login), { mode: 0o600 });
	const url = ({ password }: { readonly password: boolean }): string => `${kind.scheme}://${login.username}${password ? `:${encodeURIComponent(login.password)}` : ''}@${login.host}:${login.port}/${login.database}`;
	return {
		variables: { ...kind.variables(login), DATABASE_URL: url({ password: true }) },
		command: kind.command(login, file),
		url,
		withFile: (words) => kind.withFile(words, file),
		dispose: () => {
			process.off('exit', remove);
			remove();
			return Promise.resolve();
		},
	};
}
