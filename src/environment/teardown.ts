import { setTimeout as delay } from 'node:timers/promises';
import pLimit from 'p-limit';
import { settled } from '../engine/context.ts';
import { down, type Outcome } from '../engine/engine.ts';
import { isAction } from '../engine/resource.ts';
import type { Entry, StateView } from '../engine/state.ts';
import { assertDeletable, finalSnapshots } from '../resources/db-instance.ts';
import { UserError } from '../errors.ts';
import { HeldByOther } from '../resources/held.ts';
import { kinds } from '../resources/registry.ts';
import { listAnchors, readAnchor } from '../resources/s3-anchor.ts';
import { type CostLine, sharedCost, total } from '../stacks/cost.ts';
import { stayingCost } from '../stacks/cost-left.ts';
import { naming } from '../stacks/inputs.ts';
import { sharedScope } from '../stacks/shared.ts';
import type { Cost, TeardownDocument } from './documents.ts';
import { contextOf } from './object-context.ts';
import type { Options } from './options.ts';
import { filesOf, recordedEnvironments } from './places.ts';
import { assertDone, type Held, holding, remember } from './session.ts';
import { type Swept, sweep } from './sweep.ts';

/** One recorded object, and whose record it is in. */
interface Recorded {
	readonly scope: string;
	readonly key: string;
	readonly entry: Entry;
}

/**
 * Removes all that is recorded of the environment, and of the shared stack where no other environment uses it; then asks AWS
 * again for every id. Needs the record only: neither the configuration that made it nor the source folder.
 * @throws UserError `DeletionProtected` before anything is deleted
 */
export async function tearDown(options: Options): Promise<TeardownDocument> {
	const [began, start] = [performance.now(), new Date()];
	return holding(options, async (held) => {
		const others = await otherEnvironments(options);
		const shared = others.length === 0 ? null : { environments: others, perMonth: total(sharedCost()).perMonth };
		if (shared) options.warn(`the shared stack (network, bucket, file system, images, cluster) stays for ${others.join(', ')}, at about $${shared.perMonth.toFixed(2)} a month (${sharedCost().map(({ assumption }) => assumption).join(', ')}); teardown --all takes all`);
		const scopes = others.length === 0 ? [options.config.environment, sharedScope] : [options.config.environment];
		const before = recorded(held, scopes);
		// A run that met another's anchor has recorded the bucket by then.
		if (!held.environment.entries['anchor']) await assertNoAnchor(options);
		await assertDatabaseDeletable(options, held);
		// A run that died at its end may have left no more than its lease: taken over, it goes with this run.
		if (before.every(({ scope }) => scope !== options.config.environment)) await held.run.beforeMutation?.();
		const kept = await keepFernetKey(held);
		const outcome = await down(held.run, scopes);
		await remember(options, outcome);
		if (outcome.interrupted) assertDone(outcome, options.command);
		const known = await leftovers(options, before, outcome, new Set(kept.map(({ id }) => id)));
		if (known.length === 0) assertDone(outcome, options.command);
		const stays = [...kept, ...outcome.kept.map(({ type, id, why }) => ({ type, id, why })), ...(await snapshots(options, before))];
		// Of what was never up nobody knows the nonce.
		const swept = await sweep(options, { recorded: before, nonces: before.length === 0 ? new Map() : noncesOf(held, scopes), began: start, left: new Set([...known, ...stays].map(({ id }) => id)) });
		const keeps = [...stays, ...takenSnapshots(swept)];
		const gone = new Set(swept.deleted.map(({ id }) => id));
		const left = [...known.filter(({ id }) => !gone.has(id)), ...unrecorded(swept, [...known, ...keeps])];
		return {
			deleted: [...outcome.done.flatMap(({ key, type, id }) => (id === null ? [] : [{ key, type, id }])), ...swept.deleted],
			left,
			shared,
			kept: unique(keeps),
			notOurs: swept.notOurs,
			asked: { ids: before.filter(({ entry }) => entry.outputs !== undefined).length, kinds: swept.kinds },
			cost: costOf(left, unique(keeps), before, shared ? sharedCost() : []),
			wallSeconds: Math.round((performance.now() - began) / 100) / 10,
		};
	});
}

/** @throws UserError `StateMissing` where the environment stands, but is not recorded here */
async function assertNoAnchor({ config, aws }: Options): Promise<void> {
	const anchor = await readAnchor(aws, naming({ config, place: aws }).bucket, config.environment);
	if (!anchor) return;
	throw new UserError('StateMissing', `${config.environment} was made on ${anchor.createdAt}, and this working directory has no record of it`, {
		hint: `airflow-deploy state recover   # then run the same command again`,
	});
}

function recorded(held: Held, scopes: readonly string[]): Recorded[] {
	const states = new Map<string, StateView>([
		[sharedScope, held.shared],
		[held.environment.header['environment'] ?? '', held.environment],
	]);
	return scopes.flatMap((scope) => Object.entries(states.get(scope)?.entries ?? {}).map(([key, entry]) => ({ scope, key, entry })));
}

