import { invalidParameter } from './errors.ts';

export interface PageRequest {
	readonly maxResults?: number | undefined;
	readonly nextToken?: string | undefined;
}

/**
 * One page of a list. The token names the last item given, so that a list may change between two calls;
 * it is absent on the last page.
 */
export function pageOf<T>(items: readonly T[], keyOf: (item: T) => string, request: PageRequest, defaultSize: number): { items: T[]; nextToken?: string } {
	const start = request.nextToken === undefined ? 0 : indexAfter(items, keyOf, request.nextToken);
	const page = items.slice(start, start + (request.maxResults ?? defaultSize));
	const last = page.at(-1);
	if (last === undefined || start + page.length >= items.length) return { items: page };
	return { items: page, nextToken: Buffer.from(JSON.stringify([start + page.length, keyOf(last)])).toString('base64url') };
}

function indexAfter<T>(items: readonly T[], keyOf: (item: T) => string, token: string): number {
	const [index, key] = decode(token);
	const found = items.findIndex((item) => keyOf(item) === key);
	// The item may have gone meanwhile: go on at its old place, which can repeat nothing that is still there.
	return found === -1 ? Math.max(0, index - 1) : found + 1;
}

function decode(token: string): [number, string] {
	try {
		const parsed: unknown = JSON.parse(Buffer.from(token, 'base64url').toString());
		if (Array.isArray(parsed) && Number.isInteger(parsed[0]) && typeof parsed[1] === 'string') return [Number(parsed[0]), parsed[1]];
	} catch {
		// No JSON: the same answer as for JSON of another form.
	}
	throw invalidParameter('Invalid token in nextToken');
}
