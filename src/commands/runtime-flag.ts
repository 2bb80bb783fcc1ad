import { value } from './define.ts';
import type { RuntimeName } from './local-endpoint.ts';

const runtimes = ['process', 'docker'] as const satisfies readonly RuntimeName[];

/** Of a local endpoint that is to be started; one that runs must have the same. */
export const runtimeFlag = {
	runtime: value('<name>', 'local target: tasks are processes (process, the default) or containers (docker)', runtimes),
} as const;

/** As `connect` takes it. */
export function runtimeOf({ runtime }: { readonly runtime?: string | undefined }): { runtime?: RuntimeName } {
	const chosen = runtimes.find((name) => name === runtime);
	return chosen === undefined ? {} : { runtime: chosen };
}
