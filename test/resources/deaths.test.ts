import { rm, writeFile } from 'node:fs/promises';
import { ECSClient, ListTasksCommand } from '@aws-sdk/client-ecs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Aws } from '../../src/aws/clients.ts';
import type { Context, JsonObject } from '../../src/engine/resource.ts';
import type { UserError } from '../../src/errors.ts';
import type { DeathRecord } from '../../src/resources/death-record.ts';
import { EcsService } from '../../src/resources/ecs-service.ts';
import { RunTask } from '../../src/resources/run-task.ts';
import type { DeathClass } from '../../src/resources/task-death.ts';
import { askFor } from '../local/faults.ts';
import { type EcsStage, openEcsStage } from './ecs-stage.ts';

/** Every class of death that this machine can really have, on the local endpoint; the others are in task-death.test.ts. */
let stage: EcsStage;
beforeAll(async () => {
	stage = await openEcsStage({ requirements: 'psycopg2-binary==2.9.5\n' });
});
afterAll(() => stage.close());

interface Kept {
	readonly name: string;
	readonly record: DeathRecord;
	/** Seconds between the task's end and its record. */
	readonly after: number;
}

/** A context that remembers what was kept and said. */
function watched(key: string): { ctx: Context<Aws>; kept: Kept[]; notes: string[] } {
	const [kept, notes] = [[] as Kept[], [] as string[]];
	const keep = (name: string, document: object): Promise<string> => {
		const record = document as DeathRecord;
		kept.push({ name, record, after: (Date.now() - (record.task.stoppedAt?.getTime() ?? Date.now())) / 1000 });
		return Promise.resolve(`state/${name}`);
	};
	return { ctx: { ...stage.context(key), keep, note: (message) => void notes.push(message) }, kept, notes };
}

/** Runs a task that must die; returns the error and what was kept. */
async function die(name: string, script: string, more: { container?: JsonObject; definition?: JsonObject } = {}): Promise<{ error: UserError; kept: Kept }> {
	const taskDefinition = await stage.revision(name, script, more);
	const { ctx, kept } = watched(name);
	const error = await RunTask.run(ctx, { ...stage.place, taskDefinition, container: name, inputs: {} }, undefined).then(
		() => undefined,
		(reason: UserError) => reason,
	);
	if (error === undefined || kept[0] === undefined) throw new Error('it did not die');
	return { error, kept: kept[0] };
}

const secret = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:airflow-test-gone-AbCdEf';
const gone = { logConfiguration: { logDriver: 'awslogs', options: { 'awslogs-group': '/gone', 'awslogs-region': 'us-east-1', 'awslogs-stream-prefix': 'x' } } };
const connect = (port: number): string => `python -c 'import psycopg2; psycopg2.connect(host="127.0.0.1", port=${port}, dbname="airflow", user="airflow", password="secret")'`;
/** Of a task that may hold 512 MiB. */
const hog = `python -c 'import time; held = b"x" * (700 << 20); time.sleep(300)'`;
const foreign = String.raw`printf '\177ELF\002\001\001\000\000\000\000\000\000\000\000\000\002\000\363\000\001\000\000\000' > ./foreign; chmod +x ./foreign; exec ./foreign`;

describe.each<[DeathClass, string, string, { container?: JsonObject; definition?: JsonObject }, RegExp]>([
	['image-pull', 'image', 'true', { container: { image: 'example.com/nobody/knows:1' } }, /image/],
	['secret', 'secret', 'true', { container: { secrets: [{ name: 'PASSWORD', valueFrom: secret }] } }, /secret \S+ does not exist/],
	['logs', 'logs', 'true', { container: gone }, /log group of logs does not exist/],
	['architecture', 'foreign', foreign, {}, /another processor/],
	['database-refused', 'database', connect(1), {}, /does not answer \(Connection refused\)/],
	['out-of-memory', 'memory', hog, {}, /memory needed more memory than it has/],
	['out-of-memory', 'killed', 'kill -KILL $$', {}, /137/],
	['exit-code', 'code', 'echo "ValueError: nonsense"; exit 7', {}, /exited with 7: ValueError: nonsense/],
	['exit-code', 'missing', 'airflw version', {}, /127/],
])('%s', { concurrent: true }, (kind, name, script, more, cause) => {
	test(`${name}: cause, fix and record`, async ({ expect }) => {
		const { error, kept } = await die(name, script, more);
		expect(kept.record.verdict).toMatchObject({ class: kind, cause: expect.stringMatching(cause) });
		expect(error).toMatchObject({ code: 'TaskFailed', hint: kept.record.verdict.fix });
		expect(error.message).toMatch(cause);
		expect(error.message).toContain(`kept in state/${kept.name}`);
		expect(kept.name).toMatch(new RegExp(`^deaths/\\d{8}T\\d{6}Z-airflow-test-${name}-[0-9a-f]{32}\\.json$`));
		expect(kept.after).toBeLessThan(5);
	});
});

test('efs-mount: kept, and tried again while its name may be too new to be known', async () => {
	const taskDefinition = await stage.revision('files', 'true', { definition: { volumes: [{ name: 'files', efsVolumeConfiguration: { fileSystemId: 'fs-0123456789abcdef0' } }] } });
	const { ctx, kept } = watched('files');
	const enough = new AbortController();
	const note = (message: string): void => void (message.startsWith('trying again') && enough.abort());
	await expect(RunTask.run({ ...ctx, signal: enough.signal, note }, { ...stage.place, taskDefinition, container: 'files', inputs: {} }, undefined)).rejects.toMatchObject({ name: 'AbortError' });
	expect(kept.map(({ record }) => record.verdict)).toMatchObject([{ class: 'efs-mount', cause: expect.stringContaining('fs-0123456789abcdef0') }]);
	expect(kept[0]?.after).toBeLessThan(5);
});

