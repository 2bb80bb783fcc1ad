import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { JsonObject } from './resource.ts';

export interface Difference {
	/** `cidr`, `containers[0].image` */
	readonly path: string;
	readonly from: unknown;
	readonly to: unknown;
}

/** As it will be read back from the record: without undefined members. */
export function plain(value: JsonObject): JsonObject {
	return JSON.parse(JSON.stringify(value)) as JsonObject;
}

/** The same for equal JSON, whatever the order of its members. 32 hex digits. */
export function hashOf(value: JsonObject): string {
	const ordered = JSON.stringify(value, (_, member: unknown) =>
		isObject(member) ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1))) : member,
	);
	return createHash('sha256').update(ordered).digest('hex').slice(0, 32);
}

/** The innermost values that differ. */
export function differences(from: unknown, to: unknown, path = ''): Difference[] {
	if (isDeepStrictEqual(from, to)) return [];
	if (isObject(from) && isObject(to)) {
		const names = new Set([...Object.keys(from), ...Object.keys(to)]);
		return [...names].flatMap((name) => differences(from[name], to[name], path === '' ? name : `${path}.${name}`));
	}
	if (Array.isArray(from) && Array.isArray(to) && from.length === to.length) {
		return from.flatMap((item: unknown, index) => differences(item, to[index], `${path}[${index}]`));
	}
	return [{ path, from, to }];
}

/** `cidr changes from 10.0.0.0/16 to 10.1.0.0/16`, at most three of them. */
export function describe(all: readonly Difference[]): string {
	const parts = all.slice(0, 3).map(({ path, from, to }) => {
		if (from === undefined) return `${path} is set to ${show(to)}`;
		return to === undefined ? `${path} is no longer set` : `${path} changes from ${show(from)} to ${show(to)}`;
	});
	return all.length > 3 ? `${parts.join(', ')} and ${all.length - 3} more` : parts.join(', ');
}

function show(value: unknown): string {
	const text = typeof value === 'string' ? value : JSON.stringify(value);
	return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

function isObject(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}
