import { AddTagsCommand, DescribeTagsCommand, ElasticLoadBalancingV2Client, RemoveTagsCommand, type Tag } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Aws } from '../aws/clients.ts';
import type { Grant } from '../engine/resource.ts';
import { grantsObject, grantsRequest } from './ownership.ts';
import { tagging } from './tagging.ts';

/** What ELB answers about something that is not there (any more). */
export const notThere = ['LoadBalancerNotFoundException', 'ListenerNotFoundException', 'TargetGroupNotFoundException', 'LoadBalancerNotFound', 'ListenerNotFound', 'TargetGroupNotFound'];

/** Describing calls of ELB return no tags. */
export async function tagsOf({ aws }: { aws: Aws }, arn: string): Promise<Tag[]> {
	const { TagDescriptions } = await aws.client(ElasticLoadBalancingV2Client).send(new DescribeTagsCommand({ ResourceArns: [arn] }));
	return TagDescriptions?.[0]?.Tags ?? [];
}

/** Of anything in ELB. */
export const tagBalancing = tagging<{ arn: string }>(
	({ aws }, { arn }, Tags) => aws.client(ElasticLoadBalancingV2Client).send(new AddTagsCommand({ ResourceArns: [arn], Tags })),
	({ aws }, { arn }, TagKeys) => aws.client(ElasticLoadBalancingV2Client).send(new RemoveTagsCommand({ ResourceArns: [arn], TagKeys })),
);

/** Names do not hold the whole project where it is long, so objects are told by their tags. `on`: `targetgroup/*`. */
export function balancingGrants({ on, create, describe, modify, remove }: { on: string; create: string; describe: readonly string[]; modify: readonly string[]; remove: string }): Grant[] {
	const action = (name: string): string => `elasticloadbalancing:${name}`;
	const arn = `arn:{partition}:elasticloadbalancing:{region}:{account}:${on}`;
	return [
		{ actions: [...describe, 'DescribeTags'].map(action), on: ['*'] },
		{ actions: [action(create)], on: [arn], for: 'up', condition: grantsRequest },
		{ actions: [action('AddTags')], on: [arn], for: 'up', condition: { StringEquals: { 'elasticloadbalancing:CreateAction': create } } },
		{ actions: [...modify, 'AddTags', 'RemoveTags'].map(action), on: [arn], for: 'up', condition: grantsObject },
		{ actions: [action(remove)], on: [arn], condition: grantsObject },
	];
}