const serviceOf = (name: string, taskDefinition: string) => ({ ...stage.place, name: `airflow-test-${name}`, taskDefinition, desiredCount: 1, minimumHealthyPercent: 100, maximumPercent: 200, expiresAt: null, balancer: null });

describe('no-capacity', { concurrent: true }, () => {
	const noRoom = expect.stringMatching(/no room for a Fargate task of this size here now: wait: ECS tries again by itself/);
	beforeAll(() => askFor(stage.aws.endpoint ?? '', { fault: 'no-capacity', family: 'airflow-test-waiting' }, { fault: 'no-capacity', family: 'airflow-test-placed' }));

	test('a task waits for room, says for what, and runs', async ({ expect }) => {
		const taskDefinition = await stage.revision('waiting', 'true');
		const { ctx, notes } = watched('waiting');
		expect(await RunTask.run(ctx, { ...stage.place, taskDefinition, container: 'waiting', inputs: {} }, undefined)).toMatchObject({ exitCode: 0 });
		expect(notes).toContainEqual(noRoom);
	}, 60_000);

	test('so does a service', async ({ expect }) => {
		const wanted = serviceOf('placed', await stage.revision('placed', 'trap "exit 0" TERM; while :; do sleep 0.1; done'));
		const { ctx, notes } = watched('service-placed');
		const made = await EcsService.create(ctx, wanted);
		expect(await EcsService.wait?.(ctx, made, wanted)).toMatchObject({ rollout: 'COMPLETED' });
		expect(notes).toContainEqual(noRoom);
		await EcsService.remove(ctx, made);
	}, 60_000);
});

describe('the record of a dead task', () => {
	test('holds its last 200 lines and no secret', async () => {
		const { error, kept } = await die('chatty', 'for i in $(seq 250); do echo "line $i."; done; echo "postgresql://airflow:hunter2@db:5432/airflow"; exit 1', { container: { environment: [{ name: 'TOKEN', value: 'hunter2' }] } });
		expect(kept.record.log?.lines).toHaveLength(200);
		expect(kept.record.log?.lines.slice(-2)).toEqual(['line 250.', 'postgresql://airflow:***@db:5432/airflow']);
		expect(error.message.split('\n').filter((line) => line.startsWith('  '))).toHaveLength(50);
		expect(JSON.stringify(kept.record) + error.message).not.toContain('hunter2');
		expect(kept.record.task).toMatchObject({ lastStatus: 'STOPPED', containers: [{ exitCode: 1 }] });
	});
});

describe('a service', () => {
	test('whose health check fails ends the wait at its first task', async () => {
		const check = { healthCheck: { command: ['CMD', 'bash', '-c', 'false'], interval: 5, timeout: 2, retries: 1 } };
		const { ctx, kept, notes } = watched('service-sick');
		const wanted = serviceOf('sick', await stage.revision('sick', 'echo "I am here"; trap "exit 0" TERM; while :; do sleep 0.1; done', { container: check }));
		const made = await EcsService.create(ctx, wanted);
		const waited = EcsService.wait?.(ctx, made, wanted);
		await expect(waited).rejects.toMatchObject({ code: 'DeploymentFailed', message: expect.stringMatching(/health check fails[^]*I am here/), hint: expect.stringContaining('logs sick') });
		expect(kept.map(({ record }) => record.verdict.class)).toEqual(['health-check']);
		expect(kept[0]?.after).toBeLessThan(5);
		expect(notes.filter((note) => note.includes('died (health-check)'))).toHaveLength(1);
		await EcsService.remove(ctx, made);
	}, 60_000);

	test('whose first task dies at once ends the wait, and nothing is tried again behind its back', async () => {
		const wanted = serviceOf('instant', await stage.revision('instant', 'true', { container: { image: 'example.com/nobody/knows:1' } }));
		const { ctx, kept } = watched('service-instant');
		const made = await EcsService.create(ctx, wanted);
		const waited = EcsService.wait?.(ctx, made, wanted);
		await expect(waited).rejects.toMatchObject({ code: 'DeploymentFailed', message: expect.stringContaining('image') });
		expect(kept.map(({ record }) => record.verdict.class)).toEqual(['image-pull']);
		await EcsService.remove(ctx, made);
	}, 60_000);

	test('that died before this run is deployed again, not judged by old deaths', async () => {
		const flag = `/tmp/airflow-deploy-deaths-${process.pid}`;
		const script = `if [ ! -e ${flag} ]; then echo "ValueError: no flag"; exit 3; fi; trap "exit 0" TERM; while :; do sleep 0.1; done`;
		const wanted = serviceOf('late', await stage.revision('late', script));
		const first = watched('service-late');
		const made = await EcsService.create(first.ctx, wanted);
		await expect(EcsService.wait?.(first.ctx, made, wanted)).rejects.toMatchObject({ message: expect.stringContaining('exited with 3: ValueError: no flag') });

		await writeFile(flag, '');
		const second = watched('service-late');
		const found = await EcsService.find(second.ctx, wanted, made);
		if (!found) throw new Error('the service is gone');
		const present = EcsService.matches?.(wanted, found) === true ? found : ((await EcsService.update?.(second.ctx, wanted, found)) ?? found);
		expect(await EcsService.wait?.(second.ctx, present, wanted)).toMatchObject({ rollout: 'COMPLETED' });
		await rm(flag);
		await EcsService.remove(second.ctx, made);
		const { taskArns } = await stage.aws.client(ECSClient).send(new ListTasksCommand({ cluster: stage.place.cluster, serviceName: wanted.name }));
		expect(taskArns).toEqual([]);
	}, 60_000);
});
