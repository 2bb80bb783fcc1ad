import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { ECSClient, StopTaskCommand } from '@aws-sdk/client-ecs';
import { execa } from 'execa';
import { describe, expect, test, vi } from 'vitest';
import { settings } from '../../src/aws/clients.ts';
import type { ConnectionDocument, CredentialsDocument, StatusDocument, ValidateDocument } from '../../src/environment/documents.ts';
import { airflowEnvironment } from '../../src/local/runtime/environments.ts';
import { installer } from '../../src/local/runtime/installer.ts';
import { packageRoot } from '../../src/package.ts';
import { hasGo } from '../go-program.ts';
import { mysqlServer } from '../mysql-server.ts';
import { airflowApi } from './airflow-api.ts';
import { awsCli, awsCliDirectory } from './aws-cli.ts';
import { sessionManagerPlugin } from './session-manager-plugin.ts';
import type { Workspace } from './workspace.ts';

const megabytes = 50_000_000;
const large = createHash('sha256').update('0123456789'.repeat(megabytes / 10)).digest('hex');
/** Through psycopg2, which finds the login in its environment: three queries at once, of which one is long, then 50 MB. */
const queries = `
import concurrent.futures, hashlib, psycopg2
def query(sql):
    with psycopg2.connect("") as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0]
with concurrent.futures.ThreadPoolExecutor() as pool:
    print(*pool.map(query, ["SELECT 'slow' FROM pg_sleep(2)", "SELECT current_user", "SELECT repeat('x', 3)"]))
print(hashlib.sha256(query("SELECT repeat('0123456789', ${megabytes / 10})").encode()).hexdigest())
`;
const answers = `slow airflow xxx\n${large}\n`;
const program = join(packageRoot, 'bin', 'airflow-deploy.js');
const mysqlHere = await mysqlServer();

const cluster = 'airflow-shared-cluster';

/** Tests of a branch without MySQL that stands. */
export function testsOfRefusals(name: string, workspace: () => Workspace): void {
	test('connect names what is wrong: no such database, no such branch, a port that is no port', async () => {
		const connect = (...words: string[]): string[] => ['branch', 'connect', name, ...words];
		const refused = async (words: string[]): Promise<[number, string]> => {
			const { exit, stderr } = await workspace().run([...words, '--local']);
			return [exit, stderr];
		};
		expect(await refused(connect('mysql'))).toEqual([1, `error: branch ${name} has no MySQL: it was created without\nhint:  airflow-deploy branch create --local ${name} --mysql   # its task is replaced\n`]);
		expect(await refused(['branch', 'connect', 'nobody', 'postgres'])).toEqual([1, 'error: there is no branch environment nobody\nhint:  airflow-deploy branch list --local\n']);
		expect(await refused(connect('redis'))).toEqual([2, expect.stringContaining('Allowed choices are postgres, mysql')]);
		expect(await refused(connect('postgres', '--port', '65536'))).toEqual([2, expect.stringContaining('--port: "65536" is no port')]);
		expect((await workspace().run([...connect('mysql', '--local'), '--', 'true'])).exit).toBe(125);
	});
}

