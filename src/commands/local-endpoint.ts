import { join } from 'node:path';
import type { EndpointStatus, Latency, RuntimeName } from '../local/control.ts';

export type { RuntimeName } from '../local/control.ts';

/** How a new endpoint is started. */
interface EndpointWishes {
	/** Absent: any free one. */
	readonly port?: number;
	readonly latency?: Latency;
	readonly iam?: boolean;
	readonly runtime?: RuntimeName;
}

/** The endpoint on this machine of one working directory; what runs behind it is loaded on first use. */
export interface LocalEndpoint {
	/** Where its data, `endpoint.json` and its log lie. */
	readonly directory: string;
	/** Starts it where it does not run, installing what is missing. @throws UserError `OtherRuntime` where it runs with another one than wished for */
	readonly ensure: (how?: EndpointWishes) => Promise<{ url: string }>;
	readonly status: () => Promise<EndpointStatus>;
	/** Ends it and everything behind it; its data goes too. Returns whether there was one. */
	readonly stop: () => Promise<boolean>;
	/** Empties the account without restarting. */
	readonly reset: () => Promise<void>;
	/** The variables that point any AWS client at it, credentials included; an empty one must be unset. */
	readonly environment: (url: string, region: string) => Promise<Readonly<Record<string, string>>>;
	/** Path of its log. */
	readonly log: () => Promise<string>;
}

export function localEndpoint(cwd: string, onProgress: (line: string) => void): LocalEndpoint {
	const directory = join(cwd, '.airflow-deploy', 'endpoint');
	const control = () => import('../local/control.ts');
	return {
		directory,
		ensure: async (how = {}) => (await control()).ensureEndpoint({ directory, onProgress, ...how }),
		status: async () => (await control()).endpointStatus(directory),
		stop: async () => (await control()).stopEndpoint(directory),
		reset: async () => (await control()).resetEndpoint(directory),
		environment: async (url, region) => (await control()).endpointEnvironment(url, region),
		log: async () => (await control()).endpointLog(directory),
	};
}
