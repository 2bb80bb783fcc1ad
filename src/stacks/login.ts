import type { JsonObject } from '../engine/resource.ts';
import type { Settings } from './airflow-settings.ts';

/** Airflow's own user table, or the provider that people log in with. */
export type Auth = 'db' | 'google' | 'github' | 'oidc';

/** Who logs in to the web page, and how: kept in the anchor. The client's secret is no part of it. */
export interface LoginOptions {
	readonly auth: Auth;
	/** Of an OpenID Connect provider, or a GitHub Enterprise Server; null: the provider's own. */
	readonly issuer: string | null;
	readonly clientId: string | null;
	readonly allowedDomains: readonly string[];
	readonly allowedEmails: readonly string[];
	readonly adminEmails: readonly string[];
	readonly defaultRole: string;
	/** The claim that holds a person's groups, and `group=Role` for each group that gives a role. */
	readonly roleClaim: string;
	readonly roleMapping: readonly string[];
}

/** Users that Airflow itself keeps, with passwords. */
export const passwords: LoginOptions = { auth: 'db', issuer: null, clientId: null, allowedDomains: [], allowedEmails: [], adminEmails: [], defaultRole: 'Viewer', roleClaim: 'groups', roleMapping: [] };

/** As an anchor keeps it. */
export function loginDocument({ allowedDomains, allowedEmails, adminEmails, roleMapping, ...rest }: LoginOptions): JsonObject {
	return { ...rest, allowedDomains: [...allowedDomains], allowedEmails: [...allowedEmails], adminEmails: [...adminEmails], roleMapping: [...roleMapping] };
}

/** Where the provider sends people back to: what is to be registered there. @param url of the web page, without trailing slash */
export function redirectUri({ auth }: Pick<LoginOptions, 'auth'>, url: string): string {
	return `${url}/oauth-authorized/${auth}`;
}

const session = 'airflow.api.auth.backend.session';

/**
 * What webserver_config.py reads (airflow/image/airflow_deploy/login/settings.py), and whom the REST API believes: passwords
 * only while there are any.
 * @param secretVersion of the client's secret: containers get a new value only when they are started anew
 */
export function loginSettings(login: LoginOptions, secretVersion: string | undefined): Settings {
	if (login.auth === 'db') return { AIRFLOW_DEPLOY_AUTH: 'db', AIRFLOW__API__AUTH_BACKENDS: `${session},airflow.api.auth.backend.basic_auth` };
	return {
		AIRFLOW__API__AUTH_BACKENDS: session,
		AIRFLOW_DEPLOY_AUTH: login.auth,
		AIRFLOW_DEPLOY_OAUTH_ISSUER: login.issuer ?? '',
		AIRFLOW_DEPLOY_OAUTH_CLIENT_ID: login.clientId ?? '',
		AIRFLOW_DEPLOY_OAUTH_CLIENT_SECRET_VERSION: secretVersion ?? '',
		AIRFLOW_DEPLOY_ALLOWED_DOMAINS: login.allowedDomains.join(','),
		AIRFLOW_DEPLOY_ALLOWED_EMAILS: login.allowedEmails.join(','),
		AIRFLOW_DEPLOY_ADMIN_EMAILS: login.adminEmails.join(','),
		AIRFLOW_DEPLOY_DEFAULT_ROLE: login.defaultRole,
		AIRFLOW_DEPLOY_ROLE_CLAIM: login.roleClaim,
		AIRFLOW_DEPLOY_ROLE_MAPPING: login.roleMapping.join(','),
	};
}
