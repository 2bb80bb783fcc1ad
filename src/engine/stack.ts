import type { Action, JsonObject, Kind, Resource } from './resource.ts';

declare const outputs: unique symbol;

/** An object or action in a stack. The phantom member carries the output type to dependents. */
export interface Node<Outputs extends JsonObject = JsonObject> {
	readonly key: string;
	/** The stack's name: `shared` or the environment. */
	readonly scope: string;
	readonly needs: Readonly<Record<string, Node>>;
	readonly kind: Kind<never>;
	readonly props: (needs: never) => JsonObject;
	readonly [outputs]?: Outputs;
}

type Needs = Readonly<Record<string, Node>>;
type OutputsOf<N extends Needs> = { [K in keyof N]: N[K] extends Node<infer O> ? O : never };

/** Nodes in order. A node can only need nodes that already exist (of this stack or another), so cycles cannot be written. */
export class Stack<Clients> {
	readonly scope: string;
	readonly nodes = new Map<string, Node>();

	constructor(scope: string) {
		this.scope = scope;
	}

	/**
	 * @param needs nodes that must be ready before; their outputs are handed to `props`
	 * @param props what is wanted, from the outputs of `needs`
	 */
	add<P extends JsonObject, O extends JsonObject, N extends Needs>(
		kind: Resource<Clients, P, O> | Action<Clients, P, O>,
		key: string,
		needs: N,
		props: (needs: OutputsOf<N>) => NoInfer<P>,
	): Node<O> {
		if (this.nodes.has(key)) throw new Error(`duplicate key "${key}"`);
		if (/[~/]/.test(key)) throw new Error(`a key holds no ~ or /: "${key}"`);
		const node = { key, scope: this.scope, needs, kind, props } as unknown as Node<O>;
		this.nodes.set(key, node);
		return node;
	}
}
