import { clientError, invalidParameter } from './errors.ts';
import type { Tag } from './shapes.ts';

const maximum = 50;

/**
 * Tags of a create or tag call, checked.
 * @throws EcsError InvalidParameterException for a reserved key, a repeated key or more than 50
 */
export function checkedTags(tags: readonly Tag[] | undefined): Tag[] {
	const given = [...(tags ?? [])];
	if (given.some(({ key }) => key.length === 0)) throw invalidParameter('Tag key must not be empty.');
	if (given.some(({ key }) => /^aws:/i.test(key))) throw invalidParameter("User defined tag keys can't start with 'aws:'. 'aws:' prefixed system tags cannot be modified by user.");
	if (new Set(given.map(({ key }) => key)).size < given.length) throw invalidParameter('Duplicate tag keys found.');
	if (given.length > maximum) throw tooMany();
	return given;
}

/** Later ones win. */
export function mergedTags(...lists: readonly (readonly Tag[])[]): Tag[] {
	return [...new Map(lists.flat().map((tag) => [tag.key, tag])).values()];
}

export function addTags(present: readonly Tag[], added: readonly Tag[]): Tag[] {
	const tags = mergedTags(present, checkedTags(added));
	if (tags.filter(({ key }) => !key.startsWith('aws:')).length > maximum) throw tooMany();
	return tags;
}

export function withoutTags(present: readonly Tag[], keys: readonly string[]): Tag[] {
	if (keys.some((key) => /^aws:/i.test(key))) throw clientError("Tag keys starting with 'aws:' cannot be removed.");
	return present.filter(({ key }) => !keys.includes(key));
}

const tooMany = () => invalidParameter(`The number of tags exceeds the limit of ${maximum}.`);
