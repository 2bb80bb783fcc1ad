import { EC2Client, type Filter, type NetworkInterface, paginateDescribeNetworkInterfaces } from '@aws-sdk/client-ec2';
import { ECSClient, ListClustersCommand, type Task } from '@aws-sdk/client-ecs';
import type { Aws } from '../aws/clients.ts';
import type { Context, Grant } from '../engine/resource.ts';
import { findTasks, lastPart } from './ecs.ts';
import { described, type Holder, type Patience, tagsText, untilFree } from './held.ts';
import { required } from './support.ts';

const ofTask = /^arn:[^:]+:ecs:[^:]+:\d+:attachment\//;

/** How services describe the interfaces that they make in our subnets. */
const services = [
	{ description: ofTask, what: 'an ECS task', goesAway: true },
	{ description: /^ELB /, what: 'a load balancer', goesAway: true },
	{ description: /^RDSNetworkInterface/, what: 'a database', goesAway: true },
	// DeleteMountTarget takes its interface along, so what is left belongs to a file system that is not ours.
	{ description: /^EFS mount target for /, what: 'a mount target', goesAway: false },
] as const;

/** What naming the holders of a network takes. */
export const holderGrants: Grant[] = [
	{ actions: ['ec2:DescribeNetworkInterfaces', 'ecs:ListClusters', 'ecs:ListTasks'], on: ['*'] },
	{ actions: ['ecs:DescribeTasks'], on: ['arn:{partition}:ecs:{region}:{account}:task/{project}-*/*'] },
];

/** All interfaces that match, e.g. `filter('group-id', groupId)`. */
async function interfacesOf(ctx: Context<Aws>, filters: Filter[]): Promise<NetworkInterface[]> {
	const found: NetworkInterface[] = [];
	for await (const page of paginateDescribeNetworkInterfaces({ client: ctx.aws.client(EC2Client) }, { Filters: filters })) {
		found.push(...(page.NetworkInterfaces ?? []));
	}
	return found;
}

/** The same, as what holds a group, a subnet, a VPC. */
export async function interfaceHolders(ctx: Context<Aws>, filters: Filter[], which: (found: NetworkInterface) => boolean = () => true): Promise<Holder[]> {
	const found = (await interfacesOf(ctx, filters)).filter(which);
	const tasks = found.some(isOfTask) ? await tasksByAttachment(ctx) : new Map<string, Task>();
	return found.map((each) => holder(each, isOfTask(each) ? tasks.get(lastPart(each.Description)) : undefined));
}

/**
 * Waits until no network interface matches, noting which one is left and whose it is. Tasks of a service that is gone
 * keep theirs for up to 15 minutes.
 * @throws HeldByOther
 */
export async function untilInterfacesGone(ctx: Context<Aws>, filters: Filter[], what: string, patience?: Patience): Promise<void> {
	await untilFree(ctx, what, () => interfaceHolders(ctx, filters), patience);
}

function isOfTask({ Description = '' }: NetworkInterface): boolean {
	return ofTask.test(Description);
}

/** The tasks of our clusters, by the id of what attaches their interface: AWS names no task beside an interface. */
async function tasksByAttachment({ aws, identity }: Context<Aws>): Promise<ReadonlyMap<string, Task>> {
	const { clusterArns } = await aws.client(ECSClient).send(new ListClustersCommand({}));
	const ours = (clusterArns ?? []).map(lastPart).filter((name) => name.startsWith(`${identity['airflow-deploy:project']}-`));
	const looks = ours.flatMap((cluster) => (['RUNNING', 'STOPPED'] as const).map((desiredStatus) => findTasks(aws, { cluster, desiredStatus })));
	const tasks = (await Promise.all(looks)).flat();
	return new Map(tasks.flatMap((task) => (task.attachments ?? []).map(({ id = '' }) => [id, task] as const)));
}

function holder(found: NetworkInterface, task: Task | undefined): Holder {
	const name = `network interface ${required(found.NetworkInterfaceId)}`;
	if (task) return { what: described(`${name} of ECS task ${lastPart(task.taskArn)}`, task.group, task.lastStatus), since: task.stoppingAt ?? task.createdAt, goesAway: task.desiredStatus === 'STOPPED' };
	const service = services.find(({ description }) => description.test(found.Description ?? ''));
	return {
		what: described(name, service?.what, found.Description, found.Attachment?.InstanceId, requester(found), tagsText(found.TagSet), found.Status),
		since: found.Attachment?.AttachTime,
		goesAway: service?.goesAway ?? false,
	};
}

function requester({ RequesterManaged, RequesterId }: NetworkInterface): string | undefined {
	return RequesterManaged === true ? `made by ${RequesterId ?? 'AWS'}` : undefined;
}
