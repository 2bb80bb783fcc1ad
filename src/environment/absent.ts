import type { StatusDocument } from './documents.ts';

type Where = Pick<StatusDocument, 'environment' | 'target' | 'account' | 'region' | 'endpoint'>;

/** The status of an environment that is not there. */
export function absent(where: Where): StatusDocument {
	return {
		...where,
		phase: 'absent',
		expiresAt: null,
		webserver: { url: null, healthy: false },
		login: { auth: 'db', redirectUri: null },
		scheduler: { healthy: false, heartbeatAgeSeconds: null },
		bundle: { uploaded: null, parsed: null, dags: 0, importErrors: [] },
		services: [],
		workers: null,
		deaths: [],
		resources: [],
	};
}
