import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { findMysql, type MysqlServer } from '../src/local/runtime/mysql-server.ts';

const flags = ['--yes', '--quiet', '--option', 'DPkg::Lock::Timeout=300'];
/** Two test files may want it at the same time, and `apt-get update` waits for nobody. */
const turns = join(tmpdir(), 'airflow-deploy-test-apt.lock');

/**
 * The MySQL or MariaDB server of this machine. Where there is none, root on Debian gets one, once; elsewhere it is said that
 * its tests are skipped.
 */
export async function mysqlServer(): Promise<MysqlServer | undefined> {
	const found = await findMysql(process.env).catch(() => undefined);
	if (found !== undefined) return found;
	try {
		if (process.getuid?.() !== 0) throw new Error('only root can install one');
		await apt('update');
		await apt('install', '--no-install-recommends', 'mariadb-server');
		return await findMysql(process.env);
	} catch (error) {
		const why = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
		process.stderr.write(`the tests with MySQL are skipped: this machine has no server, and ${why}. As root: apt-get install mariadb-server\n`);
		return undefined;
	}
}

async function apt(command: string, ...words: string[]): Promise<void> {
	await execa('flock', [turns, 'apt-get', command, ...flags, ...words], { env: { DEBIAN_FRONTEND: 'noninteractive' } });
}
