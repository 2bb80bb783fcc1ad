import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { run, temporaryDirectory } from './run.ts';

test('--help', async () => {
	const { exit, stdout, stderr } = await run(['--help']);
	expect(stdout).toMatchInlineSnapshot(`
		"Usage: airflow-deploy [options] [command]

		Deploys Apache Airflow on AWS ECS Fargate with one command, and takes it away
		with one command.

		Options:
		  -V, --version      print the version
		  --target <target>  where to deploy (choices: "aws", "local")
		  --local            short for --target local
		  --env <name>       the environment (default: main)
		  --region <region>  the AWS region
		  --profile <name>   a profile of your AWS configuration
		  --json             print exactly one JSON document
		  --yes              ask nothing
		  --verbose          show calls, and causes of errors
		  -h, --help         print this help

		Commands:
		  init               write .env and the airflow/ folder, or what yours lacks
		  plan               show what up would change, and what it costs
		  up                 bring Airflow up: network, database, image, services, DAGs
		  upload             send changed DAGs, plugins and config; wait until parsed
		  db-init            bring the database up and initialise it
		  deploy             release code, config and image in place
		  status             show health, address, DAGs, and what AWS no longer shows
		  validate           prove it in a browser: log in, run the DAGs, find their
		                     logs
		  logs               show what the components and tasks log, by time
		  exec               run a command, or a shell, in a running container
		  open               open the web page in the browser
		  credentials        print address, user name and password of the web page
		  teardown           remove all that was made, and check that nothing is left
		  branch             an Airflow per git branch: create, list, connect, delete
		  doctor             check what a deployment needs, and say who can mend it
		  policy             print the IAM policies that up and teardown need
		  state              the record of what was made: list, recover, unlock
		  local              AWS endpoints on this machine: start, stop, status, env …
		"
	`);
	expect(stdout.split('\n').every((line) => line.length <= 80)).toBe(true);
	expect([exit, stderr]).toEqual([0, '']);
});

test('help of a command shows its own flags and those of every command', async () => {
	const { exit, stdout } = await run(['policy', '-h']);
	expect(exit).toBe(0);
	expect(stdout).toMatchInlineSnapshot(`
		"Usage: airflow-deploy policy [options]

		Print the IAM policies that up and teardown need

		Options:
		  --for <verb>       one of the two only (choices: "up", "teardown")
		  --account <id>     the account to write into them, instead of asking AWS
		  -h, --help         print this help

		Global Options:
		  -V, --version      print the version
		  --target <target>  where to deploy (choices: "aws", "local")
		  --local            short for --target local
		  --env <name>       the environment (default: main)
		  --region <region>  the AWS region
		  --profile <name>   a profile of your AWS configuration
		  --json             print exactly one JSON document
		  --yes              ask nothing
		  --verbose          show calls, and causes of errors
		"
	`);
});

test('help of a command with a word and a short flag', async () => {
	const { stdout } = await run(['logs', '--help']);
	expect(stdout.split('Global Options')[0]).toMatchInlineSnapshot(`
		"Usage: airflow-deploy logs [options] [component]

		Show what the components and tasks log, by time

		Arguments:
		  component          this component only (choices: "webserver", "scheduler",
		                     "task", "worker", "init", "dag-sync", "postgres", "mysql")

		Options:
		  -f, --follow       go on as lines come, until Ctrl-C
		  --since <age>      from 10m, 2h, 1d ago, or a time like 2026-11-24T13:00 in
		                     UTC (default: 10m)
		  --dag <id>         of this DAG
		  --task <id>        of this task
		  --run <id>         of this run
		  --try <number>     of this try
		  --grep <pattern>   that match this regular expression
		  -h, --help         print this help

		"
	`);
});

test('help of a group', async () => {
	const { stdout } = await run(['local', '--help']);
	expect(stdout.split('Global Options')[0]).toMatchInlineSnapshot(`
		"Usage: airflow-deploy local [options] [command]

		AWS endpoints on this machine: start, stop, status, env …

		Options:
		  -h, --help         print this help

		"
	`);
});

