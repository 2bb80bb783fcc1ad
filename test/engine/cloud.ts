import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { defineAction, defineResource, type JsonObject, type Kind, type Resource } from '../../src/engine/resource.ts';
import { Stack } from '../../src/engine/stack.ts';

interface Thing {
	tag: string;
	uses: string[];
	ready: boolean;
	token: string;
	props: JsonObject;
	name?: string;
}

/** What a cloud knows; kept in a file where it must outlive a process. */
export interface World {
	next: number;
	runs: number;
	things: Record<string, Thing>;
}

const gone = (): World => ({ next: 1, runs: 0, things: {} });

/**
 * A cloud that obeys the laws of the real one: an object cannot be made before what it uses, nor removed while it is used;
 * names are unique; a client token makes a create call idempotent. `around` is called before and after each call.
 */
export class Cloud {
	readonly calls: string[] = [];
	/** What mutating calls do before and after their effect: fail, die, wait. */
	around: (call: string, moment: 'before' | 'after') => void | Promise<void> = () => {};
	/** Reads that still show nothing, by identity tag. */
	readonly blind = new Map<string, number>();
	readonly #file: string | undefined;
	#world: World = gone();

	constructor(file?: string) {
		this.#file = file;
	}

	get world(): World {
		if (this.#file && existsSync(this.#file)) this.#world = JSON.parse(readFileSync(this.#file, 'utf8')) as World;
		return this.#world;
	}

	/** Identity tags of all that exists, sorted. */
	get tags(): string[] {
		return Object.values(this.world.things)
			.map(({ tag }) => tag)
			.sort();
	}

	async mutate<T>(call: string, effect: (world: World) => T): Promise<T> {
		this.calls.push(call);
		await this.around(call, 'before');
		const world = this.world;
		const result = effect(world);
		if (this.#file) writeFileSync(this.#file, JSON.stringify(world));
		await this.around(call, 'after');
		return result;
	}

	find(identity: Readonly<Record<string, string>>, not: ReadonlySet<string>): { id: string; thing: Thing } | undefined {
		const tag = identity['key'] ?? '';
		const blind = this.blind.get(tag) ?? 0;
		this.blind.set(tag, blind - 1);
		if (blind > 0) return undefined;
		const found = Object.entries(this.world.things).find(([id, thing]) => thing.tag === tag && !not.has(id));
		return found && { id: found[0], thing: found[1] };
	}
}

function make(world: World, thing: Thing): string {
	const before = Object.entries(world.things).find(([, { token }]) => token === thing.token);
	if (before) return before[0];
	for (const use of thing.uses) if (!world.things[use]) throw new Error(`NotFound: ${use}`);
	if (thing.name && Object.values(world.things).some(({ name }) => name === thing.name)) throw new Error(`AlreadyExists: ${thing.name}`);
	const id = `id-${world.next++}`;
	world.things[id] = thing;
	return id;
}

function unmake(world: World, id: string): void {
	const user = Object.values(world.things).find(({ uses }) => uses.includes(id));
	if (user) throw new Error(`DependencyViolation: ${id} is used by ${user.tag}`);
	delete world.things[id];
}

type Props = { uses: string[]; size: number; cidr: string };
type Outputs = { id: string; address?: string };

/** Changes its size and what it uses in place, but not its cidr; has an address once it is ready. */
export const Net = defineResource<Cloud, Props, Outputs>({
	type: 'Test::Net',
	permissions: [],
	immutable: ['cidr'],
	id: ({ id }) => id,
	arn: ({ id }) => `arn:test:${id}`,
	async find({ aws, identity, superseded }) {
		const found = aws.find(identity, superseded);
		return found && (found.thing.ready ? { id: found.id, address: `at ${found.id}` } : { id: found.id });
	},
	create: ({ aws, identity, key, token }, props) =>
		aws.mutate(`create ${key}`, (world) => ({ id: make(world, { tag: identity['key'] ?? '', uses: props.uses, ready: false, token, props }) })),
	async wait({ aws, key, signal }, { id }) {
		signal.throwIfAborted();
		await aws.mutate(`wait ${key}`, ({ things }) => void Object.assign(things[id] ?? {}, { ready: true }));
		return { id, address: `at ${id}` };
	},
	update: ({ aws, key }, props, outputs) =>
		aws.mutate(`update ${key}`, ({ things }) => {
			for (const use of props.uses) if (!things[use]) throw new Error(`NotFound: ${use}`);
			Object.assign(things[outputs.id] ?? {}, { uses: props.uses, props });
			return outputs;
		}),
	remove: ({ aws, key }, { id }) => aws.mutate(`remove ${key}`, (world) => unmake(world, id)),
	exists: async ({ aws }, { id }) => aws.world.things[id] !== undefined,
});

/** Its name is taken while it lives, and nothing about it can be changed. */
export const Named = defineResource<Cloud, { name: string; uses: string[] }, { id: string }>({
	type: 'Test::Named',
	permissions: [],
	replacement: 'delete-first',
	id: ({ id }) => id,
	async find({ aws, identity, superseded }) {
		const found = aws.find(identity, superseded);
		return found && { id: found.id };
	},
	create: ({ aws, identity, key, token }, props) =>
		aws.mutate(`create ${key}`, (world) => ({ id: make(world, { tag: identity['key'] ?? '', uses: props.uses, ready: true, token, props, name: props.name }) })),
	remove: ({ aws, key }, { id }) => aws.mutate(`remove ${key}`, (world) => unmake(world, id)),
	exists: async ({ aws }, { id }) => aws.world.things[id] !== undefined,
});

/** Like a task definition: never changed, each change makes a new one. */
export const Revision = defineResource<Cloud, { image: string }, { id: string }>({
	...(Named as unknown as Resource<Cloud, { image: string }, { id: string }>),
	type: 'Test::Revision',
	replacement: 'create-first',
	create: ({ aws, identity, key, token }, props) =>
		aws.mutate(`create ${key}`, (world) => ({ id: make(world, { tag: identity['key'] ?? '', uses: [], ready: true, token, props }) })),
});

/** Made where missing, never removed. */
export const Role = defineResource<Cloud, { image: string }, { id: string }>({
	...Revision,
	type: 'Test::Role',
	kept: 'others may use it',
});

export const Run = defineAction<Cloud, { input: string }, { run: number; token: string }>({
	type: 'Test::Run',
	permissions: [],
	run: ({ aws, key, token }) =>
		aws.mutate(`run ${key}`, (world) => {
			world.runs += 1;
			return { run: world.runs, token };
		}),
});

export const kinds: ReadonlyMap<string, Kind<Cloud>> = new Map([Net, Named, Revision, Role, Run].map((kind) => [kind.type, kind as unknown as Kind<Cloud>]));

/** Two stacks that use every way of change: `generation` 2 differs from 1 in all nodes but `leaf`'s own props. */
export function stacks(generation: number): Stack<Cloud>[] {
	const shared = new Stack<Cloud>('shared');
	const main = new Stack<Cloud>('main');
	const net = shared.add(Net, 'net', {}, () => ({ uses: [], size: 1, cidr: `10.${generation}.0.0/16` }));
	const left = main.add(Net, 'left', { net }, ({ net }) => ({ uses: [net.id], size: generation, cidr: '' }));
	main.add(Named, 'right', { net }, ({ net }) => ({ name: 'right', uses: [net.id] }));
	const revision = main.add(Revision, 'revision', {}, () => ({ image: `image:${generation}` }));
	const job = main.add(Run, 'job', { left, revision }, ({ revision }) => ({ input: revision.id }));
	main.add(Net, 'leaf', { left, revision, job }, ({ left, revision }) => ({ uses: [left.id, revision.id], size: 1, cidr: '' }));
	return [shared, main];
}
