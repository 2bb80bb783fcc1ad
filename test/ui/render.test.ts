import pc from 'picocolors';
import { describe, expect, test } from 'vitest';
import type { Death, PlanDocument, StatusDocument, TaskStatus, TeardownDocument, TimelineDocument, UpDocument } from '../../src/environment/documents.ts';
import { renderCredentials } from '../../src/ui/render/credentials.ts';
import { renderDoctor } from '../../src/ui/render/doctor.ts';
import { renderPlan } from '../../src/ui/render/plan.ts';
import { renderRecords } from '../../src/ui/render/records.ts';
import { renderStatus } from '../../src/ui/render/status.ts';
import type { Style } from '../../src/ui/render/style.ts';
import { renderTeardown } from '../../src/ui/render/teardown.ts';
import { renderTimeline } from '../../src/ui/render/timeline.ts';
import { renderDbInit, renderUp, renderUpload } from '../../src/ui/render/up.ts';

const style: Style = { colour: pc.createColors(false), width: 80 };

const task = (id: string, taskDefinition: string, status: string, health: string, ageSeconds: number): TaskStatus => ({ id: `${id}000000000000000000000000`, taskDefinition, status, health, startedAt: null, ageSeconds });
const death: Death = {
	service: 'airflow-main-scheduler',
	task: '1234567800000000000000000000abcd',
	taskDefinition: 'airflow-main-scheduler:11',
	at: '2026-11-24T10:00:00.000Z',
	ageSeconds: 7300,
	class: 'exit-code',
	cause: "scheduler exited with 1: ModuleNotFoundError: No module named 'a_module_with_a_long_name'",
	fix: 'correct what its last lines say',
	reason: 'Essential container in task exited',
	record: '.airflow-deploy/state/000000000000-us-east-1/deaths/20261124T100000Z-airflow-main-scheduler-1234567800000000000000000000abcd.json',
};

const status: StatusDocument = {
	environment: 'main',
	target: 'local',
	account: '000000000000',
	region: 'us-east-1',
	endpoint: 'http://127.0.0.1:45813',
	phase: 'up', expiresAt: null,
	webserver: { url: 'http://127.81.3.7:8080', healthy: true },
	login: { auth: 'db', redirectUri: null },
	scheduler: { healthy: true, heartbeatAgeSeconds: 2.1 },
	bundle: { uploaded: '9f86d081884c7d65', parsed: '9f86d081884c7d65', dags: 2, importErrors: [] },
	services: [
		{ name: 'airflow-main-webserver', containers: ['webserver'], desired: 1, running: 1, pending: 0, taskDefinition: 'airflow-main-webserver:3', rollout: 'COMPLETED', tasks: [task('0f3a91c2', 'airflow-main-webserver:3', 'RUNNING', 'HEALTHY', 192)], lastDeath: null },
		{ name: 'airflow-main-scheduler', containers: ['scheduler', 'dag-sync'], desired: 1, running: 0, pending: 1, taskDefinition: 'airflow-main-scheduler:12', rollout: 'IN_PROGRESS', tasks: [task('77aa00ff', 'airflow-main-scheduler:12', 'PENDING', 'UNKNOWN', 4)], lastDeath: death },
	],
	workers: null,
	deaths: [],
	resources: [
		{ key: 'vpc', type: 'AWS::EC2::VPC', id: 'vpc-1', arn: null, status: 'ready' },
		{ key: 'subnet-a', type: 'AWS::EC2::Subnet', id: 'subnet-0123456789abcdef0', arn: null, status: 'missing' },
	],
};
const broken = [
	{ file: 'dags/broken.py', line: 3, message: 'Traceback (most recent call last):\n  File "broken.py", line 3\n    def x(:\nSyntaxError: invalid syntax\n' },
	{ file: 'dags/other.py', line: null, message: "ModuleNotFoundError: No module named 'numpy'" },
];
const steps: UpDocument['steps'] = [
	{ key: 'vpc', type: 'AWS::EC2::VPC', action: 'none', startedAt: null, seconds: 0.1, dependsOn: [] },
	{ key: 'bundle', type: 'AirflowDeploy::UploadBundle', action: 'run', startedAt: null, seconds: 2, dependsOn: [] },
];
const up: UpDocument = { ...status, wallSeconds: 75.2, criticalPathSeconds: 70, steps, restartNeeded: false };

