import pLimit from 'p-limit';
import type { Aws } from '../aws/clients.ts';
import { type AnyResource, isAction } from '../engine/resource.ts';
import type { Entry, StateView } from '../engine/state.ts';
import { kinds } from '../resources/registry.ts';
import { sharedScope } from '../stacks/shared.ts';
import type { RecordedObject } from './documents.ts';
import { contextOf } from './object-context.ts';
import type { Options } from './options.ts';

interface Recorded {
	readonly scope: string;
	readonly key: string;
	readonly entry: Entry;
	/** Undefined for actions, and for what another version recorded. */
	readonly kind: AnyResource<Aws> | undefined;
}

/** All records of the environment and the shared stack; `missing` is what AWS no longer shows. */
export async function recordedObjects(options: Options, states: ReadonlyMap<string, StateView>): Promise<RecordedObject[]> {
	const all = [sharedScope, options.config.environment].flatMap((scope) => recordsOf(states, scope));
	const isThere = seeing(all, (one) => exists(options, states, one));
	return Promise.all(all.map(async (one) => ({ ...recordOf(one.key, one.entry), status: (await isThere(one)) ? one.entry.status : absence(one) })));
}

export function recordOf(key: string, { type, id, arn, status }: Entry): RecordedObject {
	return { key, type, id, arn: arn ?? null, status };
}

function recordsOf(states: ReadonlyMap<string, StateView>, scope: string): Recorded[] {
	return Object.entries(states.get(scope)?.entries ?? {}).map(([key, entry]) => {
		const kind = kinds.get(entry.type);
		return { scope, key, entry, kind: kind && !isAction(kind) ? kind : undefined };
	});
}

/** Asks for what nothing else proves: where one that stands on an object is there, so is the object. */
function seeing(all: readonly Recorded[], ask: (one: Recorded) => Promise<boolean>): (one: Recorded) => Promise<boolean> {
	const limit = pLimit(12);
	const answers = new Map<Recorded, Promise<boolean>>();
	const look = async (one: Recorded): Promise<boolean> => {
		for (const holder of all) if (standsOn(holder, one) && (await isThere(holder))) return true;
		return limit(ask, one);
	};
	const isThere = (one: Recorded): Promise<boolean> => {
		const answer = answers.get(one) ?? look(one);
		answers.set(one, answer);
		return answer;
	};
	return isThere;
}

function standsOn(holder: Recorded, one: Recorded): boolean {
	const edge = holder.scope === one.scope ? one.key : `${one.scope}/${one.key}`;
	return holder.entry.outputs !== undefined && holder.kind?.standsOn?.includes(one.entry.type) === true && holder.entry.dependsOn.includes(edge);
}

/** What nobody removes here, such as service-linked roles, is not looked for. */
async function exists(options: Options, states: ReadonlyMap<string, StateView>, { scope, key, entry, kind }: Recorded): Promise<boolean> {
	if (!kind || kind.kept !== undefined || entry.outputs === undefined) return true;
	const ctx = contextOf(options, states, scope, key, entry);
	const seen = await kind.siblings?.(ctx, entry.outputs);
	return seen?.includes(kind.id(entry.outputs)) === true || kind.exists(ctx, entry.outputs);
}

/** What goes by itself has done its work. */
function absence({ kind }: Recorded): string {
	return kind?.endsItself ? 'done' : 'missing';
}
