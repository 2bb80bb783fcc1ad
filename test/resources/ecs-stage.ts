import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Aws, CallObserver } from '../../src/aws/clients.ts';
import type { Context, JsonObject } from '../../src/engine/resource.ts';
import { BuildImage } from '../../src/resources/build-image.ts';
import { EcrRepository } from '../../src/resources/ecr-repository.ts';
import { EcsCluster } from '../../src/resources/ecs-cluster.ts';
import { EcsTaskDefinition } from '../../src/resources/ecs-task-definition.ts';
import { IamRole } from '../../src/resources/iam-role.ts';
import { imageContext } from '../../src/resources/image-context.ts';
import { LogGroup } from '../../src/resources/log-group.ts';
import { startEndpoint } from './endpoint.ts';
import { contextOf, type Made, makeNeeds, removeAll, sample, world } from './sample.ts';
import { bucket, securityGroup, subnetA } from './samples-a.ts';

const cluster = sample(EcsCluster, 'cluster', {}, () => ({ name: 'airflow-shared' }));
const repository = sample(EcrRepository, 'repository', {}, () => ({ name: 'airflow-shared' }));
const group = sample(LogGroup, 'log', {}, () => ({ name: '/airflow-deploy/airflow/test/web', retentionDays: 14 }));
const role = sample(IamRole, 'role', {}, (_needs, { region, account }) => ({ name: 'airflow-test-task', service: 'ecs-tasks.amazonaws.com', sourceArn: `arn:aws:ecs:${region}:${account}:*`, path: '/', permissionsBoundary: null }));
const everything = sample(EcsCluster, 'stage', { cluster, repository, group, role, bucket, subnetA, securityGroup }, () => ({ name: 'never-made' }));
type Names = Record<'cluster' | 'repository' | 'group' | 'role' | 'bucket' | 'subnetA' | 'securityGroup', Record<string, string>>;

/** A cluster on a local endpoint of its own, whose containers really run, and all that tasks need. */
export interface EcsStage {
	readonly aws: Aws;
	/** What was made last, and what `close` removes. */
	readonly made: Made;
	/** Where tasks are placed. */
	readonly place: { cluster: string; subnets: string[]; securityGroups: string[]; assignPublicIp: boolean };
	readonly image: { readonly folder: string; readonly repositoryUri: string; readonly bucket: string };
	context(key: string, signal?: AbortSignal): Context<Aws>;
	/** Registers a task definition with one container that runs a shell script; returns its ARN. */
	revision(name: string, script: string, more?: { container?: JsonObject; definition?: JsonObject }): Promise<string>;
	close(): Promise<void>;
}

export async function openEcsStage({ requirements = '', observe }: { requirements?: string; observe?: CallObserver } = {}): Promise<EcsStage> {
	const endpoint = await startEndpoint();
	const aws = await endpoint.clients({ region: 'us-east-1', ...(observe ? { observe } : {}) });
	const here = world(aws);
	const made: Made = [];
	const needs = (await makeNeeds(here, everything, made)) as Names;
	const folder = await imageFolder(requirements);
	const source = { folder, repositoryUri: needs.repository['uri'] ?? '', bucket: needs.bucket['name'] ?? '' };
	const place = { cluster: needs.cluster['name'] ?? '', subnets: [needs.subnetA['subnetId'] ?? ''], securityGroups: [needs.securityGroup['groupId'] ?? ''], assignPublicIp: true };
	const context: EcsStage['context'] = (key, signal) => ({ ...contextOf(here, key), ...(signal ? { signal } : {}) });
	const props = { repositoryName: 'airflow-shared', repositoryUri: source.repositoryUri, bucket: source.bucket, folder, hash: (await imageContext(folder, null)).hash, architecture: 'X86_64' as const, baseImage: null };
	const { image } = await BuildImage.run(context('image'), props, undefined);
	return {
		aws,
		made,
		place,
		image: source,
		context,
		async revision(name, script, more = {}) {
			const definition = definitionOf({ name, script, image, roleArn: needs.role['arn'] ?? '', group: needs.group['name'] ?? '' }, more);
			const ctx = context(`task-definition-${name}`);
			const outputs = await EcsTaskDefinition.create(ctx, { cluster: place.cluster, definition });
			made.push({ sample: { kind: EcsTaskDefinition, key: `${outputs.family}:${outputs.revision}` } as never, ctx, outputs });
			return outputs.arn;
		},
		async close() {
			await removeAll(made);
			await rm(folder, { recursive: true, force: true });
			await endpoint.close();
		},
	};
}

/** The smallest image that the process runtime can run: Python, and what is required of it. */
async function imageFolder(requirements: string): Promise<string> {
	const directory = await mkdtemp(join(tmpdir(), 'ecs-kinds-test-'));
	await mkdir(join(directory, 'image'));
	for (const [path, content] of Object.entries({ Dockerfile: 'FROM apache/airflow:2.5.3-python3.10\n', 'requirements.txt': requirements, 'constraints.txt': '', 'image/none.py': '' })) await writeFile(join(directory, path), content);
	return directory;
}

function definitionOf(of: { name: string; script: string; image: string; roleArn: string; group: string }, more: { container?: JsonObject; definition?: JsonObject }): JsonObject {
	const options = { 'awslogs-group': of.group, 'awslogs-region': 'us-east-1', 'awslogs-stream-prefix': 'ecs' };
	const container = {
		name: of.name,
		image: of.image,
		command: ['bash', '-c', of.script],
		healthCheck: { command: ['CMD', 'bash', '-c', 'true'], interval: 5, timeout: 2, retries: 2 },
		logConfiguration: { logDriver: 'awslogs', options },
		...more.container,
	};
	return { family: `airflow-test-${of.name}`, networkMode: 'awsvpc', requiresCompatibilities: ['FARGATE'], cpu: '256', memory: '512', executionRoleArn: of.roleArn, taskRoleArn: of.roleArn, containerDefinitions: [container], ...more.definition };
}
