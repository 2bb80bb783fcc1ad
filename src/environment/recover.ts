import { randomUUID } from 'node:crypto';
import { contextFor, type Look } from '../engine/context.ts';
import { hashOf } from '../engine/entry.ts';
import { acquireLock } from '../engine/lock.ts';
import { isAction, type JsonObject, type Kind } from '../engine/resource.ts';
import type { Node } from '../engine/stack.ts';
import { type Entry, StateFile, type StateView } from '../engine/state.ts';
import { UserError } from '../errors.ts';
import type { Aws } from '../aws/clients.ts';
import { Anchor, readAnchor } from '../resources/s3-anchor.ts';
import { environmentStack } from '../stacks/environment.ts';
import { naming } from '../stacks/inputs.ts';
import { sharedScope, sharedStack } from '../stacks/shared.ts';
import type { RecordedObject, RecoveredDocument } from './documents.ts';
import { asRecorded } from './executor-option.ts';
import type { Options } from './options.ts';
import { acquireShared } from './one-writer.ts';
import { filesOf } from './places.ts';
import { headerOf, lookAt, readStates } from './session.ts';
import { recordOf } from './recorded-objects.ts';
import { besides } from './sweep.ts';
import { guarded, known, unknownOutputs, unlessUnknown } from './unknown-outputs.ts';
import { stackInputs } from './wanted.ts';

/**
 * Rebuilds both records from the anchors' nonces and from what AWS shows: every object is found by its own describe and
 * must carry the nonce, or its parent must. An unreadable record is kept beside the new one.
 * @returns what was found, and what looks like it: of another nonce, or of ours and no part of what is wanted now
 * @throws UserError `NoAnchor` where there is nothing to recover from
 */
export async function recover(options: Options): Promise<RecoveredDocument> {
	return underLocks(options, async () => {
		const nonces = new Map<string, string>();
		for (const scope of [sharedScope, options.config.environment]) {
			const nonce = await nonceOf(options, scope);
			if (nonce !== undefined) nonces.set(scope, nonce);
			else if (scope === sharedScope || !(await isAnothers(options, sharedScope))) nothingToRecoverFrom(options, scope);
		}
		const resources = await recoverScopes(options, nonces);
		return { resources, ...(await besides(options, nonces, new Set(resources.map(({ id }) => id)))) };
	});
}

/**
 * The same for what stands in AWS and is not recorded in this working directory: a fresh checkout, say.
 * @returns what was found: nothing where all is recorded, or nothing stands; and whether the environment stands nowhere
 */
export async function recoverUnrecorded(options: Options): Promise<{ found: RecordedObject[]; isNew: boolean }> {
	const { nonces, isNew } = await unrecorded(options);
	if (nonces.size === 0) return { found: [], isNew };
	// Somebody may have recorded the shared stack while we waited for its lock.
	return { found: await underLocks(options, async () => recoverScopes(options, (await unrecorded(options)).nonces)), isNew };
}

/** Nonces of the scopes that have an anchor and no record here, or the record of a run that lost it to another one. */
async function unrecorded(options: Options): Promise<{ nonces: Map<string, string>; isNew: boolean }> {
	const nonces = new Map<string, string>();
	let isNew = false;
	for (const [scope, { entries, header }] of await readStates(options)) {
		const isEmpty = Object.keys(entries).length === 0;
		const nonce = isEmpty || hasNoAnchor(entries) ? await nonceOf(options, scope) : undefined;
		if (nonce !== undefined && (isEmpty || nonce !== header['nonce'])) nonces.set(scope, nonce);
		else if (scope === options.config.environment) isNew = isEmpty;
	}
	return { nonces, isNew };
}

/** Nothing but the bucket comes before the anchor: where two begin at once, one is left with no more than that. */
function hasNoAnchor(entries: StateView['entries']): boolean {
	return Object.values(entries).every(({ type, status }) => type !== Anchor.type || status === 'creating');
}

/** Whether what is recorded of a scope here belongs to none, because another run made it. */
async function isAnothers(options: Options, scope: string): Promise<boolean> {
	const { entries = {}, header = {} } = (await readStates(options)).get(scope) ?? {};
	return hasNoAnchor(entries) && header['nonce'] !== (await nonceOf(options, scope));
}

async function underLocks<T>(options: Options, body: () => Promise<T>): Promise<T> {
	const own = await acquireLock(filesOf(options.cwd, options.aws, options.config.environment).lock, { command: options.command, wait: false });
	try {
		const shared = await acquireShared(options);
		try {
			return await body();
		} finally {
			await shared.release();
		}
	} finally {
		await own.release();
	}
}

/** @param nonces of the scopes whose records are made anew */
async function recoverScopes(options: Options, nonces: ReadonlyMap<string, string>): Promise<RecordedObject[]> {
	const states = new Map<string, StateFile>();
	for (const [scope, nonce] of nonces) states.set(scope, await StateFile.startOver(filesOf(options.cwd, options.aws, scope).state, { ...headerOf(options, scope), nonce }));
	const found = nonces.size === 0 ? [] : await findAll(options, states);
	for (const state of states.values()) await state.close();
	return found;
}