test('with the ECS executor, how many workers run, and the oldest', () => {
	const oldest = { ...task('0f3a91c2', 'airflow-main-worker:3', 'RUNNING', 'UNKNOWN', 192), runs: { dagId: 'tutorial', taskId: 'sleep', runId: 'manual__1', mapIndex: -1 } };
	const line = (workers: StatusDocument['workers']) => renderStatus({ ...status, workers }, style).split('\n').filter((text) => text.startsWith('workers'));
	expect(line({ running: 3, oldest })).toEqual(['workers    3 running, the oldest for 3:12: tutorial.sleep']);
	expect(line({ running: 0, oldest: null })).toEqual(['workers    none running']);
	expect(line(null)).toEqual([]);
});

describe('the timeline of the last up', () => {
	const bar = (key: string, startSeconds: number, seconds: number, critical: boolean, action: TimelineDocument['steps'][number]['action'] = 'create') => ({ key, type: 'T', action, seconds, dependsOn: [], startSeconds, critical });
	const timeline: TimelineDocument = {
		command: 'up --local',
		startedAt: '2026-11-24T12:00:00.000Z',
		wallSeconds: 42.4,
		criticalPathSeconds: 41,
		unfinished: [],
		steps: [bar('vpc', 0.4, 0.1, true), bar('policy', 0.4, 0.2, false), bar('anchor', 0.4, 1, false, 'none'), bar('database', 0.5, 12, true), bar('image', 0.5, 8, false, 'run'), bar('subnet-route-table-association-a', 1, 5, false), bar('service-webserver', 12.5, 29.9, true)],
	};

	test('fits 80 columns, marks the critical path and sums up what is short', () => {
		const text = renderTimeline(timeline, style);
		expect(text.split('\n').filter((line) => line.length > 80)).toEqual([]);
		expect(text).toMatchInlineSnapshot(`
			"up --local  2026-11-24 12:00:00 UTC  42 s, critical path 41 s

			vpc                       create   0.1 s  █
			database                  create    12 s  ███████████
			image                     run      8.0 s  ▒▒▒▒▒▒▒
			subnet-route-table-asso…  create   5.0 s  ▒▒▒▒
			service-webserver         create    30 s             ███████████████████████████

			█ critical path   ▒ beside it   and 2 steps of at most 1.0 s"
		`);
	});
	test('names what was not reached', () => {
		expect(renderTimeline({ ...timeline, unfinished: ['service-webserver'] }, style).split('\n').at(-1)).toBe('failed or not reached: service-webserver');
	});
});

