import {
	DeleteTaskDefinitionsCommand,
	DeregisterTaskDefinitionCommand,
	ECSClient,
	ListTaskDefinitionsCommand,
	RegisterTaskDefinitionCommand,
	type RegisterTaskDefinitionRequest,
	StopTaskCommand,
	type Tag,
	type TaskDefinition,
} from '@aws-sdk/client-ecs';
import type { Aws } from '../aws/clients.ts';
import { type Context, defineResource, type JsonObject } from '../engine/resource.ts';
import { contentHash } from './canonical.ts';
import { createOnce } from './create-once.ts';
import { describeDefinition, ecsTags, findTasks, lastPart, startedByUs, tagEcs, tagsFromEcs } from './ecs.ts';
import { carriesNonce } from './ownership.ts';
import { retrying } from './retrying.ts';
import { ignoring, isOurs, required } from './support.ts';

type Props = {
	/** Name of the cluster that runs it: tasks that nobody ends are stopped there when the definition goes. */
	cluster: string;
	/** The request of RegisterTaskDefinition without tags: `family`, `containerDefinitions` … */
	definition: JsonObject;
};
type Outputs = { arn: string; family: string; revision: number; cluster: string; hash: string };

/** AWS fills a definition with defaults, so what was asked for is recognised by this tag. */
const hashTag = 'airflow-deploy:definition';

/** One revision of a family. Revisions cannot be changed: another definition is another revision. */
export const EcsTaskDefinition = defineResource<Aws, Props, Outputs>({
	type: 'AWS::ECS::TaskDefinition',
	immutable: ['cluster', 'definition'],
	collides: true,
	replacement: 'create-first',
	permissions: [
		{ actions: ['ecs:DescribeTaskDefinition', 'ecs:ListTaskDefinitions'], on: ['*'] },
		{ actions: ['ecs:RegisterTaskDefinition', 'ecs:TagResource', 'ecs:UntagResource'], on: ['arn:{partition}:ecs:{region}:{account}:task-definition/{project}-*:*'], for: 'up' },
		{ actions: ['iam:PassRole'], on: ['arn:{partition}:iam::{account}:role{role-path}{project}-*'], for: 'up', condition: { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } } },
		{ actions: ['ecs:DeregisterTaskDefinition', 'ecs:ListTasks'], on: ['*'] },
		{ actions: ['ecs:DeleteTaskDefinitions'], on: ['arn:{partition}:ecs:{region}:{account}:task-definition/{project}-*:*'] },
		{ actions: ['ecs:DescribeTasks', 'ecs:StopTask'], on: ['arn:{partition}:ecs:{region}:{account}:task/{project}-*/*'] },
	],

	id: ({ family, revision }) => `${family}:${revision}`,
	arn: ({ arn }) => arn,

	async find(ctx, { cluster, definition }, recorded) {
		if (recorded) return (await describeDefinition(ctx.aws, recorded.arn))?.taskDefinition?.status === 'ACTIVE' ? recorded : undefined;
		return findByTags(ctx, familyOf(definition), cluster);
	},

	async create(ctx, { cluster, definition }) {
		const tags = ecsTags({ ...ctx.tags, [hashTag]: contentHash(definition) });
		const register = new RegisterTaskDefinitionCommand({ ...(definition as unknown as RegisterTaskDefinitionRequest), tags });
		// `Role is not valid`: a role made a moment ago. Parallel registers of one family refuse each other.
		const send = async (): Promise<Outputs> => outputsOf(required((await ctx.aws.cautious(ECSClient).send(register)).taskDefinition), tags, cluster);
		const once = () => createOnce(ctx, send, () => findByTags(ctx, familyOf(definition), cluster));
		return retrying(ctx, once, { passing: /Role is not valid|Too many concurrent attempts/, why: 'waiting for the roles to become known to ECS' });
	},

	matches: ({ definition }, { hash }) => contentHash(definition) === hash,

	tag: tagEcs,

	async remove(ctx, outputs) {
		const found = await describeDefinition(ctx.aws, outputs.arn);
		if (!found || !carriesNonce(ctx, tagsFromEcs(found.tags))) return;
		await stopTasks(ctx, outputs);
		const ecs = ctx.aws.client(ECSClient);
		if (found.taskDefinition?.status === 'ACTIVE') await ecs.send(new DeregisterTaskDefinitionCommand({ taskDefinition: outputs.arn }));
		if (found.taskDefinition?.status !== 'DELETE_IN_PROGRESS') await ecs.send(new DeleteTaskDefinitionsCommand({ taskDefinitions: [outputs.arn] }));
	},

	// INACTIVE and DELETE_IN_PROGRESS revisions stay describable while anything refers to them.
	exists: async (ctx, { arn }) => (await describeDefinition(ctx.aws, arn))?.taskDefinition?.status === 'ACTIVE',

	async siblings({ aws }) {
		const { taskDefinitionArns } = await aws.client(ECSClient).send(new ListTaskDefinitionsCommand({ status: 'ACTIVE', sort: 'DESC' }));
		return (taskDefinitionArns ?? []).map(lastPart);
	},
});

function familyOf({ family }: JsonObject): string {
	if (typeof family !== 'string') throw new Error('a task definition lacks its family');
	return family;
}

async function findByTags(ctx: Context<Aws>, familyPrefix: string, cluster: string): Promise<Outputs | undefined> {
	const { taskDefinitionArns } = await ctx.aws.client(ECSClient).send(new ListTaskDefinitionsCommand({ familyPrefix, sort: 'DESC', maxResults: 10 }));
	for (const arn of taskDefinitionArns ?? []) {
		if (ctx.superseded.has(lastPart(arn))) continue;
		const found = await describeDefinition(ctx.aws, arn);
		if (found?.taskDefinition && isOurs(ctx, tagsFromEcs(found.tags))) return outputsOf(found.taskDefinition, found.tags ?? [], cluster);
	}
	return undefined;
}

function outputsOf({ taskDefinitionArn, family, revision }: TaskDefinition, tags: readonly Tag[], cluster: string): Outputs {
	const hash = tags.find(({ key }) => key === hashTag)?.value ?? '';
	return { arn: required(taskDefinitionArn), family: required(family), revision: required(revision), cluster, hash };
}

/** What our own RunTask started and nobody waits for any more, say after an interrupted run: services and schedulers end theirs. */
async function stopTasks(ctx: Context<Aws>, { arn, family, cluster }: Outputs): Promise<void> {
	const running = await findTasks(ctx.aws, { cluster, family, desiredStatus: 'RUNNING' });
	const standalone = running.filter(({ taskDefinitionArn, startedBy }) => taskDefinitionArn === arn && startedBy?.startsWith(startedByUs) === true);
	for (const { taskArn } of standalone) {
		const task = required(taskArn);
		ctx.note(`stopping the task ${lastPart(task)}`);
		await ignoring(['InvalidParameterException', 'ClusterNotFoundException'], ctx.aws.client(ECSClient).send(new StopTaskCommand({ cluster, task, reason: 'its task definition is being removed' })));
	}
}