describe('wrong usage', () => {
	test.each([
		[['stats'], "error: unknown command 'stats'\nhint:  did you mean state, status?\n"],
		[['xyzzy'], "error: unknown command 'xyzzy'\nhint:  airflow-deploy --help\n"],
		[['up', '--lokal'], "error: unknown option '--lokal'\nhint:  did you mean --local?\n"],
		[['open', '--prnt'], "error: unknown option '--prnt'\nhint:  did you mean --print?\n"],
		[['local', 'strt'], "error: unknown command 'strt'\nhint:  did you mean start?\n"],
		[['up', 'now'], "error: too many arguments for 'up'. Expected 0 arguments but got 1.\nhint:  airflow-deploy --help\n"],
		[['--env'], "error: option '--env <name>' argument missing\nhint:  airflow-deploy --help\n"],
		[['logs', 'web'], "error: command-argument value 'web' is invalid for argument 'component'. Allowed choices are webserver, scheduler, task, worker, init, dag-sync, postgres, mysql.\nhint:  airflow-deploy --help\n"],
		[['logs', '--since', 'noon', '--local'], `error: --since: "noon" is neither an age nor a time\nhint:  airflow-deploy logs --local --since 10m   # or 2h, 1d, ${new Date().toISOString().slice(0, 13)}:00\n`],
		[['logs', '--grep', '[', '--local'], "error: --grep: Invalid regular expression: /[/: Unterminated character class\nhint:  airflow-deploy logs --local --grep 'exit code [1-9]'\n"],
		[['exec'], "error: missing required argument 'service'\nhint:  airflow-deploy --help\n"],
		[['exec', 'init'], "error: command-argument value 'init' is invalid for argument 'service'. Allowed choices are webserver, scheduler, dag-sync.\nhint:  airflow-deploy --help\n"],
		[['exec', 'webserver', 'ls', '-l'], "error: unknown option '-l'\nhint:  airflow-deploy exec <service> -- command …\n"],
		[['up', '--target', 'azure'], "error: option '--target <target>' argument 'azure' is invalid. Allowed choices are aws, local.\nhint:  airflow-deploy --help\n"],
		[['up', '--local', '--target', 'aws'], "error: option '--local' cannot be used with option '--target <target>'\nhint:  airflow-deploy --help\n"],
		[[], 'error: no command was given: there are init, plan, up, upload, db-init, deploy, status, validate, logs, exec, open, credentials, teardown, branch, doctor, policy, state, local\nhint:  airflow-deploy --help\n'],
		[['local'], 'error: no command was given: there are start, stop, reset, status, env, logs\nhint:  airflow-deploy --help\n'],
	])('%j', async (args, expected) => {
		expect(await run(args)).toEqual({ exit: 2, stdout: '', stderr: expected });
	});

	test('with --json, stdout is one document', async () => {
		const { exit, stdout } = await run(['stats', '--json']);
		expect(exit).toBe(2);
		expect(JSON.parse(stdout)).toEqual({ error: { code: 'UnknownCommand', message: "unknown command 'stats'", hint: 'did you mean state, status?', cause: null } });
	});
});

describe('wrong configuration', () => {
	test('lists all problems, exit 2', async () => {
		const { exit, stdout, stderr } = await run(['status', '--region', 'nowhere'], { env: { AIRFLOW_DEPLOY_PROJCT: 'x', AIRFLOW_DEPLOY_WEBSERVER_MEMORY: '3' } });
		expect([exit, stdout]).toEqual([2, '']);
		expect(stderr).toMatchInlineSnapshot(`
			"error: the configuration is not valid:
			  AIRFLOW_DEPLOY_PROJCT: there is no such setting: did you mean AIRFLOW_DEPLOY_PROJECT?
			  AIRFLOW_DEPLOY_WEBSERVER_MEMORY: "3" must be a whole number from 512 to 122880
			  --region: "nowhere" is not shaped like an AWS region, e.g. eu-central-1
			hint:  edit .env, or the variables of your shell
			"
		`);
	});

	test('a malformed .env', async () => {
		const cwd = await temporaryDirectory();
		await writeFile(join(cwd, '.env'), 'A=1\nAIRFLOW_DEPLOY_PROJECT airflow\n');
		const { exit, stderr } = await run(['up', '--local'], { cwd });
		expect(exit).toBe(2);
		expect(stderr).toMatchInlineSnapshot(`
			"error: .env line 2 is malformed (AIRFLOW_DEPLOY_PROJECT …): a line is NAME=value, a comment, or empty; quotes must be closed
			hint:  edit line 2 of .env
			"
		`);
	});
});

