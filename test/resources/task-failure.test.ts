import { describe, expect, test } from 'vitest';
import { isAccountBlocked } from '../../src/aws/account-errors.ts';
import { mayPass } from '../../src/resources/permissions-lag.ts';
import { deathLine, deathReport, findCulprit, type TaskDeath } from '../../src/resources/task-failure.ts';

describe('the container that ended a task', () => {
	const sidecar = { name: 'dag-sync', essential: false };

	test('is the one that failed, not those that were stopped because of it', () => {
		expect(findCulprit([{ name: 'dag-sync', exitCode: 143 }, { name: 'scheduler', exitCode: 1 }], [{ name: 'scheduler' }, sidecar])).toBe('scheduler');
	});
	test('is the one with a reason where memory ran out', () => {
		const killed = { name: 'scheduler', exitCode: 137, reason: 'OutOfMemoryError: Container killed due to memory usage' };
		expect(findCulprit([{ name: 'log', exitCode: 137 }, killed], [{ name: 'log' }, { name: 'scheduler' }])).toBe('scheduler');
	});
	test('may be one that others depend on', () => {
		expect(findCulprit([{ name: 'web' }, { name: 'init', exitCode: 2 }], [{ name: 'web', essential: true }, { name: 'init', essential: false }])).toBe('init');
	});
	test('is the essential one that never started', () => {
		expect(findCulprit([{ name: 'web', reason: 'CannotPullContainerError: …' }, { name: 'dag-sync' }], [{ name: 'web' }, sidecar])).toBe('web');
	});
	test('is the essential one that ended well too early', () => {
		expect(findCulprit([{ name: 'dag-sync', exitCode: 143 }, { name: 'web', exitCode: 0 }], [{ name: 'web' }, sidecar])).toBe('web');
	});
	test('is unknown where nothing ran', () => {
		expect(findCulprit([{ name: 'web' }], [{ name: 'web' }])).toBeUndefined();
	});
});

describe('what is said about a dead task', () => {
	const death: TaskDeath = {
		taskArn: 'arn:aws:ecs:us-east-1:000000000000:task/airflow-shared/0123456789abcdef0123456789abcdef',
		taskDefinition: 'airflow-main-webserver:4',
		stopCode: 'EssentialContainerExited',
		reason: 'Essential container in task exited',
		stoppedAt: null,
		containers: [{ name: 'webserver', exitCode: 1, reason: null }],
		culprit: 'webserver',
		log: { group: '/airflow-deploy/airflow/main/webserver', stream: 'ecs/webserver/0123456789abcdef0123456789abcdef', lines: ['Traceback', 'ImportError: no'] },
		verdict: { class: 'exit-code', cause: 'webserver exited with 1: ImportError: no', fix: 'correct it', passes: false },
		record: null,
	};

	test('names reason, exit code and the end of its log', () => {
		expect(deathReport(death)).toMatchInlineSnapshot(`
			"Essential container in task exited; webserver exited with 1
			the last lines of webserver (/airflow-deploy/airflow/main/webserver, ecs/webserver/0123456789abcdef0123456789abcdef):
			  Traceback
			  ImportError: no"
		`);
	});
	test('shows 50 lines, and says where all are kept', () => {
		const lines = Array.from({ length: 200 }, (_, index) => `line ${index}`);
		const report = deathReport({ ...death, log: { group: '/web', stream: 's', lines }, record: '.airflow-deploy/state/a/deaths/b.json' }).split('\n');
		expect(report.filter((line) => line.startsWith('  '))).toHaveLength(50);
		expect(report.slice(-2)).toEqual(['  line 199', 'kept in .airflow-deploy/state/a/deaths/b.json']);
	});
	test('shows JSON lines as people read them', () => {
		const lines = ['{"time": "2026-11-24T13:49:58.054+00:00", "level": "ERROR", "message": "no", "exception": "Traceback\\nValueError: x\\n"}', '{"a": 1}'];
		expect(deathReport({ ...death, log: { group: '/web', stream: 's', lines } }).split('\n').slice(2)).toEqual(['  13:49:58 ERROR no', '  Traceback', '  ValueError: x', '  {"a": 1}']);
	});
	test('says where a container wrote nothing', () => {
		expect(deathReport({ ...death, log: { group: '/web', stream: 's', lines: [] } })).toBe('Essential container in task exited; webserver exited with 1\nwebserver has written nothing to /web');
	});
	test('says a reason once', () => {
		const reason = 'CannotPullContainerError: not found';
		expect(deathLine({ reason, containers: [{ name: 'web', exitCode: null, reason }, { name: 'log', exitCode: null, reason: null }] })).toBe(`${reason}; web did not start`);
	});
});

test.each([
	'ResourceInitializationError: unable to pull secrets or registry auth: AccessDeniedException: User: arn:aws:sts::1:assumed-role/r is not authorized to perform: secretsmanager:GetSecretValue',
	"ECS was unable to assume the role 'arn:aws:iam::1:role/r' that was provided for this task.",
	'ResourceInitializationError: failed to invoke EFS utils commands: mount.nfs4: access denied by server while mounting 127.0.0.1:/',
	'Failed to resolve "fs-0123.efs.eu-central-1.amazonaws.com" - check that your file system ID is correct',
	'Role is not valid',
])('may pass while roles are new: %s', (reason) => {
	expect(mayPass(reason)).toBe(true);
});

test.each(['Essential container in task exited; webserver exited with 1', 'CannotPullContainerError: manifest unknown', 'OutOfMemoryError: Container killed due to memory usage'])('does not pass: %s', (reason) => {
	expect(mayPass(reason)).toBe(false);
});

test('a new account is told apart', () => {
	expect(isAccountBlocked('Your account is currently blocked. Verify your account on this page')).toBe(true);
	expect(isAccountBlocked('Capacity is unavailable at this time')).toBe(false);
});
