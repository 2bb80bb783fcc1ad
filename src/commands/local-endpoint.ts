import { join } from 'node:path';

/** The endpoint on this machine of one working directory; what runs behind it is loaded on first use. */
export interface LocalEndpoint {
	/** Where its data, `endpoint.json` and its log lie. */
	readonly directory: string;
	/** Starts it where it does not run, installing what is missing. */
	ensure(): Promise<{ url: string }>;
	/** Undefined where it does not run. */
	running(): Promise<{ url: string; pid: number } | undefined>;
	/** Ends it and everything behind it; its data goes too. */
	stop(): Promise<void>;
	/** Empties the account without restarting. */
	reset(): Promise<void>;
	/** The variables that point any AWS client at it, credentials included. */
	environment(url: string): Promise<Record<string, string>>;
}

export function localEndpoint(cwd: string, onProgress: (line: string) => void): LocalEndpoint {
	const directory = join(cwd, '.airflow-deploy', 'endpoint');
	const control = () => import('../local/control.ts');
	return {
		directory,
		ensure: async () => (await control()).ensureEndpoint({ directory, onProgress }),
		running: async () => (await control()).endpointStatus(directory),
		stop: async () => (await control()).stopEndpoint(directory),
		reset: async () => (await control()).resetEndpoint(directory),
		environment: async (url) => (await control()).endpointEnvironment(url),
	};
}
