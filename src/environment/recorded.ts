import type { Entries, Entry } from '../engine/state.ts';
import { UserError } from '../errors.ts';
import { definitionWith, serviceWith } from './components.ts';
import type { Options } from './options.ts';
import { elsewhere } from './places.ts';
import { webAddress } from './web-address.ts';

/** @throws UserError `NothingUp`, which names where else the environment is recorded */
export function assertRecorded(options: Options, entry: Entry | undefined): asserts entry is Entry {
	if (entry) return;
	const { config, aws, cwd } = options;
	const [other] = elsewhere(cwd, aws, config.environment);
	const isLocal = other?.startsWith('000000000000-') === true;
	const where = other === undefined ? '' : isLocal ? '; it is recorded on the local target' : `; it is recorded in ${other}`;
	throw new UserError('NothingUp', `${config.environment} is not up in account ${aws.account}, ${aws.region}${where}`, {
		hint: isLocal ? 'add --local to the same command' : 'airflow-deploy up',
	});
}

/** `https://` and the name that the webserver was deployed with; undefined where it has none. */
export function namedAddress(entries: Entries): string | undefined {
	const { containerDefinitions } = (definitionWith(entries, 'webserver')?.inputs['definition'] ?? {}) as { containerDefinitions?: { environment?: { name: string; value: string }[] }[] };
	return containerDefinitions?.flatMap(({ environment = [] }) => environment).find(({ name }) => name === 'AIRFLOW__WEBSERVER__BASE_URL')?.value;
}

/** The web page's address now; null where it has no name and no webserver runs. */
export async function currentAddress({ aws }: Options, entries: Entries): Promise<string | null> {
	const named = namedAddress(entries);
	if (named !== undefined) return named;
	const { cluster, name } = serviceWith(entries, 'webserver')?.outputs ?? {};
	return typeof cluster === 'string' && typeof name === 'string' ? webAddress(aws, cluster, name) : null;
}
