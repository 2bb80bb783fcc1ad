import {
	type DescribeTaskDefinitionResponse,
	DescribeServicesCommand,
	DescribeTaskDefinitionCommand,
	DescribeTasksCommand,
	ECSClient,
	ListTasksCommand,
	type ListTasksRequest,
	type NetworkConfiguration,
	type Service,
	type Tag,
	TagResourceCommand,
	type Task,
	UntagResourceCommand,
} from '@aws-sdk/client-ecs';
import type { Aws } from '../aws/clients.ts';
import { canonical } from './canonical.ts';
import { ignoring } from './support.ts';
import { tagging } from './tagging.ts';

/** Begins the `startedBy` of tasks that we run to their end ourselves. */
export const startedByUs = 'airflow-deploy/';

/** Where tasks get their network interfaces. */
export type Network = { subnets: string[]; securityGroups: string[]; assignPublicIp: boolean };

export function networkConfiguration({ subnets, securityGroups, assignPublicIp }: Network): NetworkConfiguration {
	return { awsvpcConfiguration: { subnets, securityGroups, assignPublicIp: assignPublicIp ? 'ENABLED' : 'DISABLED' } };
}

/** The same text for the same network, from props or from AWS's answer, whose lists have an order of their own. */
export function networkText(configuration: NetworkConfiguration | undefined): string {
	const { subnets, securityGroups, assignPublicIp } = configuration?.awsvpcConfiguration ?? {};
	return canonical({ subnets: subnets?.toSorted(), securityGroups: securityGroups?.toSorted(), assignPublicIp });
}

/** ECS writes tags in lower case. */
export function ecsTags(tags: Readonly<Record<string, string>>): Tag[] {
	return Object.entries(tags).map(([key, value]) => ({ key, value }));
}

/** Of anything in ECS. */
export const tagEcs = tagging<{ arn: string }>(
	({ aws }, { arn }, tags) => aws.client(ECSClient).send(new TagResourceCommand({ resourceArn: arn, tags: tags.map(({ Key: key, Value: value }) => ({ key, value })) })),
	({ aws }, { arn }, tagKeys) => aws.client(ECSClient).send(new UntagResourceCommand({ resourceArn: arn, tagKeys })),
);

/** ECS's tags in the form of all others. */
export function tagsFromEcs(tags: readonly Tag[] | undefined): { Key: string | undefined; Value: string | undefined }[] {
	return (tags ?? []).map(({ key, value }) => ({ Key: key, Value: value }));
}

/** Undefined for a service (or cluster) that AWS does not know; an INACTIVE service is returned. */
export async function describeService(aws: Aws, cluster: string, name: string): Promise<Service | undefined> {
	const answer = await ignoring(['ClusterNotFoundException'], aws.client(ECSClient).send(new DescribeServicesCommand({ cluster, services: [name], include: ['TAGS'] })));
	return answer?.services?.[0];
}

export async function describeDefinition(aws: Aws, arn: string): Promise<DescribeTaskDefinitionResponse | undefined> {
	// An unknown definition is a ClientException: `Unable to describe task definition.`
	return ignoring(['ClientException'], aws.client(ECSClient).send(new DescribeTaskDefinitionCommand({ taskDefinition: arn, include: ['TAGS'] })));
}

/** Tasks by ARN, without those that AWS has forgotten (about an hour after their end). */
export async function describeTasks(aws: Aws, cluster: string, tasks: readonly string[]): Promise<Task[]> {
	if (tasks.length === 0) return [];
	const answer = await ignoring(['ClusterNotFoundException'], aws.client(ECSClient).send(new DescribeTasksCommand({ cluster, tasks: [...tasks] })));
	return answer?.tasks ?? [];
}

/** The first 100 tasks that match: more than one service of ours ever has. */
export async function findTasks(aws: Aws, which: ListTasksRequest & { cluster: string }): Promise<Task[]> {
	const gone = ['ClusterNotFoundException', 'ServiceNotFoundException', 'ServiceNotActiveException'];
	const answer = await ignoring(gone, aws.client(ECSClient).send(new ListTasksCommand(which)));
	return describeTasks(aws, which.cluster, answer?.taskArns ?? []);
}

/** The last part of an ARN: a task's id, `family:revision`, a role's name. */
export function lastPart(arn: string | undefined): string {
	return arn?.split('/').at(-1) ?? '';
}
