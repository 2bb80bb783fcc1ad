import { createHash } from 'node:crypto';

/** JSON with sorted keys: two documents are equal when their canonical texts are. */
export function canonical(value: unknown): string {
	return JSON.stringify(value, (_key, member: unknown) =>
		typeof member === 'object' && member !== null && !Array.isArray(member)
			? Object.fromEntries(Object.entries(member).toSorted(([a], [b]) => (a < b ? -1 : 1)))
			: member,
	);
}

/** 16 hexadecimal digits that name a document by its content. */
export function contentHash(value: unknown): string {
	return createHash('sha256').update(canonical(value)).digest('hex').slice(0, 16);
}