describe('no credentials', () => {
	test('up stops before the first call and names the local target', async () => {
		const { exit, stdout, stderr } = await run(['up']);
		expect([exit, stdout]).toEqual([2, '']);
		expect(stderr).toMatchInlineSnapshot(`
			"error: no AWS credentials were found: the default chain tried environment variables, the shared configuration files (profile, SSO, process, web identity), the container, and the instance (Could not load credentials from any providers)
			hint:  airflow-deploy up --local   # needs none; for AWS: aws configure, or aws sso login
			"
		`);
	});

	test('what is recorded of a local endpoint that is gone is not up anywhere', async () => {
		const cwd = await temporaryDirectory();
		const state = join(cwd, '.airflow-deploy', 'state', '000000000000-us-east-1');
		await mkdir(state, { recursive: true });
		await writeFile(join(state, 'main.json'), '{}');
		const { exit, stderr } = await run(['status'], { cwd });
		expect(exit).toBe(2);
		expect(stderr).not.toContain('main is up');
		expect(stderr).toContain('airflow-deploy up --local');
	});

	test('an unknown profile is named', async () => {
		const { exit, stderr } = await run(['status', '--profile', 'nobody']);
		expect(exit).toBe(2);
		expect(stderr).toContain('with profile nobody');
	});
});

describe('the local target without its endpoint', () => {
	test('status is absent, and starts nothing', async () => {
		const cwd = await temporaryDirectory();
		const { exit, stdout } = await run(['status', '--local', '--json'], { cwd });
		expect(exit).toBe(0);
		expect(JSON.parse(stdout)).toMatchObject({ phase: 'absent', environment: 'main', target: 'local', endpoint: null, resources: [] });
		expect(await readdir(cwd)).toEqual([]);
	});

	test('--local wins over an endpoint URL and credentials of the environment', async () => {
		const env = { AWS_ENDPOINT_URL: 'http://127.0.0.1:9', AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' };
		expect((await run(['status', '--local'], { env })).stdout).toMatchInlineSnapshot(`
			"main  absent  local target, account 000000000000, us-east-1
			nothing is up
			"
		`);
	});

	test.each(['credentials', 'open', 'logs'])('%s says that nothing is up', async (name) => {
		const { exit, stderr } = await run([name, '--local']);
		expect([exit, stderr]).toEqual([1, 'error: main is not up on the local target\nhint:  airflow-deploy up --local\n']);
	});

	test('teardown has nothing to remove', async () => {
		const { exit, stdout } = await run(['teardown', '--local', '--yes', '--json']);
		expect(exit).toBe(0);
		expect(JSON.parse(stdout)).toEqual({ deleted: [], left: [], kept: [], notOurs: [], asked: { ids: 0, kinds: 0 }, cost: { perHour: 0, perMonth: 0, currency: 'USD', lines: [] }, shared: null, wallSeconds: 0 });
	});

	test('local status and local env', async () => {
		expect(await run(['local', 'status'])).toMatchObject({ exit: 0, stdout: 'the local endpoint does not run\n' });
		expect(await run(['local', 'env'])).toMatchObject({ exit: 1, stdout: '', stderr: 'error: the local endpoint does not run\nhint:  airflow-deploy local start\n' });
	});
});
