import type { Options } from './options.ts';
import { filesOf, recordedEnvironments } from './places.ts';
import { holding } from './session.ts';

/**
 * Takes away the record of an environment whose account is gone with its endpoint, and the shared stack's where no other
 * environment is recorded. Calls nothing.
 * @returns how many objects were recorded
 */
export function forget(options: Options): Promise<number> {
	const { config, cwd, aws } = options;
	return holding(options, async ({ environment, shared }) => {
		const isLast = recordedEnvironments(filesOf(cwd, aws, config.environment).directory).every((name) => name === config.environment);
		const gone = isLast ? [environment, shared] : [environment];
		const count = gone.reduce((sum, { entries }) => sum + Object.keys(entries).length, 0);
		for (const state of gone) {
			await state.update((entries) => {
				for (const key of Object.keys(entries)) delete entries[key];
			});
		}
		return count;
	});
}
