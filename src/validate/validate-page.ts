import type { Config } from '../config/config.ts';
import { absent } from '../environment/absent.ts';
import type { ValidateDocument } from '../environment/documents.ts';
import { Pace } from '../logs/pace.ts';
import { passwords } from '../stacks/login.ts';
import { requestsBy } from './http-request.ts';
import { examine, type ValidateOptions } from './validate.ts';

interface PageOptions extends Pick<ValidateOptions, 'wishes' | 'cwd' | 'env' | 'signal' | 'observer' | 'busy' | 'note'> {
	readonly config: Config;
	/** No trailing slash. */
	readonly url: string;
	readonly username: string;
	readonly password: string;
}

/** What can be proved of any Airflow by its web page alone: AWS and what was deployed have no part in it. */
export function validatePage({ config, url, username, password, ...options }: PageOptions): Promise<ValidateDocument> {
	const { host } = new URL(url);
	const status = { ...absent({ environment: host, target: config.target, account: '', region: '', endpoint: null }), webserver: { url, healthy: true } };
	const deployed = {
		aws: undefined,
		config: { ...config, environment: host },
		status,
		credentials: { url, username, password },
		credentialsError: undefined,
		manifest: undefined,
		login: passwords,
		executor: 'local' as const,
		allowedCidrs: [],
		flags: '',
		pace: Pace.of(''),
		request: requestsBy(undefined),
	};
	return examine({ ...options, deployed, route: undefined, containerSession: () => Promise.reject(new Error('of a page alone there is no container')), lastUp: async () => undefined });
}
