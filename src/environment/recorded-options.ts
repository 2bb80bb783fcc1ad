import type { Json, JsonObject } from '../engine/resource.ts';

/** Options as an anchor or a record has them, whatever version wrote them: a value of another type counts as absent. */
interface RecordedOptions {
	readonly text: (name: string) => string | null;
	readonly texts: (name: string) => string[];
	readonly flag: (name: string) => boolean;
	/** Options within an option; undefined where there are none. */
	readonly within: (name: string) => RecordedOptions | undefined;
}

/** @param options undefined: all is absent */
export function recordedOptions(options: Json | undefined = {}): RecordedOptions {
	const all = asObject(options) ?? {};
	return {
		text: (name) => asText(all[name]) ?? null,
		texts: (name) => (Array.isArray(all[name]) ? all[name].flatMap((item) => asText(item) ?? []) : []),
		flag: (name) => all[name] === true,
		within: (name) => (asObject(all[name]) ? recordedOptions(all[name]) : undefined),
	};
}

function asText(value: Json | undefined): string | undefined {
	return typeof value === 'string' ? value : undefined;
}

function asObject(value: Json | undefined): JsonObject | undefined {
	return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
}