/** Tests of a branch that stands, with MySQL where this machine has a server. At their end its task is another one. */
export function testsOfConnect(name: string, workspace: () => Workspace): void {
	const connect = (...words: string[]): string[] => ['branch', 'connect', name, ...words];
	const status = async (): Promise<StatusDocument> => (await workspace().json<StatusDocument>(['status', '--local', '--env', name])).document;
	const api = async () => airflowApi((await workspace().json<CredentialsDocument>(['credentials', '--local', '--env', name])).document);
	const mysql = async (...words: string[]) => workspace().run([...connect('mysql', '--local'), '--', ...words]);
	const visits = async (): Promise<string> => (await mysql(mysqlHere?.client ?? '', '--skip-column-names', '-e', 'SELECT run FROM visits')).stdout;
	let run = '';
	const python = async (): Promise<string> => (await airflowEnvironment(installer(() => {}), join(packageRoot, 'airflow'))).python;
	/** A process of its own, which stays until it is told to end. */
	const opened = async (...words: string[]) => {
		const tunnel = execa(process.execPath, [program, ...connect(...words), '--local', '--json'], { cwd: workspace().directory, reject: false });
		const line = await Promise.race([new Promise<string>((resolve) => tunnel.stdout.once('data', (bytes: Buffer) => resolve(bytes.toString()))), tunnel.then(({ stderr }) => stderr)]);
		return { tunnel, document: JSON.parse(line) as ConnectionDocument };
	};

	describe('connect', () => {
		test('runs a program through the tunnel: its own output and code, several connections, 50 MB', async () => {
			run = await (await api()).trigger('tutorial_taskflow_api');
			expect(await workspace().run([...connect('postgres', '--local'), '--', await python(), '-c', queries])).toEqual({ exit: 0, stdout: answers, stderr: '' });
			expect((await workspace().run([...connect('postgres', '--local'), '--', 'sh', '-c', 'exit 42'])).exit).toBe(42);
		});

		test('stays until Ctrl-C, with a command that logs in; its port is not taken twice', async () => {
			const { tunnel, document } = await opened('postgres');
			expect(document).toMatchObject({ environment: name, database: 'postgres', username: 'airflow', databaseName: 'airflow', password: null, url: `postgresql://airflow@127.0.0.1:${document.port}/airflow` });
			const [, passwordFile] = /^PGPASSFILE=(\S+) psql /.exec(document.command) ?? [];
			const query = `import psycopg2; cursor = psycopg2.connect("${document.url}").cursor(); cursor.execute("SELECT 7"); print(cursor.fetchone()[0])`;
			expect((await execa(await python(), ['-c', query], { env: { PGPASSFILE: passwordFile ?? '' } })).stdout).toBe('7');
			const second = await workspace().run([...connect('postgres', '--local'), '--port', String(document.port)]);
			expect([second.exit, second.stderr]).toEqual([1, expect.stringContaining(`port ${document.port} of 127.0.0.1 is taken`)]);
			tunnel.kill('SIGINT');
			expect((await tunnel).exitCode).toBe(0);
		});

		test.skipIf(!hasGo)("AWS's own client opens the same tunnel (needs Go to be built)", async () => {
			const { stdout } = await workspace().run(['local', 'env']);
			const exports = Object.fromEntries([...stdout.matchAll(/^export (\w+)='([^'\n]*)'$/gm)].map(([, key = '', value = '']) => [key, value]));
			const [plugin, aws] = await Promise.all([sessionManagerPlugin(), awsCli(exports)]);
			const { services } = (await workspace().json<StatusDocument>(['status', '--local', '--env', name])).document;
			const task = services[0]?.tasks[0]?.id ?? '';
			const { tasks } = (await aws('ecs', 'describe-tasks', '--cluster', cluster, '--tasks', task)) as { tasks: { containers: { name: string; runtimeId: string }[] }[] };
			const runtime = tasks[0]?.containers.find(({ name: container }) => container === 'postgres')?.runtimeId;
			const client = execa(join(awsCliDirectory, 'bin', 'aws'), ['ssm', 'start-session', '--target', `ecs:${cluster}_${task}_${runtime}`, '--document-name', 'AWS-StartPortForwardingSession', '--parameters', '{"portNumber":["5432"]}'], { env: { ...exports, PATH: `${plugin}:${process.env['PATH'] ?? ''}`, HOME: workspace().directory }, extendEnv: false, stdin: 'pipe', reject: false, detached: true });
			let shown = '';
			client.stdout.on('data', (bytes: Buffer) => (shown += bytes.toString()));
			await vi.waitFor(() => expect(shown).toContain('Waiting for connections'), { timeout: 20_000 });
			const port = /Port (\d+) opened/.exec(shown)?.[1] ?? '';
			const own = await opened('postgres', '--show-password');
			expect((await execa(await python(), ['-c', queries], { env: { PGHOST: '127.0.0.1', PGPORT: port, PGUSER: 'airflow', PGDATABASE: 'airflow', PGPASSWORD: own.document.password ?? '' }, stripFinalNewline: false })).stdout).toBe(answers);
			own.tunnel.kill('SIGINT');
			// It leaves a terminal's Ctrl-C to its plugin.
			process.kill(-(client.pid ?? 0), 'SIGINT');
			await Promise.all([own.tunnel, client]);
			expect(shown).toContain('Exiting session');
		});

		test.skipIf(mysqlHere === undefined)('the sample DAG writes to MySQL and reads it back; a person finds the row (skipped where this machine has no server: apt-get install mariadb-server)', async () => {
			const { document } = await workspace().json<ValidateDocument>(['validate', '--local', '--env', name, '--no-browser', '--dag', 'mysql_branch']);
			expect(document.checks.filter(({ verdict }) => verdict === 'failed')).toEqual([]);
			expect(await visits()).toMatch(/^validate__\w+\n$/);
			expect((await mysql('sh', '-c', 'echo "$MYSQL_USER $MYSQL_DATABASE"')).stdout).toBe('airflow airflow\n');
		});

		test('its task is killed: a tunnel ends with a clear word, the service brings it back, and its databases hold what they held', async () => {
			await vi.waitFor(async () => expect(await (await api()).stateOf('tutorial_taskflow_api', run)).toBe('success'), { timeout: 90_000, interval: 500 });
			const rows = mysqlHere && (await visits());
			const { tunnel } = await opened('postgres');
			const { endpoint, services } = await status();
			const task = services[0]?.tasks[0]?.id;
			await new ECSClient(settings({ region: 'us-east-1', endpoint: endpoint ?? '', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } })).send(new StopTaskCommand({ cluster, task }));
			const { exitCode, stderr } = await tunnel;
			expect([exitCode, stderr]).toEqual([1, expect.stringContaining(`the tunnel to postgres of ${name} ended: it was idle for 20 minutes, or its task was stopped`)]);
			await vi.waitFor(async () => {
				const now = await status();
				expect(now.services[0]?.tasks[0]?.id).not.toBe(task);
				expect(now.phase).toBe('up');
			}, { timeout: 90_000, interval: 500 });
			expect(await (await api()).stateOf('tutorial_taskflow_api', run)).toBe('success');
			expect(mysqlHere && (await visits())).toBe(rows);
		});
	});
}
