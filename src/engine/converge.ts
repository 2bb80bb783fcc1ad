import { isDeepStrictEqual } from 'node:util';
import { UserError } from '../errors.ts';
import { entriesOf } from './context.ts';
import { decide } from './decide.ts';
import { plain } from './difference.ts';
import type { Entry } from './entry.ts';
import { both, contextOf, entryOf, intent, type Job, permit, refresh, write } from './job.ts';
import { lookFor } from './look.ts';
import { supersede } from './replace.ts';
import { ownTags, tagChange } from './tags.ts';
import { type AnyResource, isAction, type JsonObject } from './resource.ts';

/**
 * Brings one object to what its node wants. AWS is asked every time: the record may be behind it after a crash, or AWS
 * behind the record after a change by hand.
 */
export async function converge<C>(job: Job<C>, kind: AnyResource<C>): Promise<void> {
	const entry = entryOf(job);
	if (!entry) {
		const fresh = intent(job, kind);
		if (kind.opensScope || (kind.collides && job.run.opened?.has(job.place.scope))) return create(job, kind, fresh);
		const found = await kind.find(contextOf(job, fresh), job.props, undefined);
		return found ? adopt(job, kind, fresh, found) : create(job, kind, fresh);
	}
	if (entry.type !== kind.type) return createBeside(job, kind, entry);
	// Its removal may have taken it apart already: only finishing that leaves something known.
	if (entry.status === 'removing') return createInstead(job, kind, entry);
	const ctx = contextOf(job, entry);
	const find = () => kind.find(ctx, entry.inputs, entry.outputs);
	const found = await (kind.endsItself && entry.status === 'ready' ? find() : lookFor(job.run, entry, find));
	return found ? take(job, kind, entry, found) : createAgain(job, kind, entry);
}

/** An object of ours that nothing records. How it was made is unknown, so it is brought to what is wanted. */
function adopt<C>(job: Job<C>, kind: AnyResource<C>, fresh: Entry, found: JsonObject): Promise<void> {
	return take(job, kind, kind.update ? { ...fresh, hash: '' } : fresh, found);
}

async function take<C>(job: Job<C>, kind: AnyResource<C>, entry: Entry, seen: JsonObject): Promise<void> {
	const found = plain(seen);
	const same = entry.id === kind.id(found);
	const { action } = decide(kind, job.props, entry, found);
	const outputs = plain(same ? { ...entry.outputs, ...found } : found);
	const tagged = action === 'replace' ? entry : await retag(job, kind, entry, outputs);
	const present = { ...tagged, ...identified(kind, outputs) };
	switch (action) {
		case 'update':
			return update(job, kind, present);
		case 'replace':
			return kind.replacement === 'delete-first' ? createInstead(job, kind, present) : createBeside(job, kind, present);
		case 'none':
			if (entry.status === 'ready' && isDeepStrictEqual(present.outputs, entry.outputs)) return refresh(job, tagged, entry);
			if (entry.status !== 'ready' || !same) job.announce('adopt');
			return settle(job, kind, present, present.outputs);
	}
}

/** Gives an object the user's own tags, where they are others than the record says. @returns the entry with them */
async function retag<C>(job: Job<C>, kind: AnyResource<C>, entry: Entry, outputs: JsonObject): Promise<Entry> {
	const ctx = contextOf(job, entry);
	const change = kind.tag && tagChange(ctx, entry);
	if (!change) return entry;
	job.announce('update');
	await permit(job.run);
	await kind.tag?.(ctx, outputs, change);
	return { ...entry, tags: ownTags(ctx) };
}

async function update<C>(job: Job<C>, kind: AnyResource<C>, present: Entry & { outputs: JsonObject }): Promise<void> {
	job.announce(present.status === 'creating' ? 'adopt' : 'update');
	await permit(job.run);
	// The old inputs stay until the update is done, but without their hash: an interrupted update is done again.
	const entry = { ...present, status: 'created' as const, hash: '', dependsOn: both(present.dependsOn, job.needs) };
	await write(job, entry);
	const outputs = await kind.update?.(contextOf(job, entry), job.props, present.outputs);
	await settle(job, kind, entry, outputs ?? present.outputs);
}

async function create<C>(job: Job<C>, kind: AnyResource<C>, entry: Entry, action: 'create' | 'replace' = 'create'): Promise<void> {
	job.announce(action);
	await permit(job.run);
	await write(job, entry);
	await settle(job, kind, entry, await createOrFind(job, kind, entry));
}

