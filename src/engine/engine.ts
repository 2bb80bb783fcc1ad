import type { Look, Run } from './context.ts';
import type { Outcome } from './outcome.ts';
import type { Stack } from './stack.ts';

export type { Look, Run, Settle } from './context.ts';
export { criticalPath, stepsOf, type Done, type Kept, type Outcome, type StepRecord } from './outcome.ts';

export interface PlannedChange {
	key: string;
	scope: string;
	type: string;
	action: 'create' | 'update' | 'replace' | 'delete' | 'run';
	why: string;
}

/**
 * Brings up what the stacks describe, as one graph, each node recorded in its own scope's state.
 * @param goal keys to bring up with all that they need; without it everything, and what is no longer in the stacks is removed
 */
export declare function up<C>(stacks: readonly Stack<C>[], run: Run<C>, goal?: readonly string[]): Promise<Outcome>;

/** Removes all that the states of these scopes record, as one graph. Reads no stack. */
export declare function down<C>(run: Run<C>, scopes: readonly string[]): Promise<Outcome>;

/** What `up` would do; looks only. */
export declare function plan<C>(stacks: readonly Stack<C>[], look: Look<C>, goal?: readonly string[]): Promise<PlannedChange[]>;
