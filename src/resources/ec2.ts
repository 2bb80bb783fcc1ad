import type { Filter, ResourceType, TagSpecification } from '@aws-sdk/client-ec2';
import type { Context, Grant } from '../engine/resource.ts';
import { grantsObject, grantsRequest } from './ownership.ts';

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

/** For seconds after an object was created, calls that name it may say that there is none (EC2's eventual consistency). */
export const notYetVisible = {
	passing: /^Invalid(VpcID|SubnetID|Group|InternetGatewayID|RouteTableID)\.NotFound/,
	why: 'waiting until EC2 knows what was just created',
	atMost: 45,
};

export function ec2Arn(type: string): string {
	return `arn:{partition}:ec2:{region}:{account}:${type}/*`;
}

/** What a tagged kind of EC2 object needs, `within`: the parents that creating it is checked on. */
export function ec2Grants({ type, create, describe, remove, within = [] }: { type: string; create: string; describe: readonly string[]; remove: string; within?: readonly string[] }): Grant[] {
	return [
		{ actions: describe.map((name) => `ec2:${name}`), on: ['*'] },
		{ actions: [`ec2:${create}`], on: [ec2Arn(type)], for: 'up', condition: grantsRequest },
		...(within.length === 0 ? [] : [{ actions: [`ec2:${create}`], on: within.map(ec2Arn), for: 'up' as const }]),
		{ actions: ['ec2:CreateTags'], on: [ec2Arn(type)], for: 'up', condition: { StringEquals: { 'ec2:CreateAction': create } } },
		{ actions: [`ec2:${remove}`], on: [ec2Arn(type)], condition: grantsObject },
	];
}
