import { Exit, UserError } from '../errors.ts';
import { entriesOf, type Place, resolve, type Run, settled } from './context.ts';
import type { Entry } from './entry.ts';
import { type Edges, type GraphOutcome, reverse, runGraph } from './graph.ts';
import { contextOf, drop, entryOf, permit, write } from './job.ts';
import { lookFor } from './look.ts';
import { type Context, isAction, type JsonObject, type Kind } from './resource.ts';
import { type Ledger, type Result, track } from './track.ts';

/** Records to be removed, by label, and for each label those that must be gone before it. */
export interface Removal {
	readonly places: ReadonlyMap<string, Place>;
	readonly before: Edges;
}

/**
 * The recorded edges, flipped: what uses an object goes before it.
 * The label is the key; `scope/key` where several scopes record the same key.
 */
export function removalOf<C>(run: Run<C>, places: readonly Place[]): Removal {
	const count = new Map<string, number>();
	for (const { key } of places) count.set(key, (count.get(key) ?? 0) + 1);
	const labels = new Map(places.map((place) => [`${place.scope}/${place.key}`, count.get(place.key) === 1 ? place.key : `${place.scope}/${place.key}`]));
	const uses = places.map(({ scope, key }) => {
		const dependsOn = entriesOf(run, scope)[key]?.dependsOn ?? [];
		const known = dependsOn.flatMap((reference) => labels.get(resolve(scope, reference)) ?? []);
		return [labels.get(`${scope}/${key}`) ?? key, new Set(known)] as const;
	});
	return { places: new Map(places.map((place) => [labels.get(`${place.scope}/${place.key}`) ?? place.key, place])), before: reverse(new Map(uses)) };
}

export function removeAll<C>(run: Run<C>, ledger: Ledger, { places, before }: Removal): Promise<GraphOutcome> {
	return runGraph(before, run.limit, run.signal, async (label) => {
		const place = places.get(label);
		const entry = place && entryOf({ run, place });
		if (!entry) return;
		const step = { label, place, type: entry.type, dependsOn: [...(before.get(label) ?? [])] };
		await track(run, ledger, step, async (announce) => {
			const ctx: Context<C> = { ...contextOf({ run, place }, entry), note: (message) => run.emit({ type: 'note', key: label, message }) };
			const removed = await removeOne({ run, ledger, place, ctx, announce: () => announce('delete') }, entry);
			await drop({ run, place });
			return removed;
		});
	}, concernsTheRun);
}

/** What one object meets, such as somebody else's that holds it, does not keep others from being removed. */
function concernsTheRun(error: unknown): boolean {
	const ofOneObject: readonly number[] = [Exit.failed, Exit.unclean];
	return !(error instanceof UserError) || !ofOneObject.includes(error.exit);
}

interface Job<C> {
	readonly run: Run<C>;
	readonly ledger: Ledger;
	readonly place: Place;
	readonly ctx: Context<C>;
	announce(): void;
}

/** @throws UserError `UnknownType` where a record was written by a version that knew more */
export function kindOf<C>(run: Run<C>, place: Place, { type }: Pick<Entry, 'type'>): Kind<C> {
	const kind = run.kinds.get(type);
	if (kind) return kind;
	throw new UserError('UnknownType', `${place.key} of ${place.scope} is recorded as ${type}, which this version cannot remove`, {
		hint: 'npm install airflow-deploy@latest   # then run the same command again',
	});
}

async function removeOne<C>(job: Job<C>, entry: Entry): Promise<Result> {
	const { run, place, ctx } = job;
	const kind = kindOf(run, place, entry);
	if (isAction(kind)) {
		if (kind.remove && entry.outputs) await callRemove(job, kind.remove.bind(kind), { ...entry, outputs: entry.outputs });
		return { id: null };
	}
	// Recorded before its create call, whose end nobody saw: it may be there.
	const seen = isSettled(run, entry) ? undefined : await lookFor(run, entry, () => kind.find(ctx, entry.inputs, entry.outputs).catch(entry.outputs ? () => undefined : leftAlone));
	const outputs = entry.outputs ?? seen;
	if (!outputs) return { id: null };
	const id = kind.id(outputs);
	if (kind.kept !== undefined) {
		job.ledger.kept.push({ ...place, type: entry.type, id, why: kind.kept });
		return { id: null };
	}
	await callRemove(job, kind.remove.bind(kind), { ...entry, id, outputs });
	return { id, ...(entry.arn === undefined ? {} : { arn: entry.arn }) };
}

/** What was made a moment ago may not show yet: a removal that sees nothing would take it for gone. */
function isSettled<C>({ settle = settled }: Run<C>, { status, outputs, startedAt }: Entry): boolean {
	return outputs !== undefined && (status === 'removing' || Date.now() >= Date.parse(startedAt) + settle.unclear * 1000);
}

/** The create call met somebody else's object, which has the name. */
function leftAlone(error: unknown): undefined {
	if (!(error instanceof UserError) || error.code !== 'ForeignObject') throw error;
}

type Remove<C> = (ctx: Context<C>, outputs: JsonObject) => Promise<void>;

async function callRemove<C>(job: Job<C>, remove: Remove<C>, entry: Entry & { outputs: JsonObject }): Promise<void> {
	job.announce();
	await permit(job.run);
	await write(job, { ...entry, status: 'removing' });
	await remove(job.ctx, entry.outputs);
}
