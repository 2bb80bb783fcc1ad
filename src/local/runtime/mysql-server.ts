import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { UserError } from '../../errors.ts';

/** A MySQL or MariaDB server that is installed on this machine, with what belongs to it. Absolute paths. */
export interface MysqlServer {
	readonly product: 'MySQL' | 'MariaDB';
	/** E.g. 8.0.40, 10.11.19. */
	readonly version: string;
	readonly server: string;
	/** mariadb-install-db; MySQL's server initialises by itself. */
	readonly installer: string | undefined;
	readonly client: string;
	readonly admin: string;
}

/** Where packages put servers; for a user other than root they are not on PATH. */
const usual = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/usr/libexec', '/usr/local/mysql/bin'];

const hint = 'apt-get install mariadb-server   (Fedora: dnf install mariadb-server; its system service need not run)';

/**
 * Finds `mysqld`, else `mariadbd`, on PATH or in the usual places; MySQL where both are there.
 * @throws UserError `NoMysql` with what is missing and how to install it
 */
export async function findMysql({ PATH = '' }: NodeJS.ProcessEnv, elsewhere: readonly string[] = usual): Promise<MysqlServer> {
	const folders = [...PATH.split(':').filter(Boolean), ...elsewhere];
	const server = await find(['mysqld', 'mariadbd'], folders);
	const { stdout } = await execa(server, ['--version'], { reject: false, timeout: 10_000 });
	const product = stdout.includes('MariaDB') ? 'MariaDB' : 'MySQL';
	const beside = [dirname(server), join(dirname(dirname(server)), 'bin'), ...folders];
	const [client, admin, installer] = await Promise.all([
		find(['mysql', 'mariadb'], beside),
		find(['mysqladmin', 'mariadb-admin'], beside),
		product === 'MariaDB' ? find(['mariadb-install-db', 'mysql_install_db'], [...beside, join(dirname(dirname(server)), 'scripts')]) : undefined,
	]);
	return { product, version: /Ver (\d[\d.]*)/.exec(stdout)?.[1] ?? 'of unknown version', server, installer, client, admin };
}

async function find(names: readonly string[], folders: readonly string[]): Promise<string> {
	for (const path of names.flatMap((name) => folders.map((folder) => join(folder, name)))) {
		if (await access(path, constants.X_OK).then(() => true, () => false)) return path;
	}
	throw new UserError('NoMysql', `the process runtime runs mysql:8 with the server of this machine: no ${names.join(' or ')} on PATH or among ${usual.join(', ')}`, { hint });
}
