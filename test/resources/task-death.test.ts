import { describe, expect, test } from 'vitest';
import { classify, classifyEvent, type DeathClass, type DeathSigns } from '../../src/resources/task-death.ts';

const signs = (more: Partial<DeathSigns>): DeathSigns => ({ container: 'webserver', reason: 'Essential container in task exited', stopCode: 'EssentialContainerExited', exitCode: null, lines: [], ...more });

/** Texts of AWS: its documentation, and what people pasted. */
const reasons: [DeathClass, string, string][] = [
	['architecture', "CannotPullContainerError: pull image manifest has been retried 7 time(s): image Manifest does not contain descriptor matching platform 'linux/amd64'", 'linux/amd64'],
	['architecture', 'CannotStartContainerError: exec /usr/bin/dumb-init: exec format error', 'another processor'],
	['image-pull', 'CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref 000000000000.dkr.ecr.us-east-1.amazonaws.com/airflow-shared:1: 000000000000.dkr.ecr.us-east-1.amazonaws.com/airflow-shared:1: not found', 'does not exist'],
	['image-pull', 'CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref docker.io/library/nonsense:latest: pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed', 'does not exist'],
	['image-pull', 'CannotPullContainerError: ref pull has been retried 1 time(s): failed to copy: httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/x: 429 Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit', 'limits'],
	['image-pull', 'CannotPullContainerError: ref pull has been retried 5 time(s): failed to resolve reference "x": failed to do request: Head "https://registry-1.docker.io/v2/x": dial tcp 52.1.184.176:443: i/o timeout', 'cannot be reached'],
	['image-pull', 'ResourceInitializationError: unable to pull secrets or registry auth: unable to pull registry auth from Amazon ECR: There is a connection issue between the task and Amazon ECR. Check your task network configuration.', 'cannot be reached'],
	['image-pull', 'CannotPullContainerError: failed to extract layer sha256:1: write /var/lib: no space left on device: unknown', '20 GiB'],
	['secret', 'ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): retrieved secret from Secrets Manager did not contain json key url', 'lacks the key url'],
	['secret', "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret arn:aws:secretsmanager:us-east-1:1:secret:a-b from secrets manager: ResourceNotFoundException: Secrets Manager can't find the specified secret.", 'arn:aws:secretsmanager:us-east-1:1:secret:a-b does not exist'],
	['secret', 'ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret a from secrets manager: AccessDeniedException: User: x is not authorized', 'may not read'],
	['secret', 'ResourceInitializationError: unable to pull secrets or registry auth: The task cannot pull secrets from AWS Secrets Manager: There is a connection issue between the task and AWS Secrets Manager. Check your task network configuration.', 'cannot be reached'],
	['logs', 'ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist. : exit status 1', 'log group of webserver does not exist'],
	['logs', 'ResourceInitializationError: failed to validate logger args: The task cannot find the Amazon CloudWatch log group defined in the task definition. There is a connection issue between the task and Amazon CloudWatch. Check your network configuration.', 'log group'],
	['efs-mount', 'ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: Failed to resolve "fs-0123.efs.us-east-1.amazonaws.com" - check that your file system ID is correct.', 'fs-0123.efs'],
	['efs-mount', "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: b'mount.nfs4: Connection timed out' : unsuccessful EFS utils command execution; code: 32", 'does not answer'],
	['efs-mount', "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: b'mount.nfs4: access denied by server while mounting 127.0.0.1:/' : unsuccessful EFS utils command execution; code: 32", 'refuses the task role'],
	['out-of-memory', 'Essential container in task exited; OutOfMemoryError: Container killed due to memory usage', 'more memory'],
	['health-check', 'Task failed container health checks', 'health check fails'],
	['health-check', 'Task failed ELB health checks in (target-group arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/a/b)', 'health check fails'],
	['no-capacity', 'Capacity is unavailable at this time. Please try again later or in a different availability zone', 'no room'],
	['no-capacity', 'You’ve reached the limit on the number of vCPUs you can run concurrently', 'quota of Fargate vCPUs'],
	['no-capacity', "You've reached the limit on the number of tasks you can run concurrently", 'quota of Fargate tasks'],
	['role', "ECS was unable to assume the role 'arn:aws:iam::1:role/r' that was provided for this task. Please verify that the role being passed has the proper trust relationship and permissions and that your IAM user has permissions to pass this role.", 'may not use a role'],
	['network', 'Timeout waiting for network interface provisioning to complete.', 'network interface'],
	['cannot-start', 'CannotStartContainerError: failed to create task: OCI runtime create failed: exec: "airflw": executable file not found in $PATH', 'cannot be started'],
	['cannot-start', 'TaskDependencyError: Task dependencies cannot be resolved, taskArn: arn:aws:ecs:us-east-1:1:task/c/1', 'did not come up'],
];

