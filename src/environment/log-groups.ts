import type { Entry } from '../engine/state.ts';
import type { ComponentLogs } from '../logs/event.ts';
import { Exit, UserError } from '../errors.ts';
import { assertRecorded } from './recorded.ts';
import type { Options } from './options.ts';
import { readStates } from './session.ts';

const prefix = 'log-group-';

/** The environment's log groups: of all components, or of one. @throws UserError `NothingUp` where none is recorded, `NoComponent` where it has none of that name */
export async function logGroups(options: Options, component?: string): Promise<ComponentLogs[]> {
	const entries = (await readStates(options)).get(options.config.environment)?.entries ?? {};
	const known = Object.keys(entries).filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
	if (component !== undefined && known.length > 0 && !known.includes(component)) {
		throw new UserError('NoComponent', `${options.config.environment} has no ${component}: its components are ${known.join(', ')}`, { hint: 'airflow-deploy logs', exit: Exit.usage });
	}
	const groups = Object.entries(entries).filter(([key]) => (component === undefined ? key.startsWith(prefix) : key === prefix + component));
	const recorded = groups.flatMap(([key, entry]) => groupOf(key.slice(prefix.length), entry) ?? []);
	if (recorded.length === 0) assertRecorded(options, undefined);
	return recorded;
}

function groupOf(component: string, { outputs }: Entry): ComponentLogs | undefined {
	const [name, arn] = [outputs?.['name'], outputs?.['arn']];
	return typeof name === 'string' && typeof arn === 'string' ? { component, logGroupName: name, arn: arn.replace(/:\*$/, '') } : undefined;
}
