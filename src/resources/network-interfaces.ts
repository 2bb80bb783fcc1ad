import { EC2Client, type Filter, type NetworkInterface, paginateDescribeNetworkInterfaces } from '@aws-sdk/client-ec2';
import type { Aws } from '../aws/clients.ts';
import type { Context } from '../engine/resource.ts';
import { type Holder, type Patience, untilFree } from './held.ts';
import { required } from './support.ts';

/** How services describe the interfaces that they make in our subnets. */
const services = [
	{ description: /^arn:[^:]+:ecs:[^:]+:\d+:attachment\//, what: 'an ECS task', goesAway: true },
	{ description: /^ELB /, what: 'a load balancer', goesAway: true },
	{ description: /^RDSNetworkInterface/, what: 'a database', goesAway: true },
	// DeleteMountTarget takes its interface along, so what is left belongs to a file system that is not ours.
	{ description: /^EFS mount target for /, what: 'a mount target', goesAway: false },
] as const;

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
	return (await interfacesOf(ctx, filters)).filter(which).map(holder);
}

/**
 * Waits until no network interface matches, noting which one is left and whose it is. Tasks of a service that is gone
 * keep theirs for up to 15 minutes.
 * @throws HeldByOther
 */
export async function untilInterfacesGone(ctx: Context<Aws>, filters: Filter[], what: string, patience?: Patience): Promise<void> {
	await untilFree(ctx, what, () => interfaceHolders(ctx, filters), patience);
}

function holder(found: NetworkInterface): Holder {
	const service = services.find(({ description }) => description.test(found.Description ?? ''));
	const parts = [service?.what, found.Description, found.Attachment?.InstanceId, requester(found), found.Status];
	return {
		what: `network interface ${required(found.NetworkInterfaceId)} (${parts.filter(Boolean).join(', ')})`,
		since: found.Attachment?.AttachTime,
		goesAway: service?.goesAway ?? false,
	};
}

function requester({ RequesterManaged, RequesterId }: NetworkInterface): string | undefined {
	return RequesterManaged === true ? `made by ${RequesterId ?? 'AWS'}` : undefined;
}