test.each(reasons)('%s: %s', (kind, reason, cause) => {
	const verdict = classify(signs({ reason, stopCode: 'TaskFailedToStart' }));
	expect(verdict.class).toBe(kind);
	expect(verdict.cause).toContain(cause);
	expect(verdict.cause + verdict.fix).not.toMatch(/\$1|\{\w+\}|undefined/);
});

describe('what its log tells', () => {
	test.each([
		['refused', 'psycopg2.OperationalError: connection to server at "airflow-main-database.x.rds.amazonaws.com" (10.0.1.4), port 5432 failed: Connection refused', /does not answer \(Connection refused\)/],
		['timed out', 'connection to server at "d" (10.0.1.4), port 5432 failed: Connection timed out', /timed out/],
		['in JSON', String.raw`{"level":"error","exception":"Traceback\n  File x\nsqlalchemy.exc.OperationalError: (psycopg2.OperationalError) connection to server at \"d\" (127.0.0.1), port 5432 failed: Connection refused\n\tIs the server running?"}`, /does not answer/],
		['password', 'FATAL:  password authentication failed for user "airflow"', /password/],
		['name', 'could not translate host name "gone" to address: Name or service not known', /name is not known/],
		['TLS', 'FATAL:  no pg_hba.conf entry for host "10.0.0.1", user "airflow", database "airflow", SSL off', /TLS/],
		['another', 'psycopg2.OperationalError: FATAL:  sorry, too many clients already', /too many clients/],
	])('the database: %s', (_name, line, cause) => {
		const verdict = classify(signs({ exitCode: 1, lines: ['starting', line, 'bye'] }));
		expect(verdict.class).toBe('database-refused');
		expect(verdict.cause).toMatch(cause);
	});

	test('another processor', () => {
		expect(classify(signs({ exitCode: 1, lines: ['exec /usr/bin/dumb-init: exec format error'] })).class).toBe('architecture');
	});
	test('files that may not be written', () => {
		expect(classify(signs({ exitCode: 1, lines: ["PermissionError: [Errno 13] Permission denied: '/opt/airflow/bundle/dags'"] }))).toMatchObject({ class: 'efs-mount', fix: expect.stringContaining('doctor --storage') });
	});
	test('an error that Airflow logs', () => {
		expect(classify(signs({ exitCode: 1, lines: ['{"time": "2026-11-24T13:49:58.054+00:00", "level": "WARNING", "logger": "stderr", "message": "Error: no such luck"}', '{"message": "Shutting down"}'] })).cause).toBe('webserver exited with 1: Error: no such luck');
	});
	test('the last exception is the cause, from plain lines and from JSON', () => {
		expect(classify(signs({ exitCode: 1, lines: ['Traceback (most recent call last):', 'ValueError: first', "ModuleNotFoundError: No module named 'numpy'"] })).cause).toBe("webserver exited with 1: ModuleNotFoundError: No module named 'numpy'");
		expect(classify(signs({ exitCode: 1, lines: [String.raw`{"message":"x","exception":"Traceback\n  File y\nRuntimeError: no such luck"}`] })).cause).toBe('webserver exited with 1: RuntimeError: no such luck');
	});
});

describe('exit codes', () => {
	test.each([
		[137, 'out-of-memory', 'AIRFLOW_DEPLOY_WEBSERVER_MEMORY'],
		[127, 'exit-code', 'entry point'],
		[139, 'exit-code', 'requirements.txt'],
		[0, 'exit-code', 'logs webserver'],
		[7, 'exit-code', 'last lines'],
	])('%i', (exitCode, kind, fix) => {
		const verdict = classify(signs({ exitCode }));
		expect(verdict.class).toBe(kind);
		expect(verdict.fix).toContain(fix);
		expect(verdict.passes).toBe(false);
	});
});

test('what may go better by itself does not end a wait', () => {
	expect(classify(signs({ stopCode: 'SpotInterruption', reason: 'Your Spot Task was interrupted.' }))).toMatchObject({ class: 'stopped', passes: true });
	expect(classify(signs({ stopCode: 'UserInitiated', reason: 'Task stopped by user' }))).toMatchObject({ class: 'stopped', passes: true });
	expect(classify(signs({ reason: 'Capacity is unavailable at this time. Please try again later' })).passes).toBe(true);
	expect(classify(signs({ reason: 'CannotPullContainerError: toomanyrequests: You have reached your pull rate limit' })).passes).toBe(true);
	expect(classify(signs({ reason: 'Something new', stopCode: null }))).toMatchObject({ class: 'unknown', cause: 'Something new', passes: true });
});

test('events of services tell of missing room', () => {
	expect(classifyEvent('(service s) was unable to place a task. Reason: Capacity is unavailable at this time.')?.class).toBe('no-capacity');
	expect(classifyEvent('(service s) has reached a steady state.')).toBeUndefined();
});
