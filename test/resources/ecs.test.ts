import { DescribeServicesCommand, ECSClient } from '@aws-sdk/client-ecs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Aws } from '../../src/aws/clients.ts';
import type { Context } from '../../src/engine/resource.ts';
import { BuildImage, imageCanBeBuilt } from '../../src/resources/build-image.ts';
import { EcsService } from '../../src/resources/ecs-service.ts';
import { EcsTaskDefinition } from '../../src/resources/ecs-task-definition.ts';
import { imageContext } from '../../src/resources/image-context.ts';
import { RunTask } from '../../src/resources/run-task.ts';
import { type EcsStage, openEcsStage } from './ecs-stage.ts';

/** The kinds of ECS against the local endpoint's ECS, whose containers really run. */
let stage: EcsStage;
let aws: Aws;
let place: EcsStage['place'];
let calls: string[] = [];

beforeAll(async () => {
	stage = await openEcsStage({ observe: ({ operation }) => void calls.push(operation) });
	({ aws, place } = stage);
});
afterAll(() => stage.close());

const context = (key: string, signal?: AbortSignal): Context<Aws> => stage.context(key, signal);
const revision = (name: string, script: string): Promise<string> => stage.revision(name, script);

test('an image is built once, and stands', async () => {
	const { folder, repositoryUri, bucket } = stage.image;
	const { hash } = await imageContext(folder, null);
	const props = { repositoryName: 'airflow-shared', repositoryUri, bucket, folder, hash, architecture: 'X86_64' as const, baseImage: null };
	await imageCanBeBuilt(aws, props);
	calls = [];
	const built = await BuildImage.run(context('image'), props, undefined);
	expect(await BuildImage.current?.(context('image'), props, built)).toBe(true);
	expect(await BuildImage.run(context('image'), props, built)).toEqual(built);
	expect(calls).not.toContain('PutImage');
});

describe('a task that is run', () => {
	const run = (taskDefinition: string, ctx: Context<Aws> = context('init')) => RunTask.run(ctx, { ...place, taskDefinition, container: 'init', inputs: {} }, undefined);

	test('succeeds with its container', async () => {
		expect(await run(await revision('init', 'exit 0'))).toMatchObject({ exitCode: 0, cluster: 'airflow-shared' });
	});

	test('fails with reason, exit code and its last 50 lines', async () => {
		const failed = run(await revision('init', 'for i in $(seq 60); do echo "line $i."; done; exit 7'));
		await expect(failed).rejects.toMatchObject({ code: 'TaskFailed', message: expect.stringMatching(/init exited with 7\n.*:\n {2}line 11\.\n[^]* {2}line 60\.$/) });
	});

	test('that was interrupted is waited for, not run again', async () => {
		const slow = await revision('init', 'sleep 3');
		const interruption = new AbortController();
		const ctx = context('init');
		calls = [];
		const first = run(slow, { ...ctx, signal: interruption.signal, note: () => interruption.abort() });
		await expect(first).rejects.toMatchObject({ name: 'AbortError' });
		const { taskArn } = await run(slow, ctx);
		expect(calls.filter((call) => call === 'RunTask')).toHaveLength(2);
		expect(await run(slow, ctx)).toMatchObject({ taskArn });
	});

	test('runs again with the same token where an earlier run saw it fail', async () => {
		const bad = await revision('init', 'echo no; exit 3');
		const ctx = context('init');
		await expect(run(bad, ctx)).rejects.toMatchObject({ code: 'TaskFailed' });
		calls = [];
		await expect(run(bad, ctx)).rejects.toMatchObject({ code: 'TaskFailed' });
		expect(calls.filter((call) => call === 'RunTask')).toHaveLength(2);
	});
});

test('a task that nobody waits for ends with its definition', async () => {
	const arn = await revision('sleeper', 'sleep 600');
	const interruption = new AbortController();
	const ctx = context('sleeper', interruption.signal);
	await expect(RunTask.run({ ...ctx, note: () => interruption.abort() }, { ...place, taskDefinition: arn, container: 'sleeper', inputs: {} }, undefined)).rejects.toMatchObject({ name: 'AbortError' });
	const definition = stage.made.at(-1);
	calls = [];
	await EcsTaskDefinition.remove(definition?.ctx as Context<Aws>, definition?.outputs as never);
	expect(calls).toContain('StopTask');
	expect(await EcsTaskDefinition.exists(context('sleeper'), definition?.outputs as never)).toBe(false);
});

describe.each([
	{ name: 'web', minimumHealthyPercent: 100, maximumPercent: 200, expiresAt: null, balancer: null },
	{ name: 'scheduler', minimumHealthyPercent: 0, maximumPercent: 100, expiresAt: null, balancer: null },
])('a service at $minimumHealthyPercent/$maximumPercent', { concurrent: true }, ({ name, ...percent }) => {
	const serves = 'trap "exit 0" TERM; while :; do sleep 0.1; done';

	async function deploy(taskDefinition: string): Promise<'create' | 'update' | 'none'> {
		const ctx = context(`service-${name}`);
		const props = { ...place, ...percent, name: `airflow-test-${name}`, taskDefinition, desiredCount: 1 };
		const found = await EcsService.find(ctx, props, undefined);
		if (found && EcsService.matches?.(props, found) === true) return 'none';
		const outputs = found ? await EcsService.update?.(ctx, props, found) : await EcsService.create(ctx, props);
		await EcsService.wait?.(ctx, outputs as NonNullable<typeof outputs>, props);
		return found ? 'update' : 'create';
	}
	const running = async (): Promise<string | undefined> => {
		const { services } = await aws.client(ECSClient).send(new DescribeServicesCommand({ cluster: place.cluster, services: [`airflow-test-${name}`] }));
		return services?.[0]?.runningCount === 1 ? services[0].taskDefinition : undefined;
	};

	test('deploys, refuses what dies, goes on with what runs, and goes away', async ({ expect }) => {
		const bad = await revision(name, 'echo "it is broken" >&2; exit 3');
		const message = (old: string): unknown => expect.stringMatching(new RegExp(`${old}\\n.*${name} exited with 3\\n.*\\n {2}it is broken`));
		await expect(deploy(bad)).rejects.toMatchObject({ code: 'DeploymentFailed', message: message('no task of the service runs') });

		const good = await revision(name, serves);
		expect(await deploy(good)).toBe('update');
		expect(await deploy(good)).toBe('none');
		expect(await running()).toBe(good);

		await expect(deploy(bad)).rejects.toMatchObject({ code: 'DeploymentFailed', message: message(`airflow-test-${name}:2, the revision before, runs`) });
		expect(await running()).toBe(good);

		const better = await revision(name, `${serves} # better`);
		expect(await deploy(better)).toBe('update');
		expect(await running()).toBe(better);

		const ctx = context(`service-${name}`);
		const outputs = (await EcsService.find(ctx, { ...place, ...percent, name: `airflow-test-${name}`, taskDefinition: better, desiredCount: 1 }, undefined)) as NonNullable<Awaited<ReturnType<typeof EcsService.find>>>;
		await EcsService.remove(ctx, outputs);
		expect(await EcsService.exists(ctx, outputs)).toBe(false);
		await EcsService.remove(ctx, outputs);
	}, 60_000);
});
