import type { Entry } from './entry.ts';
import { entriesOf, type Place, referenceTo, type Run, stateOf } from './context.ts';
import { intent, type Job, permit } from './job.ts';
import type { Kind } from './resource.ts';

/**
 * Sets the present object aside as `<key>~<n>` and notes that another one is about to be made, in one write.
 * All that is recorded as using the node may use the old object until it is brought up again: it gets an edge to it.
 * @returns the entry of the object to be made
 */
export async function supersede<C>(job: Job<C>, kind: Kind<C>, old: Entry): Promise<Entry> {
	const { run, place } = job;
	const aside: Place = { scope: place.scope, key: setAside(job) };
	const next = intent(job, kind);
	await permit(run);
	for (const scope of run.states.keys()) if (scope !== place.scope) await alsoNeed(run, scope, place, aside);
	await stateOf(run, place.scope).update((entries) => {
		for (const [key, entry] of Object.entries(entries)) entries[key] = withEdge(entry, place.scope, place, aside);
		entries[aside.key] = { ...old, status: 'superseded' };
		entries[place.key] = next;
	});
	return next;
}

/** The first free one of `<key>~1`, `<key>~2` …: more than one is left where earlier removals failed. */
function setAside<C>({ run, place }: Pick<Job<C>, 'run' | 'place'>): string {
	const entries = entriesOf(run, place.scope);
	for (let generation = 1; ; generation += 1) if (!(`${place.key}~${generation}` in entries)) return `${place.key}~${generation}`;
}

/** An edge to what is not recorded yet does no harm, so other scopes are written first. */
async function alsoNeed<C>(run: Run<C>, scope: string, place: Place, aside: Place): Promise<void> {
	const uses = Object.values(entriesOf(run, scope)).some(({ dependsOn }) => dependsOn.includes(referenceTo(scope, place)));
	if (!uses) return;
	await stateOf(run, scope).update((entries) => {
		for (const [key, entry] of Object.entries(entries)) entries[key] = withEdge(entry, scope, place, aside);
	});
}

function withEdge(entry: Entry, scope: string, place: Place, aside: Place): Entry {
	return entry.dependsOn.includes(referenceTo(scope, place)) ? { ...entry, dependsOn: [...new Set([...entry.dependsOn, referenceTo(scope, aside)])] } : entry;
}
