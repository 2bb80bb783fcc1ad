import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { UserError } from '../errors.ts';
import { contextFor, entriesOf, type Place, type Run, stateOf } from './context.ts';
import type { Entry } from './entry.ts';
import type { StepAction } from './events.ts';
import type { Context, JsonObject, Kind } from './resource.ts';
import type { Node } from './stack.ts';

/** One node being brought up: what is wanted, and how that is recorded. */
export interface Job<C> {
	readonly run: Run<C>;
	readonly place: Place;
	readonly props: JsonObject;
	readonly hash: string;
	/** References to what the node needs, as they are recorded. */
	readonly needs: readonly string[];
	/** Says that something is done now, and what; the last word is the step's action. */
	announce(action: StepAction): void;
	/** Answers whether recorded objects that are gone may be made again. */
	confirm(key: string): Promise<boolean>;
}

export function entryOf<C>({ run, place }: Pick<Job<C>, 'run' | 'place'>): Entry | undefined {
	return entriesOf(run, place.scope)[place.key];
}

export function write<C>({ run, place }: Pick<Job<C>, 'run' | 'place'>, entry: Entry): Promise<void> {
	return stateOf(run, place.scope).update((entries) => void (entries[place.key] = entry));
}

export function drop<C>({ run, place }: Pick<Job<C>, 'run' | 'place'>): Promise<void> {
	return stateOf(run, place.scope).update((entries) => void delete entries[place.key]);
}

/** The context of the node's object as an entry describes it. */
export function contextOf<C>(job: Pick<Job<C>, 'run' | 'place'>, entry: Entry): Context<C> {
	return contextFor(job.run, job.place, entry);
}

/** An entry for a call about to be made. */
export function intent<C>(job: Job<C>, kind: Kind<C>, { token = randomUUID() }: { token?: string } = {}): Entry {
	return {
		type: kind.type,
		status: 'creating',
		id: null,
		inputs: job.props,
		hash: job.hash,
		dependsOn: job.needs,
		token,
		startedAt: new Date().toISOString(),
	};
}

/** To be awaited before every call that changes something: stops on Ctrl-C and when the lock is lost. */
export async function permit<C>(run: Run<C>): Promise<void> {
	run.signal.throwIfAborted();
	await run.beforeMutation?.();
}

/** Records new needs of a node that is otherwise as it was. @param recorded as it stands in the record, where `entry` is newer */
export async function refresh<C>(job: Job<C>, entry: Entry, recorded: Entry = entry): Promise<void> {
	const next = { ...entry, inputs: job.props, hash: job.hash, dependsOn: job.needs };
	if (!isDeepStrictEqual(next, recorded)) await write(job, next);
}

/** What a node needed and what it will need: true for the time in which it may use either. */
export function both(before: readonly string[], after: readonly string[]): string[] {
	return [...new Set([...before, ...after])];
}

/** @throws UserError `NeedsMore` where a need outside of this run's stacks is not up */
export function propsOf<C>(node: Node, run: Run<C>): JsonObject {
	const outputs = Object.entries(node.needs).map(([name, need]) => {
		const found = entriesOf(run, need.scope)[need.key]?.outputs;
		if (!found) throw new UserError('NeedsMore', `${node.key} needs ${need.key} of ${need.scope}, which is not up`, { hint: 'airflow-deploy up' });
		return [name, found];
	});
	return node.props(Object.fromEntries(outputs) as never);
}