describe('status', () => {
	test('up', () => {
		expect(renderStatus(status, style)).toMatchInlineSnapshot(`
			"main  up  local target, account 000000000000, us-east-1

			web page   http://127.81.3.7:8080  healthy
			scheduler  healthy, heartbeat 2.1 s ago
			bundle     9f86d081884c7d65, parsed: 2 DAGs

			service                 running  rollout      task definition
			airflow-main-webserver  1/1      COMPLETED    airflow-main-webserver:3
			  task 0f3a91c2  RUNNING, healthy, for 3:12
			airflow-main-scheduler  0/1 +1   IN_PROGRESS  airflow-main-scheduler:12
			  task 77aa00ff  PENDING, for 4 s
			  last death 2 h ago (exit-code): scheduler exited with 1: ModuleNotFoundError:…
			  .airflow-deploy/state/000000000000-us-east-1/deaths/20261124T100000Z*

			2 recorded objects: 1 ready, 1 missing
			  subnet-a  AWS::EC2::Subnet  subnet-0123456789abcdef0  missing"
		`);
	});

	test('behind, with import errors, on an endpoint of the aws target', () => {
		const bundle = { uploaded: '9f86d081884c7d65', parsed: null, dags: 1, importErrors: broken };
		expect(renderStatus({ ...status, target: 'aws', phase: 'unhealthy', bundle, webserver: { url: null, healthy: false }, scheduler: { healthy: false, heartbeatAgeSeconds: null } }, style)).toMatchInlineSnapshot(`
			"main  unhealthy  aws target, account 000000000000, us-east-1
			at http://127.0.0.1:45813

			web page   no address  not healthy
			scheduler  not healthy, no heartbeat seen
			bundle     9f86d081884c7d65 uploaded, nothing parsed yet
			2 import errors:
			  dags/broken.py:3: SyntaxError: invalid syntax
			  dags/other.py: ModuleNotFoundError: No module named 'numpy'

			service                 running  rollout      task definition
			airflow-main-webserver  1/1      COMPLETED    airflow-main-webserver:3
			  task 0f3a91c2  RUNNING, healthy, for 3:12
			airflow-main-scheduler  0/1 +1   IN_PROGRESS  airflow-main-scheduler:12
			  task 77aa00ff  PENDING, for 4 s
			  last death 2 h ago (exit-code): scheduler exited with 1: ModuleNotFoundError:…
			  .airflow-deploy/state/000000000000-us-east-1/deaths/20261124T100000Z*

			2 recorded objects: 1 ready, 1 missing
			  subnet-a  AWS::EC2::Subnet  subnet-0123456789abcdef0  missing"
		`);
	});

	test('absent', () => {
		expect(renderStatus({ ...status, phase: 'absent' }, style)).toMatchInlineSnapshot(`
			"main  absent  local target, account 000000000000, us-east-1
			nothing is up"
		`);
	});

	test('a lot of missing objects still fit on one screen of 80 columns', () => {
		const resources = Array.from({ length: 70 }, (_, index) => ({ key: `a-rather-long-key-${index}`, type: 'AWS::EC2::SubnetRouteTableAssociation', id: `rtbassoc-${index}`, arn: null, status: 'missing' }));
		const lines = renderStatus({ ...status, resources }, style).split('\n');
		expect(lines.length).toBeLessThanOrEqual(24);
		expect(lines.every((line) => line.length <= 80)).toBe(true);
	});
});

test('up', () => {
	expect(renderUp(up, style)).toMatchInlineSnapshot(`
		"✔ main: 1 of 2 steps done in 1:15

		web page   http://127.81.3.7:8080
		user       admin
		password   airflow-deploy credentials --local
		DAGs       2, bundle 9f86d081884c7d65

		Plain HTTP on the task's own address, which changes at each replacement:
		airflow-deploy open --local finds it. To remove all this:
		airflow-deploy teardown --local"
	`);
});

test('up again, another environment on AWS', () => {
	const unchanged = steps.map((step) => ({ ...step, action: 'none' as const }));
	expect(renderUp({ ...up, steps: unchanged, environment: 'staging', target: 'aws', wallSeconds: 1.9 }, style)).toMatchInlineSnapshot(`
		"✔ staging: no change: 2 steps checked in 1.9 s

		web page   http://127.81.3.7:8080
		user       admin
		password   airflow-deploy credentials --env staging
		DAGs       2, bundle 9f86d081884c7d65

		Plain HTTP on the task's own address, which changes at each replacement:
		airflow-deploy open --env staging finds it. To remove all this:
		airflow-deploy teardown --env staging"
	`);
});