async function nonceOf({ config, aws }: Options, scope: string): Promise<string | undefined> {
	return (await readAnchor(aws, naming({ config, place: aws }).bucket, scope))?.nonce;
}

function nothingToRecoverFrom({ config, aws }: Options, scope: string): never {
	throw new UserError('NoAnchor', `there is nothing to recover ${config.environment} from: s3://${naming({ config, place: aws }).bucket}/anchors/${scope}.json is not there`, {
		hint: 'airflow-deploy up   # begins anew',
	});
}

async function findAll(options: Options, recovered: ReadonlyMap<string, StateFile>): Promise<RecordedObject[]> {
	const states = new Map<string, StateView>([...(await readStates(options)), ...recovered]);
	// Whatever is wished for now.
	const inputs = await stackInputs(asRecorded(options), states, 'up');
	const { stack, shared } = sharedStack(inputs);
	const look = lookAt(options, states);
	const found = new Map<Node, JsonObject>();
	const records: RecordedObject[] = [];
	// A stack's nodes come after what they need.
	for (const node of [...stack.nodes.values(), ...environmentStack(inputs, shared).nodes.values()]) {
		const state = recovered.get(node.scope);
		if (!state) {
			const outputs = states.get(node.scope)?.entries[node.key]?.outputs;
			if (outputs) found.set(node, outputs);
			continue;
		}
		const all = await findAllOf(look, node, found, options.warn);
		await state.update((entries) => Object.assign(entries, all));
		records.push(...Object.entries(all).map(([key, entry]) => recordOf(key, entry)));
	}
	return records;
}

/**
 * What a node has in AWS, as entries: its object, and those it was about to replace, which the next `up` removes. Of an action
 * there is its result, where that can be looked up; the next `up` runs the others again.
 */
async function findAllOf(look: Look<Aws>, node: Node, found: Map<Node, JsonObject>, warn: Options['warn']): Promise<Record<string, Entry>> {
	const [newest, ...older] = await lookFor(look, node, found, warn);
	if (newest ?? isAction(node.kind)) found.set(node, newest?.outputs ?? {});
	if (!newest) return {};
	return { [node.key]: newest, ...Object.fromEntries(older.map((entry, index) => [`${node.key}~${index + 1}`, { ...entry, status: 'superseded' }])) };
}

/**
 * What needs an object that is not there may be there all the same: somebody has removed what it needs, or that is another's.
 * It is looked for as far as its name does not depend on it, and recorded so that the next `up` brings it in order.
 */
async function lookFor(look: Look<Aws>, node: Node, found: ReadonlyMap<Node, JsonObject>, warn: Options['warn']): Promise<Entry[]> {
	const needs = Object.entries(node.needs);
	const props = () => node.props(Object.fromEntries(needs.map(([name, need]) => [name, found.get(need) ?? unknownOutputs])) as never);
	if (needs.every(([, need]) => found.has(need))) return generations(look, node, props(), warn);
	if (isAction(node.kind)) return [];
	const entries = await unlessUnknown(() => generations(look, node, known(props()), warn, guarded(props())));
	return (entries ?? []).map((entry) => ({ ...entry, hash: '' }));
}

/** Newest first, where AWS tells: kinds look for the newest of several. @param props to be recorded @param asked what is looked for by */
async function generations(look: Look<Aws>, node: Node, props: JsonObject, warn: Options['warn'], asked: JsonObject = props): Promise<Entry[]> {
	const kind = node.kind as unknown as Kind<Aws>;
	const ctx = contextFor(look, node, { token: randomUUID(), id: null });
	if (isAction(kind)) {
		const outputs = await kind.find?.(ctx, props);
		return outputs ? [entryOf(node, { type: kind.type, status: 'ready', id: null, inputs: props, outputs })] : [];
	}
	const entries: Entry[] = [];
	for (;;) {
		const superseded = new Set(entries.flatMap(({ id }) => id ?? []));
		const outputs = await kind.find({ ...ctx, superseded }, asked, undefined).catch((error: unknown) => leaveAlone(error, warn));
		// What is found by its name or its parent is found again and again.
		if (!outputs || superseded.has(kind.id(outputs))) return entries;
		const arn = kind.arn?.(outputs);
		entries.push(entryOf(node, { type: kind.type, status: 'created', id: kind.id(outputs), ...(arn === undefined ? {} : { arn }), inputs: props, outputs }));
	}
}

/** Somebody else's object has a name of ours: the next `up` says what to do about it. */
function leaveAlone(error: unknown, warn: Options['warn']): undefined {
	if (!(error instanceof UserError) || error.code !== 'ForeignObject') throw error;
	warn(`left alone: ${error.message}`);
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
