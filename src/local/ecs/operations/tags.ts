import { z } from 'zod';
import { resourceOf } from '../arns.ts';
import { type Context, operation, type Operation } from '../context.ts';
import { clusterNotFound, EcsError, invalidParameter, serviceNotFound } from '../errors.ts';
import { findDefinition } from '../lookups.ts';
import { Tag } from '../shapes.ts';
import { addTags, withoutTags } from '../tags.ts';
import type { Json } from '../wire.ts';

/**
 * What carries the tags that an ARN names.
 * @throws EcsError the error of the kind of object that is missing
 */
function taggedObject(context: Context, arn: string): { tags: Tag[] } {
	if (!/^arn:aws[a-z-]*:ecs:/.test(arn)) throw invalidParameter('The specified resource ARN is not valid.');
	const [kind, ...path] = resourceOf(arn).split('/');
	const find = finders[kind ?? ''];
	if (find === undefined) throw invalidParameter(`The resource type of ${arn} does not support tags.`);
	return find(context, path, arn);
}

const finders: Readonly<Record<string, (context: Context, path: readonly string[], arn: string) => { tags: Tag[] }>> = {
	cluster: ({ state }, [name = '']) => state.clusters.get(name) ?? refuse(clusterNotFound()),
	service: ({ state }, path) => state.services.get(path.join('/')) ?? refuse(serviceNotFound()),
	task: ({ state }, path) => state.tasks.get(path.at(-1) ?? '') ?? refuse(missing()),
	'task-definition': (context, _path, arn) => findDefinition(context, arn) ?? refuse(missing()),
};

const missing = () => new EcsError('ResourceNotFoundException', 'The specified resource could not be found.');

function refuse(error: EcsError): never {
	throw error;
}

const TagResource = z.object({ resourceArn: z.string(), tags: z.array(Tag) });

function tagResource(context: Context, { resourceArn, tags }: z.infer<typeof TagResource>): Json {
	const object = taggedObject(context, resourceArn);
	object.tags = addTags(object.tags, tags);
	return {};
}

const UntagResource = z.object({ resourceArn: z.string(), tagKeys: z.array(z.string()) });

function untagResource(context: Context, { resourceArn, tagKeys }: z.infer<typeof UntagResource>): Json {
	const object = taggedObject(context, resourceArn);
	object.tags = withoutTags(object.tags, tagKeys);
	return {};
}

function listTags(context: Context, { resourceArn }: { resourceArn: string }): Json {
	return { tags: taggedObject(context, resourceArn).tags };
}

export const tagOperations: Readonly<Record<string, Operation>> = {
	TagResource: operation(TagResource, tagResource),
	UntagResource: operation(UntagResource, untagResource),
	ListTagsForResource: operation(z.object({ resourceArn: z.string() }), listTags),
};
