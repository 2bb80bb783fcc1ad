import { value } from './define.ts';

const executors = ['local', 'ecs'] as const;
type Executor = (typeof executors)[number];

/** What is not said stays as it is, for a branch too. */
export const executorFlag = {
	executor: value('<name>', 'local: tasks run in the scheduler; ecs: each as a Fargate task of its own', executors),
} as const;

/** As `environment` takes it. */
export function executorOf({ executor }: { readonly executor?: string | undefined }): { executor?: Executor } {
	const chosen = executors.find((name) => name === executor);
	return chosen === undefined ? {} : { executor: chosen };
}
