import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DescribeServicesCommand, ECSClient } from '@aws-sdk/client-ecs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Aws } from '../../src/aws/clients.ts';
import type { Context, JsonObject } from '../../src/engine/resource.ts';
import { BuildImage, imageCanBeBuilt } from '../../src/resources/build-image.ts';
import { EcrRepository } from '../../src/resources/ecr-repository.ts';
import { EcsCluster } from '../../src/resources/ecs-cluster.ts';
import { EcsService } from '../../src/resources/ecs-service.ts';
import { EcsTaskDefinition } from '../../src/resources/ecs-task-definition.ts';
import { IamRole } from '../../src/resources/iam-role.ts';
import { imageContext } from '../../src/resources/image-context.ts';
import { LogGroup } from '../../src/resources/log-group.ts';
import { RunTask } from '../../src/resources/run-task.ts';
import { startEndpoint, type TestEndpoint } from './endpoint.ts';
import { contextOf, type Made, makeNeeds, removeAll, sample, type World, world } from './sample.ts';
import { bucket, securityGroup, subnetA } from './samples-a.ts';

/** The kinds of ECS against the local endpoint's ECS, whose containers really run. */
const cluster = sample(EcsCluster, 'cluster', {}, () => ({ name: 'airflow-shared' }));
const repository = sample(EcrRepository, 'repository', {}, () => ({ name: 'airflow-shared' }));
const group = sample(LogGroup, 'log', {}, () => ({ name: '/airflow-deploy/airflow/test/web', retentionDays: 14 }));
const role = sample(IamRole, 'role', {}, (_needs, { region, account }) => ({ name: 'airflow-test-task', service: 'ecs-tasks.amazonaws.com', sourceArn: `arn:aws:ecs:${region}:${account}:*`, path: '/', permissionsBoundary: null }));
const stage = sample(EcsCluster, 'stage', { cluster, repository, group, role, bucket, subnetA, securityGroup }, () => ({ name: 'never-made' }));

let endpoint: TestEndpoint;
let folder: string;
let aws: Aws;
let here: World;
let calls: string[] = [];
let image: string;
let names: { roleArn: string; group: string };
let place: { cluster: string; subnets: string[]; securityGroups: string[]; assignPublicIp: boolean };
const made: Made = [];

beforeAll(async () => {
	endpoint = await startEndpoint();
	aws = await endpoint.clients({ region: 'us-east-1', observe: ({ operation }) => void calls.push(operation) });
	here = world(aws);
	const needs = (await makeNeeds(here, stage, made)) as Record<'cluster' | 'repository' | 'group' | 'role' | 'bucket' | 'subnetA' | 'securityGroup', Record<string, string>>;
	place = { cluster: needs.cluster['name'] ?? '', subnets: [needs.subnetA['subnetId'] ?? ''], securityGroups: [needs.securityGroup['groupId'] ?? ''], assignPublicIp: true };
	names = { roleArn: needs.role['arn'] ?? '', group: needs.group['name'] ?? '' };
	folder = await imageFolder();
	image = await build(needs.repository['uri'] ?? '', needs.bucket['name'] ?? '');
});
afterAll(async () => {
	await removeAll(made);
	await rm(folder, { recursive: true, force: true });
	await endpoint.close();
});

/** The smallest image that the process runtime can run: Python and nothing else. */
async function imageFolder(): Promise<string> {
	const directory = await mkdtemp(join(tmpdir(), 'ecs-kinds-test-'));
	await mkdir(join(directory, 'image'));
	for (const [path, content] of Object.entries({ Dockerfile: 'FROM apache/airflow:2.5.3-python3.10\n', 'requirements.txt': '', 'constraints.txt': '', 'image/none.py': '' })) await writeFile(join(directory, path), content);
	return directory;
}

async function build(repositoryUri: string, bucketName: string): Promise<string> {
	const { hash } = await imageContext(folder, null);
	const props = { repositoryName: 'airflow-shared', repositoryUri, bucket: bucketName, folder, hash, architecture: 'X86_64' as const, baseImage: null };
	await imageCanBeBuilt(aws, props);
	const built = await BuildImage.run(context('image'), props, undefined);
	expect(await BuildImage.current?.(context('image'), props, built)).toBe(true);
	calls = [];
	expect(await BuildImage.run(context('image'), props, built)).toEqual(built);
	expect(calls).not.toContain('PutImage');
	return built.image;
}

function context(key: string, signal?: AbortSignal): Context<Aws> {
	return { ...contextOf(here, key), ...(signal ? { signal } : {}) };
}

/** A revision whose one container runs a shell script. */
async function revision(name: string, script: string): Promise<string> {
	const options = { 'awslogs-group': names.group, 'awslogs-region': 'us-east-1', 'awslogs-stream-prefix': 'ecs' };
	const container = {
		name,
		image,
		command: ['bash', '-c', script],
		healthCheck: { command: ['CMD', 'bash', '-c', 'true'], interval: 5, timeout: 2, retries: 2 },
		logConfiguration: { logDriver: 'awslogs', options },
	};
	const definition: JsonObject = { family: `airflow-test-${name}`, networkMode: 'awsvpc', requiresCompatibilities: ['FARGATE'], cpu: '256', memory: '512', executionRoleArn: names.roleArn, taskRoleArn: names.roleArn, containerDefinitions: [container] };
	const ctx = context(`task-definition-${name}`);
	const outputs = await EcsTaskDefinition.create(ctx, { cluster: place.cluster, definition });
	made.push({ sample: { kind: EcsTaskDefinition, key: `${outputs.family}:${outputs.revision}` } as never, ctx, outputs });
	return outputs.arn;
}

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
	const definition = made.at(-1);
	calls = [];
	await EcsTaskDefinition.remove(definition?.ctx as Context<Aws>, definition?.outputs as never);
	expect(calls).toContain('StopTask');
	expect(await EcsTaskDefinition.exists(context('sleeper'), definition?.outputs as never)).toBe(false);
});

describe.each([
	{ name: 'web', minimumHealthyPercent: 100, maximumPercent: 200 },
	{ name: 'scheduler', minimumHealthyPercent: 0, maximumPercent: 100 },
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
