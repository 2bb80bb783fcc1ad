import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Place } from '../stacks/inputs.ts';

const root = (cwd: string): string => join(cwd, '.airflow-deploy', 'state');

/** Files of one environment in one account and region. */
export function filesOf(cwd: string, { account, region }: Pick<Place, 'account' | 'region'>, environment: string) {
	const directory = join(root(cwd), `${account}-${region}`);
	return {
		directory,
		state: join(directory, `${environment}.json`),
		lock: join(directory, `${environment}.lock`),
		/** Outlives a teardown: how long each step took. */
		history: join(directory, 'history.jsonl'),
	};
}

/** Other accounts and regions in which this working directory has the environment, as `<account>-<region>`. */
export function elsewhere(cwd: string, place: Pick<Place, 'account' | 'region'>, environment: string): string[] {
	if (!existsSync(root(cwd))) return [];
	const here = `${place.account}-${place.region}`;
	return readdirSync(root(cwd)).filter((name) => name !== here && existsSync(join(root(cwd), name, `${environment}.json`)));
}

/** Environments that are recorded here, `shared` aside. */
export function recordedEnvironments(directory: string): string[] {
	if (!existsSync(directory)) return [];
	const states = readdirSync(directory).filter((name) => name.endsWith('.json'));
	return states.map((name) => name.slice(0, -'.json'.length)).filter((name) => name !== 'shared');
}
