import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ImagePullError, type ContainerSpec, type TaskSandbox, type TaskVolume } from '../../../src/local/ecs/runtime.ts';
import { pullImage } from '../../../src/local/runtime/images.ts';
import { installer } from '../../../src/local/runtime/installer.ts';
import { findMysql } from '../../../src/local/runtime/mysql-server.ts';
import { standIn } from '../../../src/local/runtime/mysql-image.ts';
import { mysqlServer } from '../../mysql-server.ts';
import { python, temporaryDirectory, until } from './support.ts';
import { check, quit, start, type Started, TestRuntime, untilHealthy } from './task-runtime.ts';

const image = 'public.ecr.aws/docker/library/mysql:8.0';
const password = 'it\'s "quoted" \\n';
const environment = { MYSQL_ROOT_PASSWORD: 'root\'s', MYSQL_USER: 'airflow', MYSQL_PASSWORD: password, MYSQL_DATABASE: 'a_branch' };
const mounts = [{ volume: 'data', path: '/var/lib/mysql', readOnly: false }];
const command = ['mysqld', '--datadir=/var/lib/mysql/data'];
const ping = ['CMD-SHELL', 'mysqladmin ping -h localhost'];
const server = await mysqlServer();

const onEfs = (accessPointId: string): TaskVolume[] => [{ name: 'data', efs: { fileSystemId: 'fs-1', accessPointId, rootDirectory: '/' } }];

describe.skipIf(server === undefined)('with the server of this machine (skipped where there is none: apt-get install mariadb-server)', () => {
	let tests: TestRuntime;
	const progress: string[] = [];

	beforeAll(async () => {
		tests = await TestRuntime.create();
		await tests.runtime.pull(image, (line) => progress.push(line));
	});
	afterAll(() => tests.remove());

	const mysql = (sandbox: TaskSandbox, changes: Partial<ContainerSpec> = {}): Promise<Started> =>
		start(sandbox, { name: 'mysql', image, environment, user: '999:999', command, mounts, ...changes }, quit);

	const sql = (container: Started, statement: string, login = 'MYSQL_PWD="$MYSQL_PASSWORD" mysql -h 127.0.0.1 -u airflow a_branch'): Promise<{ exitCode: number; output: string }> =>
		check(container, ['CMD-SHELL', `${login} --skip-column-names --batch -e "${statement}"`]);

	test('data live on the access point, in a subdirectory, over a stop and over a kill; what stands in for MySQL says so', async () => {
		const volumes = onEfs('fsap-kept');
		const first = await mysql(await tests.createTask(volumes));
		await untilHealthy(first, ping);
		const notice = server && standIn(server, '8.0');
		expect(progress).toEqual(notice === undefined ? [] : [notice]);
		expect(first.lines.slice(0, progress.length)).toEqual(progress);
		expect(first.lines).toContain('[Note] [Entrypoint]: MySQL init process done. Ready for start up.');
		expect(await sql(first, 'SELECT USER() LIKE \'airflow@%\', DATABASE(); CREATE TABLE kept (i int); INSERT INTO kept VALUES (7)')).toEqual({ exitCode: 0, output: '1\ta_branch\n' });
		first.signal('SIGTERM');
		expect(await first.exited).toMatchObject({ exitCode: 0 });

		const second = await mysql(await tests.createTask(volumes));
		await untilHealthy(second, ping);
		expect(second.lines.join('\n')).not.toContain('init process done');
		expect(await sql(second, 'INSERT INTO kept VALUES (8)')).toMatchObject({ exitCode: 0 });
		second.kill();
		await second.exited;

		const third = await mysql(await tests.createTask(volumes));
		await untilHealthy(third, ping);
		expect(await sql(third, 'SELECT i FROM kept')).toEqual({ exitCode: 0, output: '7\n8\n' });
	});

	test('accounts are those of the image and no more; the server listens at the task\'s address only', async () => {
		const sandbox = await tests.createTask(onEfs('fsap-accounts'));
		const container = await mysql(sandbox);
		await untilHealthy(container, ping);
		const root = 'MYSQL_PWD="$MYSQL_ROOT_PASSWORD" mysql -uroot';
		expect((await sql(container, 'SELECT User, Host FROM mysql.user WHERE User NOT LIKE \'%.%\' ORDER BY 1, 2', root)).output).toBe('airflow\t%\nroot\t%\nroot\tlocalhost\n');
		expect((await sql(container, 'SELECT @@bind_address, @@port', root)).output).toBe(`${sandbox.address}\t3306\n`);
		expect((await sql(container, 'SELECT 1', 'mysql -uroot')).output).toMatch(/Access denied for user 'root'@/);
		expect((await sql(container, 'SELECT 1', 'MYSQL_PWD=wrong mysql -u airflow')).output).toMatch(/Access denied for user 'airflow'@/);
		expect((await sql(container, 'CREATE DATABASE other')).output).toMatch(/Access denied/);
	});

	test('a second server on one data directory ends at once and says why, and harms nothing', async () => {
		const volumes = onEfs('fsap-locked');
		const container = await mysql(await tests.createTask(volumes));
		await untilHealthy(container, ping);
		const other = await mysql(await tests.createTask(volumes));
		expect(await other.exited).toMatchObject({ exitCode: 1 });
		expect(other.lines.join('\n')).toMatch(/FATAL: the data directory .*\/data is locked: another server uses it/);
		expect(await sql(container, 'SELECT 1')).toEqual({ exitCode: 0, output: '1\n' });
	});

	test('an interrupted initialisation is begun anew; without a volume data are in the task\'s own storage', async () => {
		const sandbox = await tests.createTask();
		const changes = { mounts: [], command: undefined, environment: { ...environment, DATA: '/var/lib/mysql' } };
		const container = await mysql(sandbox, changes);
		await until(async () => (await check(container, ['CMD-SHELL', 'test -d "$DATA/mysql"'])).exitCode === 0);
		container.kill();
		await container.exited;
		const again = await mysql(sandbox, changes);
		await untilHealthy(again, ping);
		expect(again.lines.join('\n')).toMatch(/initialisation was interrupted and is begun anew/);
	});

	test('a password must be given; root is no user', async () => {
		const none = await mysql(await tests.createTask(), { mounts: [], command: undefined, environment: {} });
		expect(await none.exited).toMatchObject({ exitCode: 1 });
		expect(none.lines.join('\n')).toMatch(/Database is uninitialized and password option is not specified/);
		const root = await mysql(await tests.createTask(), { mounts: [], command: undefined, environment: { ...environment, MYSQL_USER: 'root' } });
		expect(await root.exited).toMatchObject({ exitCode: 1 });
		expect(root.lines.join('\n')).toMatch(/MYSQL_USER="root"/);
	});

	test('mysqladmin ping fails while nobody answers', async () => {
		const { exitCode, output } = await check(await mysql(await tests.createTask(), { mounts: [], command: ['sleep', '300'] }), ping);
		expect(exitCode).toBe(1);
		expect(output).toMatch(/connect to server at '127.*' failed/);
	});
});

