import { randomUUID } from 'node:crypto';
import { contextFor, type Look } from '../engine/context.ts';
import { hashOf } from '../engine/entry.ts';
import { acquireLock } from '../engine/lock.ts';
import { isAction, type JsonObject, type Kind } from '../engine/resource.ts';
import type { Node } from '../engine/stack.ts';
import { type Entry, StateFile } from '../engine/state.ts';
import { UserError } from '../errors.ts';
import type { Aws } from '../aws/clients.ts';
import { readAnchor } from '../resources/s3-anchor.ts';
import { naming } from '../stacks/inputs.ts';
import { mainStack } from '../stacks/main.ts';
import { sharedScope, sharedStack } from '../stacks/shared.ts';
import type { RecordedObject } from './documents.ts';
import type { Options } from './options.ts';
import { filesOf } from './places.ts';
import { headerOf, lookAt } from './session.ts';
import { recordOf } from './status.ts';
import { stackInputs } from './wanted.ts';

/**
 * Rebuilds both records from the anchors' nonces and from what AWS shows: every object is found by its own describe and
 * must carry the nonce, or its parent must. An unreadable record is kept beside the new one.
 * @returns what was found
 * @throws UserError `NoAnchor` where there is nothing to recover from
 */
export async function recover(options: Options): Promise<RecordedObject[]> {
	const { config, aws, cwd } = options;
	const scopes = [sharedScope, config.environment];
	const nonces = await Promise.all(scopes.map((scope) => nonceOf(options, scope)));
	const locks = [];
	try {
		for (const scope of scopes) locks.push(await acquireLock(filesOf(cwd, aws, scope).lock, { command: 'state recover', wait: false }));
		const states = new Map<string, StateFile>();
		for (const [index, scope] of scopes.entries()) {
			states.set(scope, await StateFile.startOver(filesOf(cwd, aws, scope).state, { ...headerOf(options, scope), nonce: nonces[index] ?? '' }));
		}
		const found = await findAll(options, states);
		for (const state of states.values()) await state.close();
		return found;
	} finally {
		for (const lock of locks) await lock.release();
	}
}

async function nonceOf({ config, aws }: Options, scope: string): Promise<string> {
	const { bucket } = naming({ config, place: aws });
	const anchor = await readAnchor(aws, bucket, scope);
	if (anchor) return anchor.nonce;
	throw new UserError('NoAnchor', `there is nothing to recover ${config.environment} from: s3://${bucket}/anchors/${scope}.json is not there`, {
		hint: 'airflow-deploy up   # begins anew',
	});
}

async function findAll(options: Options, states: ReadonlyMap<string, StateFile>): Promise<RecordedObject[]> {
	const inputs = await stackInputs(options, states, 'up');
	const { stack, shared } = sharedStack(inputs);
	const look = lookAt(options, states);
	const found = new Map<Node, JsonObject>();
	const records: RecordedObject[] = [];
	// A stack's nodes come after what they need.
	for (const node of [...stack.nodes.values(), ...mainStack(inputs, shared).nodes.values()]) {
		const all = await findAllOf(look, node, found);
		await states.get(node.scope)?.update((entries) => Object.assign(entries, all));
		records.push(...Object.entries(all).map(([key, entry]) => recordOf(key, entry)));
	}
	return records;
}

/**
 * What a node has in AWS, as entries: its object, and those it was about to replace, which the next `up` removes. Of an action
 * there is its result, where that can be looked up; the next `up` runs the others again.
 */
async function findAllOf(look: Look<Aws>, node: Node, found: Map<Node, JsonObject>): Promise<Record<string, Entry>> {
	const needs = Object.entries(node.needs);
	const complete = needs.every(([, need]) => found.has(need));
	// What needs an object that is not there is not there.
	const props = complete ? node.props(Object.fromEntries(needs.map(([name, need]) => [name, found.get(need)])) as never) : undefined;
	const [newest, ...older] = props === undefined ? [] : await generations(look, node, props);
	if (newest ?? isAction(node.kind)) found.set(node, newest?.outputs ?? {});
	if (!newest) return {};
	return { [node.key]: newest, ...Object.fromEntries(older.map((entry, index) => [`${node.key}~${index + 1}`, { ...entry, status: 'superseded' }])) };
}

/** Newest first, where AWS tells: kinds look for the newest of several. */
async function generations(look: Look<Aws>, node: Node, props: JsonObject): Promise<Entry[]> {
	const kind = node.kind as unknown as Kind<Aws>;
	const ctx = contextFor(look, node, { token: randomUUID(), id: null });
	if (isAction(kind)) {
		const outputs = await kind.find?.(ctx, props);
		return outputs ? [entryOf(node, { type: kind.type, status: 'ready', id: null, inputs: props, outputs })] : [];
	}
	const entries: Entry[] = [];
	for (;;) {
		const superseded = new Set(entries.flatMap(({ id }) => id ?? []));
		const outputs = await kind.find({ ...ctx, superseded }, props, undefined);
		// What is found by its name or its parent is found again and again.
		if (!outputs || superseded.has(kind.id(outputs))) return entries;
		const arn = kind.arn?.(outputs);
		entries.push(entryOf(node, { type: kind.type, status: 'created', id: kind.id(outputs), ...(arn === undefined ? {} : { arn }), inputs: props, outputs }));
	}
}

function entryOf({ scope, needs }: Node, found: Pick<Entry, 'type' | 'status' | 'id' | 'arn' | 'inputs' | 'outputs'>): Entry {
	return {
		...found,
		hash: hashOf(found.inputs),
		dependsOn: Object.values(needs).map((need) => (need.scope === scope ? need.key : `${need.scope}/${need.key}`)),
		token: randomUUID(),
		startedAt: new Date().toISOString(),
	};
}
