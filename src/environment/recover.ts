import { randomUUID } from 'node:crypto';
import { contextFor, type Look } from '../engine/context.ts';
import { hashOf } from '../engine/entry.ts';
import { acquireLock } from '../engine/lock.ts';
import { type AnyResource, isAction, type JsonObject } from '../engine/resource.ts';
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
		const entry = await findOne(look, node, found);
		if (!entry) continue;
		found.set(node, entry.outputs ?? {});
		await states.get(node.scope)?.update((entries) => void (entries[node.key] = entry));
		records.push(recordOf(node.key, entry));
	}
	return records;
}

/** An action leaves nothing to be found: the next `up` runs it again. What needs an object that is not there is not there. */
async function findOne(look: Look<Aws>, node: Node, found: Map<Node, JsonObject>): Promise<Entry | undefined> {
	const needs = Object.entries(node.needs);
	if (isAction(node.kind)) {
		found.set(node, {});
		return undefined;
	}
	if (!needs.every(([, need]) => found.has(need))) return undefined;
	const props = node.props(Object.fromEntries(needs.map(([name, need]) => [name, found.get(need)])) as never);
	const blank = { token: randomUUID(), id: null };
	const kind = node.kind as unknown as AnyResource<Aws>;
	const outputs = await kind.find(contextFor(look, node, blank), props, undefined);
	if (!outputs) return undefined;
	const arn = kind.arn?.(outputs);
	return {
		...blank,
		type: kind.type,
		status: 'created',
		id: kind.id(outputs),
		...(arn === undefined ? {} : { arn }),
		outputs,
		inputs: props,
		hash: hashOf(props),
		dependsOn: needs.map(([, need]) => (need.scope === node.scope ? need.key : `${need.scope}/${need.key}`)),
		startedAt: new Date().toISOString(),
	};
}