/** A failed create may have taken effect: an answer that was lost, or the SDK's retry that met the object it had made. */
async function createOrFind<C>(job: Job<C>, kind: AnyResource<C>, entry: Entry): Promise<JsonObject> {
	const ctx = contextOf(job, entry);
	try {
		const made = await kind.create(ctx, job.props);
		if (kind.opensScope) job.run.opened?.add(job.place.scope);
		return made;
	} catch (error) {
		const found = await kind.find(ctx, job.props, undefined).catch((why: unknown) => explained(error, why));
		if (found) return found;
		throw error;
	}
}

/** A name that somebody else's object has is told by looking; AWS's refusal says only that it is taken. */
function explained(error: unknown, why: unknown): undefined {
	if (!(why instanceof UserError) || why.code !== 'ForeignObject') return undefined;
	throw new UserError(why.code, why.message, { ...(why.hint === undefined ? {} : { hint: why.hint }), cause: error });
}

/** Makes an object that is recorded, but not there (any more). */
async function createAgain<C>(job: Job<C>, kind: AnyResource<C>, entry: Entry): Promise<void> {
	if (entry.status !== 'creating' && !kind.endsItself && !(await job.confirm(job.place.key))) {
		throw new UserError('RecreateRefused', `${job.place.key} (${entry.id}) is recorded, but AWS no longer shows it`, {
			hint: 'airflow-deploy up   # and answer yes to have it made again',
		});
	}
	const unclear = entry.status === 'creating' && entry.hash === job.hash;
	await create(job, kind, intent(job, kind, unclear ? { token: entry.token } : {}));
}

/** Create first; the old object goes once nothing uses it any more. */
async function createBeside<C>(job: Job<C>, kind: AnyResource<C>, old: Entry): Promise<void> {
	job.announce('replace');
	const entry = await supersede(job, kind, old);
	const found = await kind.find(contextOf(job, entry), job.props, undefined);
	return found ? settle(job, kind, entry, found) : create(job, kind, entry, 'replace');
}

/** Delete first. No look in between: what was just removed may still show. */
async function createInstead<C>(job: Job<C>, kind: AnyResource<C>, old: Entry): Promise<void> {
	job.announce('replace');
	await permit(job.run);
	if (old.outputs) {
		await removeParts(job, kind);
		await write(job, { ...old, status: 'removing' });
		await kind.remove(contextOf(job, old), old.outputs);
	}
	await permit(job.run);
	const entry = intent(job, kind);
	await write(job, entry);
	await settle(job, kind, entry, await kind.create(contextOf(job, entry), job.props));
}

/** They stay recorded as being removed: their own turn comes after this one's. */
async function removeParts<C>({ run, place: { scope, key } }: Job<C>, { parts = [] }: AnyResource<C>): Promise<void> {
	for (const [part, entry] of Object.entries(entriesOf(run, scope))) {
		const kind = run.kinds.get(entry.type);
		if (!parts.includes(entry.type) || !entry.dependsOn.includes(key) || !entry.outputs || !kind || isAction(kind)) continue;
		const place = { scope, key: part };
		await permit(run);
		await write({ run, place }, { ...entry, status: 'removing' });
		await kind.remove(contextOf({ run, place }, entry), entry.outputs);
	}
}

/** Records what is there, waits until it can be used, and records that. */
async function settle<C>(job: Job<C>, kind: AnyResource<C>, entry: Entry, outputs: JsonObject): Promise<void> {
	const made = { ...entry, ...identified(kind, outputs), ...(kind.tag ? { tags: ownTags(contextOf(job, entry)) } : {}), inputs: job.props, hash: job.hash, dependsOn: job.needs };
	if (!kind.wait) return write(job, { ...made, status: 'ready' });
	await write(job, { ...made, status: 'created' });
	const complete = await kind.wait(contextOf(job, made), outputs, job.props);
	await write(job, { ...made, ...identified(kind, complete), status: 'ready' });
}

function identified<C>(kind: AnyResource<C>, outputs: JsonObject): { id: string; outputs: JsonObject; arn?: string } {
	const arn = kind.arn?.(outputs);
	return { id: kind.id(outputs), outputs: plain(outputs), ...(arn === undefined ? {} : { arn }) };
}