describe('the server', () => {
	async function machine(programs: Record<string, string>): Promise<NodeJS.ProcessEnv> {
		const bin = join(await temporaryDirectory(), 'bin');
		await mkdir(bin);
		for (const [name, version] of Object.entries(programs)) {
			await writeFile(join(bin, name), `#!/bin/sh\necho '${version}'\n`);
			await chmod(join(bin, name), 0o755);
		}
		return { PATH: bin };
	}
	const clients = { mysql: '', mysqladmin: '' };

	test('is MySQL, where PATH has it', async () => {
		const environment = await machine({ mysqld: 'mysqld  Ver 8.0.40 for Linux on x86_64 (MySQL Community Server - GPL)', ...clients });
		const found = await findMysql(environment);
		expect(found).toMatchObject({ product: 'MySQL', version: '8.0.40', installer: undefined, client: join(environment['PATH'] ?? '', 'mysql') });
		expect(standIn(found, '8.0')).toBeUndefined();
	});

	test('is MariaDB otherwise, which is said', async () => {
		const found = await findMysql(await machine({ mysqld: 'mariadbd  Ver 10.11.19-MariaDB-0+deb12u1 for debian-linux-gnu on x86_64 (Debian 12)', 'mariadb-install-db': '', ...clients }));
		expect(standIn(found, '8.0')).toBe('MariaDB 10.11.19 stands in for MySQL 8.0: on AWS the image\'s own server runs');
	});

	test.each(['mysql:5.7', 'public.ecr.aws/docker/library/mysql:9', 'mysql'])('is not for %s', async (name) => {
		const failure = pullImage(name, await sources());
		await expect(failure).rejects.toThrow(ImagePullError);
		await expect(failure).rejects.toThrow(/runs mysql:8 only/);
	});

	test('is missed with the command that installs one', async () => {
		await expect(findMysql(await machine(clients), [])).rejects.toMatchObject({ message: expect.stringMatching(/no mysqld or mariadbd on PATH/), hint: expect.stringMatching(/^apt-get install mariadb-server/) });
	});

	async function sources(): Promise<Parameters<typeof pullImage>[1]> {
		const directory = await temporaryDirectory();
		const missing = (): Promise<never> => Promise.reject(new Error('not asked'));
		return { installer: installer(() => {}, { PATH: directory, HOME: directory }), request: missing, python, postgres: missing };
	}
});