test('a long import error is shown whole', () => {
	const message = 'AirflowClusterPolicyViolation: task huge of DAG too_large: Fargate has no memory 8192 with cpu 256: it has 512, 1024 or 2048 MiB';
	expect(renderUp({ ...up, bundle: { ...up.bundle, importErrors: [{ file: 'dags/too_large.py', line: 4, message }] } }, style).split('\n').slice(-4, -1).join('\n')).toMatchInlineSnapshot(`
		"  dags/too_large.py:4: AirflowClusterPolicyViolation: task huge of DAG
		    too_large: Fargate has no memory 8192 with cpu 256: it has 512, 1024 or 2048
		    MiB"
	`);
});

test('a branch is removed by its own command', () => {
	const services = up.services.map((service) => ({ ...service, containers: ['postgres', 'webserver', 'scheduler'] }));
	expect(renderUp({ ...up, services, environment: 'pr-12' }, style).split('\n').at(-1)).toBe('airflow-deploy branch delete pr-12 --local');
});

test('up with import errors', () => {
	expect(renderUp({ ...up, bundle: { ...up.bundle, importErrors: broken } }, style).split('\n').slice(-4).join('\n')).toMatchInlineSnapshot(`
		"2 import errors:
		  dags/broken.py:3: SyntaxError: invalid syntax
		  dags/other.py: ModuleNotFoundError: No module named 'numpy'
		the other DAGs run on; correct these and run airflow-deploy upload"
	`);
});

test('upload and db-init', () => {
	expect(renderUpload(up, style)).toMatchInlineSnapshot(`
		"✔ main: 1 of 2 steps done in 1:15
		bundle 9f86d081884c7d65 is parsed: 2 DAGs"
	`);
	expect(renderUpload({ ...up, bundle: { ...up.bundle, parsed: null } }, style)).toMatchInlineSnapshot(`
		"✔ main: 1 of 2 steps done in 1:15
		bundle 9f86d081884c7d65 is uploaded; no scheduler has parsed it yet"
	`);
	expect(renderDbInit(up, style)).toMatchInlineSnapshot(`
		"✔ main: 1 of 2 steps done in 1:15
		the database is initialised"
	`);
});

test('doctor', () => {
	const result = (name: string, verdict: 'ok' | 'failed' | 'not-checked', detail: string, fix: string | null = null) => ({ name, verdict, detail, fix, who: fix === null ? null : 'AWS support' });
	const checks = [
		result('node', 'ok', 'v20.20.2'),
		result('credentials', 'failed', 'no AWS credentials were found: the default chain tried environment variables and files', 'aws configure'),
		result('region', 'not-checked', 'the account is not reached'),
		result('services', 'not-checked', 'the account is not reached'),
	];
	expect(renderDoctor({ ok: false, checks }, style)).toMatchInlineSnapshot(`
		"ok           node             v20.20.2
		failed       credentials      no AWS credentials were found: the default chain
		                              tried environment variables and files
		             AWS support: aws configure
		not checked  the rest         the account is not reached: region, services

		1 check failed: 1 ok, 1 failed, 2 not checked"
	`);
});

test('plan', () => {
	const plan: PlanDocument = {
		changes: [
			{ key: 'vpc', type: 'AWS::EC2::VPC', action: 'create', why: 'not recorded' },
			{ key: 'database', type: 'AWS::RDS::DBInstance', action: 'update', why: 'storage changes from 20 to 40' },
			{ key: 'rule-web', type: 'AWS::EC2::SecurityGroupIngress', action: 'replace', why: 'cidr changes, which AWS cannot do in place' },
		],
		runningWork: [],
		cost: { perHour: 0.1398, perMonth: 102.07, currency: 'USD', lines: [{ key: 'service-webserver', perHour: 0.0494, assumption: 'Fargate, 1 vCPU and 2 GB, all day' }] },
		login: { auth: 'db', redirectUri: null },
	};
	expect(renderPlan(plan, style)).toMatchInlineSnapshot(`
		"create   vpc       AWS::EC2::VPC
		update   database  AWS::RDS::DBInstance
		         storage changes from 20 to 40
		replace  rule-web  AWS::EC2::SecurityGroupIngress
		         cidr changes, which AWS cannot do in place

		3 changes: 1 to create, 1 to update, 1 to replace

		$0.140/h, about $102.07 a month while it is up on AWS
		  service-webserver  0.0494  Fargate, 1 vCPU and 2 GB, all day"
	`);
	const gone = 'the workers go: no worker runs now';
	expect(renderPlan({ ...plan, runningWork: [gone] }, style)).toContain(`replace\n${gone}\n\n`);
	expect(renderPlan({ ...plan, changes: [] }, style).split('\n')[0]).toBe('no change: everything is as wanted');
});

