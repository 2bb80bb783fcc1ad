import type { Aws } from '../../src/aws/clients.ts';
import type { Config } from '../../src/config/config.ts';
import type { StatusDocument } from '../../src/environment/documents.ts';
import { Pace } from '../../src/logs/pace.ts';
import { passwords } from '../../src/stacks/login.ts';
import { httpRequest } from '../../src/validate/http-request.ts';
import type { Deployed, Session } from '../../src/validate/session.ts';

/** An environment that is up, with its web page at `url`; AWS itself cannot be reached. */
export function deployedAt(url: string | null, running = 1): Deployed {
	const services = ['webserver', 'scheduler'].map((name) => ({ name: `airflow-main-${name}`, containers: [name], desired: 1, running, pending: 0, taskDefinition: `airflow-main-${name}:3`, rollout: 'COMPLETED' }));
	const status = {
		environment: 'main', target: 'aws', account: '111122223333', region: 'eu-central-1', endpoint: 'http://127.0.0.1:1', phase: 'up',
		webserver: { url, healthy: true },
		login: { auth: 'db', redirectUri: null },
		scheduler: { healthy: true, heartbeatAgeSeconds: 2 },
		bundle: { uploaded: '77373fbf91f6ea6d', parsed: '77373fbf91f6ea6d', dags: 2, importErrors: [] },
		services,
		resources: [],
	} as unknown as StatusDocument;
	return {
		aws: { account: '111122223333', region: 'eu-central-1', partition: 'aws', endpoint: 'http://127.0.0.1:1', client: () => { throw new Error('AWS cannot be reached'); } } as unknown as Aws,
		config: { project: 'airflow', environment: 'main', target: 'aws' } as Config,
		status,
		credentials: { url, username: 'admin', password: 'right' },
		credentialsError: undefined,
		login: passwords,
		manifest: { format: 1, bundle: '77373fbf91f6ea6d', restart: 'r', files: {} },
		executor: 'local',
		request: httpRequest,
		allowedCidrs: ['203.0.113.7/32'],
		flags: '',
		pace: new Pace(1000, 1000),
	};
}

export function sessionOf(deployed: Deployed, more: Partial<Session> = {}): Session {
	return {
		deployed,
		wishes: { dags: [], all: false, timeout: 300, browser: false, headed: false },
		dags: [],
		began: Date.now(),
		signal: new AbortController().signal,
		runs: [],
		logPages: new Map(),
		busy: () => {},
		containerSession: () => Promise.reject(new Error('no container')),
		...more,
	};
}
