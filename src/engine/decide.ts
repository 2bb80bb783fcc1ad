import { isDeepStrictEqual } from 'node:util';
import { describe, differences, hashOf } from './difference.ts';
import type { Entry } from './entry.ts';
import type { AnyResource, JsonObject } from './resource.ts';

export interface Decision {
	readonly action: 'none' | 'update' | 'replace';
	readonly why: string;
}

const nothing: Decision = { action: 'none', why: '' };

/** What has to be done to an object that is there. One place for `up` and `plan`, so that they cannot disagree. */
export function decide(kind: AnyResource<never>, props: JsonObject, entry: Pick<Entry, 'inputs' | 'hash'>, found: JsonObject): Decision {
	const fixed = (kind.immutable ?? []).filter((name) => !isDeepStrictEqual(entry.inputs[name], props[name]));
	if (fixed.length > 0) {
		const changes = fixed.flatMap((name) => differences(entry.inputs[name], props[name], name));
		return { action: 'replace', why: unchangeable(describe(changes)) };
	}
	if (kind.matches ? kind.matches(props, found) : entry.hash === hashOf(props)) return nothing;
	const why = reason(props, entry);
	return kind.update ? { action: 'update', why } : { action: 'replace', why: unchangeable(why) };
}

function reason(props: JsonObject, { inputs, hash }: Pick<Entry, 'inputs' | 'hash'>): string {
	const changes = differences(inputs, props);
	if (changes.length > 0) return describe(changes);
	return hash === '' ? 'an earlier update did not end' : 'AWS shows it otherwise than wanted';
}

function unchangeable(why: string): string {
	return `${why} and AWS cannot change it in place`;
}
