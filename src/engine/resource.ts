import type { TagChange } from './tags.ts';

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/** Everything a resource may touch. Built once per node and run, passed down; nothing reads globals. */
export interface Context<Clients = unknown> {
	readonly aws: Clients;
	/** `shared` or the environment's name: which state the object is recorded in. */
	readonly scope: string;
	/** Key within the stack, e.g. `subnet-a`. */
	readonly key: string;
	/** The tags that tell this object from all others but those it replaces (`superseded`); look objects up by these only. */
	readonly identity: Readonly<Record<string, string>>;
	/** `identity` and the user's own tags. Every `create` sets them in the same call where AWS allows it. */
	readonly tags: Readonly<Record<string, string>>;
	/** Idempotency token (a UUID, 36 characters): the same when an unclear create is tried again, new after success. */
	readonly token: string;
	/** Ids of objects that this one replaces and that still exist: `find` must not return them. */
	readonly superseded: ReadonlySet<string>;
	/** Aborted by Ctrl-C. Waits should end early; calls under way are never cancelled. */
	readonly signal: AbortSignal;
	/**
	 * One short line about what is going on, shown beside the key: say what is waited for and why. A `lasting` one stays on the
	 * screen when the next one comes.
	 */
	note(message: string, stays?: 'lasting'): void;
	/**
	 * Keeps a document beside the state, for people and for later; it outlives the object. Never a secret.
	 * @param name path with `/`, within the state's directory
	 * @returns where it lies, for people
	 */
	keep?(name: string, document: object): Promise<string>;
}

/** IAM actions on resource ARNs, with the placeholders `{partition} {account} {region} {project} {role-path}`. */
export interface Grant {
	readonly actions: readonly string[];
	readonly on: readonly string[];
	/** Needed by one of the two only; both when absent. */
	readonly for?: 'up' | 'teardown';
	readonly condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

/**
 * One kind of object. Props are what the stack wants, outputs are what gets recorded: enough to use it and to remove it,
 * and never a secret. All methods are safe to repeat.
 */
export interface Resource<Clients, Props extends JsonObject, Outputs extends JsonObject> {
	/** CloudFormation's name where it has one, e.g. `AWS::EC2::VPC`. */
	readonly type: string;
	readonly permissions: readonly Grant[];
	/** Props that AWS cannot change in place: a change replaces the object. */
	readonly immutable?: readonly (keyof Props & string)[];
	/** `create-first` (default) where two can exist side by side, `delete-first` where the name is taken. */
	readonly replacement?: 'create-first' | 'delete-first';
	/** Types of objects that live in this one, as policies do in a role: they go before it when its name is freed, and are made again. */
	readonly parts?: readonly string[];
	/** Types of objects among its dependencies that AWS does not delete while this one stands: its sight proves theirs. */
	readonly standsOn?: readonly string[];
	/** Why AWS or we keep the object at teardown, where `remove` does not remove it. */
	readonly kept?: string;
	/**
	 * Made before all else of its scope, by a create call whose condition is that it is not there: where a run has made it,
	 * nothing of the scope can be there yet. What is not recorded is not looked for, since the condition tells.
	 */
	readonly opensScope?: true;
	/** `create` fails where its name is taken, or it has none: where nothing of its scope can be there, it is made without a look. */
	readonly collides?: true;
	/** It goes by itself when it has done its work: missing, it is made again without a question, and is nothing to worry about. */
	readonly endsItself?: true;
	/** The physical id (CloudFormation's Ref). */
	id(outputs: Outputs): string;
	arn?(outputs: Outputs): string | undefined;
	/**
	 * Looks the object up by its identity tags, or by parent and fixed name, and confirms that it is ours.
	 * `undefined` means it does not exist; one that is being deleted is waited for and does not exist.
	 * Throws a UserError `ForeignObject` where the name is taken by an object that is not ours.
	 */
	find(ctx: Context<Clients>, props: Props, recorded: Outputs | undefined): Promise<Outputs | undefined>;
	/** One API call that makes the object. Never waits: the engine records the result first. */
	create(ctx: Context<Clients>, props: Props): Promise<Outputs>;
	/** Waits until others can use the object; returns outputs that are complete only now (an endpoint's address). */
	wait?(ctx: Context<Clients>, outputs: Outputs, props: Props): Promise<Outputs>;
	/** Says whether the found object is as props want it. Without it, a change of props since the record decides. */
	matches?(props: Props, outputs: Outputs): boolean;
	/** Applies changed props in place. */
	update?(ctx: Context<Clients>, props: Props, outputs: Outputs): Promise<Outputs>;
	/** Changes the tags of an object that is there. The engine calls it when the user's own tags change. */
	tag?(ctx: Context<Clients>, outputs: Outputs, change: TagChange): Promise<void>;
	/** Removes the object and waits until it is gone, noting what holds it. A missing object is success. */
	remove(ctx: Context<Clients>, outputs: Outputs): Promise<void>;
	/** Asks AWS by the recorded id whether the object is still there: for the receipt, `status` and `state recover`. */
	exists(ctx: Context<Clients>, outputs: Outputs): Promise<boolean>;
	/**
	 * Ids that one call shows, in the same words for all siblings of the object: a look at many costs one call instead of many.
	 * What is not among them is asked for by `exists`.
	 */
	siblings?(ctx: Context<Clients>, outputs: Outputs): Promise<readonly string[]>;
}

/** A step that runs something, and runs again when its inputs change. */
export interface Action<Clients, Props extends JsonObject, Outputs extends JsonObject> {
	/** `AirflowDeploy::` and a verb phrase, e.g. `AirflowDeploy::UploadBundle`. */
	readonly type: string;
	readonly permissions: readonly Grant[];
	/** The result of an earlier run that nothing records, where it can be looked up: for `state recover`. */
	find?(ctx: Context<Clients>, props: Props): Promise<Outputs | undefined>;
	/** Whether the result of an earlier run with the same props still stands. Without it: always. */
	current?(ctx: Context<Clients>, props: Props, outputs: Outputs): Promise<boolean>;
	run(ctx: Context<Clients>, props: Props, previous: Outputs | undefined): Promise<Outputs>;
	/** Removes what the action left behind, where nothing else does. */
	remove?(ctx: Context<Clients>, outputs: Outputs): Promise<void>;
}

export function defineResource<Clients, Props extends JsonObject, Outputs extends JsonObject>(
	resource: Resource<Clients, Props, Outputs>,
): Resource<Clients, Props, Outputs> {
	return resource;
}

export function defineAction<Clients, Props extends JsonObject, Outputs extends JsonObject>(
	action: Action<Clients, Props, Outputs>,
): Action<Clients, Props, Outputs> {
	return action;
}

export type AnyResource<Clients> = Resource<Clients, JsonObject, JsonObject>;
export type AnyAction<Clients> = Action<Clients, JsonObject, JsonObject>;
export type Kind<Clients> = AnyResource<Clients> | AnyAction<Clients>;

export function isAction<Clients>(kind: Kind<Clients>): kind is AnyAction<Clients> {
	return 'run' in kind;
}
