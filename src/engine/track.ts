import type { Place, Run } from './context.ts';
import type { StepAction } from './events.ts';
import type { GraphOutcome } from './graph.ts';
import type { Done, Kept, Outcome } from './outcome.ts';

/** What a run has done so far. */
export interface Ledger {
	readonly done: Done[];
	readonly kept: Kept[];
}

export interface Step {
	/** What the outside calls it. */
	readonly label: string;
	readonly place: Place;
	readonly type: string;
	readonly dependsOn: readonly string[];
}

export interface Result {
	readonly id: string | null;
	readonly arn?: string;
}

/** Works on one node, and tells the outside and the ledger. */
export async function track<C>(run: Run<C>, ledger: Ledger, step: Step, work: (announce: (action: StepAction) => void) => Promise<Result>): Promise<void> {
	const { label: key, type } = step;
	const [startedAt, began] = [new Date().toISOString(), performance.now()];
	let action: StepAction = 'none';
	const announce = (next: StepAction) => {
		if (next !== action) run.emit({ type: 'start', key, kind: type, action: next });
		action = next;
	};
	try {
		const result = await work(announce);
		const seconds = (performance.now() - began) / 1000;
		ledger.done.push({ key, scope: step.place.scope, type, action, ...result, startedAt, seconds, dependsOn: step.dependsOn });
		run.emit({ type: 'done', key, kind: type, action, seconds });
	} catch (error) {
		run.emit(isInterruption(run, error) ? { type: 'note', key, message: 'interrupted' } : { type: 'failed', key, kind: type, error });
		throw error;
	}
}

/** A wait that ended because the user interrupted the run. */
export function isInterruption<C>({ signal }: Pick<Run<C>, 'signal'>, error: unknown): boolean {
	return signal.aborted && (error === signal.reason || (error instanceof Error && error.name === 'AbortError'));
}

export function outcomeOf<C>(run: Run<C>, ledger: Ledger, graphs: readonly GraphOutcome[]): Outcome {
	const all = graphs.flatMap(({ failed }) => [...failed]);
	const stopped = all.filter(([, error]) => isInterruption(run, error)).map(([key]) => key);
	const skipped = [...stopped, ...graphs.flatMap((graph) => graph.skipped)];
	return {
		...ledger,
		failed: new Map(all.filter(([key]) => !stopped.includes(key))),
		skipped,
		interrupted: run.signal.aborted && skipped.length > 0,
	};
}