test('teardown', () => {
	const receipt: TeardownDocument = { deleted: [{ key: 'vpc', type: 'AWS::EC2::VPC', id: 'vpc-1' }], left: [], kept: [{ type: 'AWS::IAM::ServiceLinkedRole', id: 'AWSServiceRoleForECS', why: 'AWS shares it with everything else in the account' }], notOurs: [{ type: 'AWS::Logs::LogGroup', id: '/airflow-deploy/airflow/main/notes', why: 'its name begins like ours, and it does not carry our tags' }], asked: { ids: 62, kinds: 8 }, cost: { perHour: 0, perMonth: 0, currency: 'USD', lines: [] }, shared: null, wallSeconds: 12.3 };
	expect(renderTeardown(receipt, style)).toMatchInlineSnapshot(`
		"✔ 1 deleted, 0 left, 12 s
		1 object kept:
		  AWS::IAM::ServiceLinkedRole  AWSServiceRoleForECS
		    AWS shares it with everything else in the account
		1 object left alone:
		  AWS::Logs::LogGroup  /airflow-deploy/airflow/main/notes
		    its name begins like ours, and it does not carry our tags
		AWS was asked for 62 recorded ids, and for 8 kinds of objects by tags and names
		costs now: $0.00 an hour"
	`);
	const left = [{ key: 'security-group-airflow', type: 'AWS::EC2::SecurityGroup', id: 'sg-1', heldBy: 'network interface eni-1 (not ours: no tags)', since: '2026-11-24T12:00:00.000Z' }];
	const cost: TeardownDocument['cost'] = { perHour: 0.0187, perMonth: 13.65, currency: 'USD', lines: [{ key: 'database', perHour: 0.0182, assumption: 'db.t4g.micro, single zone, 20 GB gp3' }, { key: 'secret-fernet-key', perHour: 0.0005, assumption: '1 secret' }] };
	expect(renderTeardown({ ...receipt, left, kept: [], notOurs: [], cost }, style)).toMatchInlineSnapshot(`
		"✘ 1 deleted, 1 left, 12 s
		  security-group-airflow  AWS::EC2::SecurityGroup  sg-1
		    held by network interface eni-1 (not ours: no tags), since 2026-11-24T12:00:00.000Z
		  run airflow-deploy teardown again when what holds them is gone
		AWS was asked for 62 recorded ids, and for 8 kinds of objects by tags and names
		costs now: $0.0187 an hour, $13.65 a month
		  database           $0.0182  db.t4g.micro, single zone, 20 GB gp3
		  secret-fernet-key  $0.0005  1 secret"
	`);
});

test('credentials and records', () => {
	expect(renderCredentials({ url: 'http://127.1.2.3:8080', username: 'admin', password: 'secret' }, style)).toMatchInlineSnapshot(`
		"web page  http://127.1.2.3:8080
		user      admin
		password  secret"
	`);
	expect(renderRecords({ resources: status.resources }, style)).toMatchInlineSnapshot(`
		"key       type              id                        status
		vpc       AWS::EC2::VPC     vpc-1                     ready
		subnet-a  AWS::EC2::Subnet  subnet-0123456789abcdef0  missing"
	`);
	expect(renderRecords({ resources: [] }, style)).toBe('nothing is recorded');
});
