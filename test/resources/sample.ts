import { randomBytes, randomUUID } from 'node:crypto';
import type { Aws } from '../../src/aws/clients.ts';
import type { AnyResource, Context, JsonObject, Resource } from '../../src/engine/resource.ts';

/** An object for the contract test: a kind and its props, made from the outputs of the objects that it needs. */
export interface Sample {
	readonly kind: AnyResource<Aws>;
	/** The same key in two samples' needs is the same object. */
	readonly key: string;
	readonly needs: Readonly<Record<string, Sample>>;
	readonly props: (needs: Record<string, JsonObject>, aws: Aws) => JsonObject;
	/** Props that `update` can reach from `props`. */
	readonly changed?: (needs: Record<string, JsonObject>, aws: Aws) => JsonObject;
}

type NeedsOutputs<N> = { [K in keyof N]: N[K] extends TypedSample<infer O> ? O : never };
export interface TypedSample<Outputs extends JsonObject> extends Sample {
	readonly outputs?: Outputs;
}

/** The only way to write a sample: props are checked against the kind, needs carry their outputs. */
export function sample<P extends JsonObject, O extends JsonObject, N extends Record<string, Sample>>(
	kind: Resource<Aws, P, O>,
	key: string,
	needs: N,
	props: (needs: NeedsOutputs<N>, aws: Aws) => NoInfer<P>,
	changed?: (needs: NeedsOutputs<N>, aws: Aws) => NoInfer<P>,
): TypedSample<O> {
	return { kind, key, needs, props, ...(changed ? { changed } : {}) } as unknown as TypedSample<O>;
}

/** An environment of its own, so that samples do not find each other's objects. */
export interface World {
	readonly aws: Aws;
	readonly scope: string;
	readonly nonce: string;
	readonly notes: string[];
}

export function world(aws: Aws, scope: string = `test${randomBytes(3).toString('hex')}`): World {
	return { aws, scope, nonce: randomBytes(8).toString('hex'), notes: [] };
}

export function contextOf({ aws, scope, nonce, notes }: World, key: string): Context<Aws> {
	const identity = { 'airflow-deploy:project': 'airflow', 'airflow-deploy:environment': scope, 'airflow-deploy:key': key, 'airflow-deploy:nonce': nonce };
	return {
		aws,
		scope,
		key,
		identity,
		tags: { ...identity, owner: 'tests' },
		token: randomUUID(),
		superseded: new Set(),
		signal: new AbortController().signal,
		note: (message) => void notes.push(message),
	};
}

/** Objects in the order in which they were made. */
export type Made = { sample: Sample; ctx: Context<Aws>; outputs: JsonObject }[];

/** Makes what a sample needs, through the kinds themselves, and hands back the outputs by name. */
export async function makeNeeds(world: World, { needs }: Sample, made: Made): Promise<Record<string, JsonObject>> {
	const outputs: Record<string, JsonObject> = {};
	for (const [name, need] of Object.entries(needs)) outputs[name] = await makeOne(world, need, made);
	return outputs;
}

async function makeOne(world: World, needed: Sample, made: Made): Promise<JsonObject> {
	const known = made.find(({ sample }) => sample.key === needed.key);
	if (known) return known.outputs;
	const props = needed.props(await makeNeeds(world, needed, made), world.aws);
	const ctx = contextOf(world, needed.key);
	// Some objects are made once per account and stay.
	const created = (await needed.kind.find(ctx, props, undefined)) ?? (await needed.kind.create(ctx, props));
	const outputs = (await needed.kind.wait?.(ctx, created, props)) ?? created;
	made.push({ sample: needed, ctx, outputs });
	return outputs;
}

export async function removeAll(made: Made): Promise<void> {
	for (const { sample, ctx, outputs } of made.toReversed()) await sample.kind.remove(ctx, outputs);
}
