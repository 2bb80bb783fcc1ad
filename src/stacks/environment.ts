import type { Aws } from '../aws/clients.ts';
import type { Stack } from '../engine/stack.ts';
import { balancerKeys } from './balancer.ts';
import { branchStack } from './branch.ts';
import type { StackInputs } from './inputs.ts';
import { mainStack } from './main.ts';
import type { Shared } from './shared.ts';

/** What commands ask for: all, or a part with all that it depends on. */
export type Goal = 'up' | 'upload' | 'db-init' | 'deploy';

const mainGoals: Readonly<Record<Goal, readonly string[] | undefined>> = {
	up: undefined,
	upload: ['bundle-parsed'],
	'db-init': ['init'],
	deploy: ['service-webserver', 'service-scheduler', 'bundle-parsed'],
};
/** A branch's database lives and is initialised in the task of its service. */
const branchGoals: Readonly<Record<Goal, readonly string[] | undefined>> = {
	up: undefined,
	upload: ['bundle-parsed'],
	'db-init': ['service-airflow'],
	deploy: ['service-airflow', 'bundle-parsed'],
};

/** What the environment is made of. */
export function environmentStack(inputs: StackInputs, shared: Shared): Stack<Aws> {
	return inputs.branch ? branchStack(inputs, shared, inputs.branch) : mainStack(inputs, shared);
}

/**
 * What a goal ends with; undefined: all. A release takes away what it no longer has. Without a scheduler there is nobody to
 * parse what is uploaded.
 */
export function partOf(goal: Goal, inputs: StackInputs): { keys: readonly string[]; removesOthers: boolean } | undefined {
	const { branch, runningScheduler } = inputs;
	const keys = goal === 'upload' && runningScheduler === undefined ? ['bundle'] : (branch ? branchGoals : mainGoals)[goal];
	return keys && { keys: goal === 'deploy' ? [...keys, ...balancerKeys(inputs)] : keys, removesOthers: goal === 'deploy' };
}
