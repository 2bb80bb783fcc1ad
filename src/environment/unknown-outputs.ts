import type { Json, JsonObject } from '../engine/resource.ts';

const mark = '{unknown}';

/** Thrown where something that is not known would have been asked with. */
class Unknown extends Error {}

/** Stands for the outputs of an object that is not there: each is a text that says so. */
export const unknownOutputs: JsonObject = new Proxy({}, { get: (_, name) => (typeof name === 'string' ? mark : undefined) });

/** Props that may be made from unknown outputs: whoever reads one of those gets an error, so that nothing is asked with it. */
export function guarded<T extends Json>(value: T): T {
	if (typeof value === 'string' && value.includes(mark)) throw new Unknown();
	if (typeof value !== 'object' || value === null) return value;
	return new Proxy<typeof value>(value, { get: (target, name, receiver) => guarded(Reflect.get(target, name, receiver) as Json) });
}

/** What a look finds that may need what is not known; undefined where it does. */
export async function unlessUnknown<T>(look: () => Promise<T>): Promise<T | undefined> {
	try {
		return await look();
	} catch (error) {
		// Texts that are taken apart, or that were a list, fail in other ways.
		if (error instanceof Unknown || error instanceof TypeError) return undefined;
		throw error;
	}
}

/** As it is recorded: without what is not known. */
export function known(props: JsonObject): JsonObject {
	return JSON.parse(JSON.stringify(props).replaceAll(mark, '')) as JsonObject;
}
