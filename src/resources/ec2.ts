import { CreateTagsCommand, DeleteTagsCommand, EC2Client, type Filter, type ResourceType, type TagSpecification } from '@aws-sdk/client-ec2';
import type { Context, Grant } from '../engine/resource.ts';
import { grantsObject, grantsRequest } from './ownership.ts';
import { tagging } from './tagging.ts';

/** Filters that find the one EC2 object with this node's identity. */
export function byIdentity({ identity }: Context): Filter[] {
	return Object.entries(identity).map(([key, value]) => ({ Name: `tag:${key}`, Values: [value] }));
}

export function filter(name: string, ...values: string[]): Filter {
	return { Name: name, Values: values };
}

/** Tags for an EC2 create call; the console shows `Name`. */
export function specification({ tags, scope, key }: Context, type: ResourceType): TagSpecification[] {
	const all = { Name: `${tags['airflow-deploy:project'] ?? ''}-${scope}-${key}`, ...tags };
	return [{ ResourceType: type, Tags: Object.entries(all).map(([Key, Value]) => ({ Key, Value })) }];
}

/** Of EC2 objects with these ids. */
export function tagEc2<Outputs>(idsOf: (outputs: Outputs) => string[]) {
	return tagging<Outputs>(
		({ aws }, outputs, Tags) => aws.client(EC2Client).send(new CreateTagsCommand({ Resources: idsOf(outputs), Tags })),
		({ aws }, outputs, names) => aws.client(EC2Client).send(new DeleteTagsCommand({ Resources: idsOf(outputs), Tags: names.map((Key) => ({ Key })) })),
	);
}

/** For seconds after an object was created, calls that name it may say that there is none (EC2's eventual consistency). */
export const notYetVisible = {
	passing: /^Invalid(VpcID|SubnetID|Group|InternetGatewayID|RouteTableID)\.NotFound/,
	why: 'waiting until EC2 knows what was just created',
	atMost: 45,
};

export function ec2Arn(type: string): string {
	return `arn:{partition}:ec2:{region}:{account}:${type}/*`;
}

/** For changing the tags of what is ours. */
export function retagGrants(type: string): Grant[] {
	return [{ actions: ['ec2:CreateTags', 'ec2:DeleteTags'], on: [ec2Arn(type)], for: 'up', condition: grantsObject }];
}

/** What a tagged kind of EC2 object needs, `within`: the parents that creating it is checked on. */
export function ec2Grants({ type, create, describe, remove, within = [] }: { type: string; create: string; describe: readonly string[]; remove: string; within?: readonly string[] }): Grant[] {
	return [
		{ actions: describe.map((name) => `ec2:${name}`), on: ['*'] },
		{ actions: [`ec2:${create}`], on: [ec2Arn(type)], for: 'up', condition: grantsRequest },
		...(within.length === 0 ? [] : [{ actions: [`ec2:${create}`], on: within.map(ec2Arn), for: 'up' as const }]),
		{ actions: ['ec2:CreateTags'], on: [ec2Arn(type)], for: 'up', condition: { StringEquals: { 'ec2:CreateAction': create } } },
		...retagGrants(type),
		{ actions: [`ec2:${remove}`], on: [ec2Arn(type)], condition: grantsObject },
	];
}
