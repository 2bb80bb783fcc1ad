import type { Filter, ResourceType, TagSpecification } from '@aws-sdk/client-ec2';
import type { Context } from '../engine/resource.ts';

/** Filters that find the one EC2 object with this node's identity. */
export function byIdentity({ identity }: Context): Filter[] {
	return Object.entries(identity).map(([key, value]) => ({ Name: `tag:${key}`, Values: [value] }));
}

/** Tags for an EC2 create call; the console shows `Name`. */
export function specification({ tags, scope, key }: Context, type: ResourceType): TagSpecification[] {
	const all = { Name: `${tags['airflow-deploy:project'] ?? ''}-${scope}-${key}`, ...tags };
	return [{ ResourceType: type, Tags: Object.entries(all).map(([Key, Value]) => ({ Key, Value })) }];
}