/** All environments that are recorded here, or have an anchor in the bucket; `main` is the last. */
export async function allEnvironments({ config, cwd, aws }: Options): Promise<string[]> {
	const here = recordedEnvironments(filesOf(cwd, aws, config.environment).directory);
	const anchors = await listAnchors(aws, naming({ config, place: aws }).bucket);
	const names = new Set([...here, ...anchors].filter((name) => name !== sharedScope));
	return [...names].toSorted((a, b) => Number(a === 'main') - Number(b === 'main') || a.localeCompare(b));
}

/** Who else uses the shared stack. */
async function otherEnvironments(options: Options): Promise<string[]> {
	return (await allEnvironments(options)).filter((name) => name !== options.config.environment);
}

async function assertDatabaseDeletable({ aws }: Options, { environment }: Held): Promise<void> {
	const database = environment.entries['database'];
	if (database?.id) await assertDeletable(aws, database.id);
}

/** A snapshot is of little use without the key that its connections and variables are encrypted with. */
async function keepFernetKey({ environment }: Held): Promise<TeardownDocument['kept']> {
	const snapshot = environment.entries['database']?.inputs['finalSnapshot'] === true;
	const key = environment.entries['secret-fernet-key'];
	if (!snapshot || !key?.id) return [];
	await environment.update((entries) => void delete entries['secret-fernet-key']);
	return [{ type: key.type, id: key.id, why: 'the connections and variables in the final snapshot are encrypted with it' }];
}

async function snapshots({ aws }: Options, before: readonly Recorded[]): Promise<TeardownDocument['kept']> {
	const database = before.find(({ key, entry }) => key === 'database' && entry.inputs['finalSnapshot'] === true)?.entry;
	if (!database?.id) return [];
	const ids = await finalSnapshots(aws, database.id);
	return ids.map((id) => ({ type: snapshotType, id, why: 'the final snapshot that AIRFLOW_DEPLOY_DB_FINAL_SNAPSHOT asks for; AWS bills its storage' }));
}

function noncesOf({ environment, shared }: Held, scopes: readonly string[]): ReadonlyMap<string, string> {
	return new Map([environment, shared].flatMap(({ header, nonce }) => (scopes.includes(header['environment'] ?? '') ? [[header['environment'] ?? '', nonce] as const] : [])));
}

const snapshotType = 'AWS::RDS::DBSnapshot';

/** Snapshots carry the tags of their database, whoever took them. */
function takenSnapshots({ left }: Swept): TeardownDocument['kept'] {
	return left.filter(({ type }) => type === snapshotType).map(({ type, id }) => ({ type, id, why: 'a snapshot that somebody took of the database; AWS bills its storage' }));
}

/** What carries our tags and stays without being recorded here. */
function unrecorded({ left }: Swept, known: readonly { readonly id: string }[]): TeardownDocument['left'] {
	return left.filter(({ id }) => known.every((other) => other.id !== id));
}

/** The first reason of each object counts. */
function unique(kept: TeardownDocument['kept']): TeardownDocument['kept'] {
	return kept.filter(({ id, type }, index) => kept.findIndex((other) => other.id === id && other.type === type) === index);
}

/** What stays costs this from now on. */
function costOf(left: TeardownDocument['left'], kept: TeardownDocument['kept'], before: readonly Recorded[], shared: readonly CostLine[]): Cost {
	const staying = [...left, ...kept.map((each) => ({ ...each, key: each.id.split(/[/:]/).at(-1) ?? '' }))];
	const records = before.map(({ entry }) => entry);
	const lines = [...stayingCost(staying.map(({ key, type, id }) => ({ key, type, entry: records.find((entry) => entry.id === id) })), records), ...shared];
	return { ...total(lines), currency: 'USD', lines };
}

/** Every object that was recorded and that AWS still shows, with what holds it where that is known. */
async function leftovers(options: Options, before: readonly Recorded[], { done, failed, kept }: Outcome, keptIds: ReadonlySet<string>): Promise<TeardownDocument['left']> {
	const keeps = new Set([...keptIds, ...kept.map(({ id }) => id)]);
	const removed = new Set(done.map(({ key }) => key));
	const end = performance.now() + settled.unclear * 1000;
	let there = await shown(options, before.filter(({ entry }) => entry.outputs !== undefined && !keeps.has(entry.id ?? '')));
	// Reads lag: what was removed may still show for some seconds.
	while (there.some(({ key }) => removed.has(key)) && performance.now() < end) {
		await delay(settled.pause * 1000, undefined, { signal: options.signal });
		there = await shown(options, there);
	}
	return there.map(({ key, entry }) => ({ key, type: entry.type, id: entry.id ?? '', ...holderOf(failed.get(key)) }));
}

async function shown(options: Options, objects: readonly Recorded[]): Promise<Recorded[]> {
	const limit = pLimit(12);
	const answers = await Promise.all(objects.map((object) => limit(async () => ((await isThere(options, object)) ? [object] : []))));
	return answers.flat();
}

async function isThere(options: Options, { scope, key, entry }: Recorded): Promise<boolean> {
	const kind = kinds.get(entry.type);
	if (!kind || isAction(kind) || entry.outputs === undefined) return false;
	return kind.exists(contextOf(options, new Map(), scope, key, entry), entry.outputs);
}

function holderOf(error: unknown): { heldBy: string | null; since: string | null } {
	if (error instanceof HeldByOther) return { heldBy: error.heldBy, since: new Date(error.since * 1000).toISOString() };
	return { heldBy: error instanceof Error ? error.message : null, since: null };
}
