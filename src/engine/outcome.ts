import type { StepAction } from './events.ts';

/** One node that was worked on to its end. */
export interface Done {
	/** As in the stack; `scope/key` where a removal works on several scopes that use the same key. */
	readonly key: string;
	readonly scope: string;
	readonly type: string;
	readonly action: StepAction;
	/** The physical id; null for actions, and at a removal for what was not there or is kept. */
	readonly id: string | null;
	readonly arn?: string;
	/** ISO 8601. */
	readonly startedAt: string;
	readonly seconds: number;
	/** Keys that this step waited for. */
	readonly dependsOn: readonly string[];
}

/** An object that stays by design. */
export interface Kept {
	readonly key: string;
	readonly scope: string;
	readonly type: string;
	readonly id: string;
	readonly why: string;
}

export interface Outcome {
	readonly done: readonly Done[];
	/** Errors as the kinds threw them, by key. */
	readonly failed: ReadonlyMap<string, unknown>;
	/** Not started or not finished: something failed, or the run was interrupted. */
	readonly skipped: readonly string[];
	readonly kept: readonly Kept[];
	/** The run's signal was aborted before all was done. */
	readonly interrupted: boolean;
}

/** A step as the JSON documents show it: an adopted object counts as created. */
export interface StepRecord {
	key: string;
	type: string;
	action: Exclude<StepAction, 'adopt'>;
	startedAt: string;
	seconds: number;
	dependsOn: string[];
}

export function stepsOf({ done }: Pick<Outcome, 'done'>): StepRecord[] {
	return done.map(({ key, type, action, startedAt, seconds, dependsOn }) => ({
		key,
		type,
		action: action === 'adopt' ? 'create' : action,
		startedAt,
		seconds,
		dependsOn: [...dependsOn],
	}));
}

/**
 * The longest chain of steps that had to wait for each other, in seconds: no parallelism could have been faster.
 * Removals come after all else, so their longest chain is added.
 */
export function criticalPath(steps: readonly Pick<StepRecord, 'key' | 'action' | 'seconds' | 'dependsOn'>[]): number {
	const removals = steps.filter(({ action }) => action === 'delete');
	const others = steps.filter(({ action }) => action !== 'delete');
	return longest(others) + longest(removals);
}

function longest(steps: readonly Pick<StepRecord, 'key' | 'seconds' | 'dependsOn'>[]): number {
	const byKey = new Map(steps.map((step) => [step.key, step]));
	const known = new Map<string, number>();
	const lengthTo = (key: string): number => {
		const step = byKey.get(key);
		if (!step) return 0;
		const length = known.get(key) ?? step.seconds + Math.max(0, ...step.dependsOn.map(lengthTo));
		known.set(key, length);
		return length;
	};
	return Math.max(0, ...steps.map(({ key }) => lengthTo(key)));
}
