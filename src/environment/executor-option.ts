import type { AnchorDocument } from '../resources/s3-anchor.ts';
import type { Executor } from '../stacks/inputs.ts';
import { loginKeys } from './login-option.ts';
import type { Options } from './options.ts';
import { recordedOptions } from './recorded-options.ts';

/** What is recorded of it in an environment's anchor; anchors of before had none, and were local. */
export function recordedExecutor(anchor: Pick<AnchorDocument, 'options'> | undefined): Executor {
	return recordedOptions(anchor?.options).text('executor') === 'ecs' ? 'ecs' : 'local';
}

/** A flag over what is configured, over what the environment has; a new one runs its tasks in the scheduler. */
export function executorOption({ executor, config }: Pick<Options, 'executor' | 'config'>, anchor: AnchorDocument | undefined): Executor {
	return executor ?? config.executor ?? recordedExecutor(anchor);
}

/** The same environment with nothing wished for: what stands was made from what its anchor says. */
export function asRecorded(options: Options): Options {
	const unset = Object.fromEntries(loginKeys.map((key) => [key, undefined])) as Partial<Options['config']>;
	return { ...options, asRecorded: true, branch: undefined, executor: undefined, config: { ...options.config, ...unset, executor: undefined } };
}
