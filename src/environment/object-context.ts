import type { Aws } from '../aws/clients.ts';
import { contextFor } from '../engine/context.ts';
import type { Context } from '../engine/resource.ts';
import type { Entry, StateView } from '../engine/state.ts';
import type { Options } from './options.ts';
import { lookAt } from './session.ts';

/** What a kind needs to look at one recorded object. */
export function contextOf(options: Options, states: ReadonlyMap<string, StateView>, scope: string, key: string, entry: Entry): Context<Aws> {
	return contextFor(lookAt(options, states), { scope, key }, entry);
}
