import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { exampleText } from '../../src/config/example.ts';
import { run, temporaryDirectory } from './run.ts';

test('init --yes writes .env with the defaults and the sample folder', async () => {
	const cwd = await temporaryDirectory();
	const { exit, stdout } = await run(['init', '--yes'], { cwd });
	expect([exit, stdout]).toEqual([0, 'wrote .env\nwrote airflow/\nnext: airflow-deploy up --local\n']);
	expect(await readFile(join(cwd, '.env'), 'utf8')).toBe(exampleText());
	expect(await readdir(join(cwd, 'airflow'))).toEqual(expect.arrayContaining(['dags', 'plugins', 'config', 'webserver_config.py', 'requirements.txt']));
	const all = await readdir(join(cwd, 'airflow'), { recursive: true });
	expect(all.filter((path) => path.includes('__pycache__'))).toEqual([]);
});

test('a folder with DAGs of its own gets what it lacks to be deployed, and no sample DAG; nothing is overwritten', async () => {
	const cwd = await temporaryDirectory();
	await writeFile(join(cwd, '.env'), 'AIRFLOW_DEPLOY_PROJECT=mine\n');
	await mkdir(join(cwd, 'airflow/dags'), { recursive: true });
	await writeFile(join(cwd, 'airflow/dags/mine.py'), 'mine = 1\n');
	await writeFile(join(cwd, 'airflow/requirements.txt'), 'pandas\n');
	const { exit, stdout } = await run(['init', '--yes', '--json'], { cwd });
	expect(exit).toBe(0);
	expect(JSON.parse(stdout)).toEqual({
		written: ['airflow/.dockerignore', 'airflow/Dockerfile', 'airflow/config/', 'airflow/constraints.txt', 'airflow/docker-compose.yaml', 'airflow/image/', 'airflow/webserver_config.py'],
		kept: ['.env', 'airflow/'],
		replaced: [],
		next: 'airflow-deploy up --local',
	});
	expect(await readFile(join(cwd, '.env'), 'utf8')).toBe('AIRFLOW_DEPLOY_PROJECT=mine\n');
	expect(await readFile(join(cwd, 'airflow/requirements.txt'), 'utf8')).toBe('pandas\n');
	expect(await readdir(join(cwd, 'airflow/dags'))).toEqual(['mine.py']);
	expect((await run(['init', '--yes'], { cwd })).stdout).toBe('kept .env, which was there\nkept airflow/, which was there\nnext: airflow-deploy up --local\n');
});

test('programs of another version are brought up to date, and kept aside', async () => {
	const cwd = await temporaryDirectory();
	await run(['init', '--yes'], { cwd });
	const program = join(cwd, 'airflow/image/airflow_deploy/start.py');
	const current = await readFile(program, 'utf8');
	await writeFile(program, '# of another version\n');
	const { stdout } = await run(['init', '--yes'], { cwd });
	expect(stdout).toContain('updated airflow/image/airflow_deploy/start.py\nwhat was updated lies in .airflow-deploy/replaced/ as it was\n');
	expect(await readFile(program, 'utf8')).toBe(current);
	const [time = ''] = await readdir(join(cwd, '.airflow-deploy/replaced'));
	expect(await readFile(join(cwd, '.airflow-deploy/replaced', time, 'image/airflow_deploy/start.py'), 'utf8')).toBe('# of another version\n');
});

test('init asks, and writes what was answered', async () => {
	const cwd = await temporaryDirectory();
	const { exit, stdout, stderr } = await run(['init'], { cwd, typed: 'data\nlocal\n203.0.113.7/32\n' });
	expect([exit, stdout]).toEqual([0, 'wrote .env\nwrote airflow/\nnext: airflow-deploy up\n']);
	expect(stderr).toContain('Project: begins the name of everything that is made [airflow]: ');
	const lines = (await readFile(join(cwd, '.env'), 'utf8')).split('\n').filter((line) => line.startsWith('AIRFLOW'));
	expect(lines).toEqual(['AIRFLOW_DEPLOY_PROJECT=data', 'AIRFLOW_DEPLOY_TARGET=local', 'AIRFLOW_DEPLOY_ALLOWED_CIDRS=203.0.113.7/32']);
});

test('init writes nothing that would be refused later', async () => {
	const cwd = await temporaryDirectory();
	const { exit, stderr } = await run(['init'], { cwd, typed: 'My Data\naws\n\n' });
	expect(exit).toBe(2);
	expect(stderr).toContain('AIRFLOW_DEPLOY_PROJECT: "My Data" must be lower-case letters');
	expect(await readdir(cwd)).toEqual([]);
});

test('without a terminal and without --yes nothing is asked or written', async () => {
	const cwd = await temporaryDirectory();
	const { exit, stderr } = await run(['init'], { cwd });
	expect(exit).toBe(2);
	expect(stderr).toBe('error: cannot ask "Project: begins the name of everything that is made": standard input is no terminal\nhint:  answer beforehand with --yes\n');
	expect(await readdir(cwd)).toEqual([]);
});
