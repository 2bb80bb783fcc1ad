import { isLoopback } from '../aws/loopback.ts';
import { pageUrl } from '../config/page-url.ts';
import type { Config } from '../config/config.ts';
import { prefix } from '../config/settings.ts';
import type { JsonObject } from '../engine/resource.ts';
import type { Entries } from '../engine/state.ts';
import { Exit, UserError } from '../errors.ts';
import { type Auth, type LoginOptions, passwords, redirectUri } from '../stacks/login.ts';
import type { LoginDocument } from './documents.ts';
import { recordedOptions } from './recorded-options.ts';

const auths = ['db', 'google', 'github', 'oidc'] as const satisfies readonly Auth[];

/** The settings that a login is made of. */
export const loginKeys = ['auth', 'oauthIssuer', 'oauthClientId', 'allowedDomains', 'allowedEmails', 'adminEmails', 'defaultRole', 'roleClaim', 'roleMapping'] as const satisfies readonly (keyof Config)[];

/** What an anchor says about it; those of before had only passwords. */
export function recordedLogin(options: JsonObject | undefined): LoginOptions {
	const kept = recordedOptions(options).within('login');
	if (!kept) return passwords;
	return {
		auth: auths.find((auth) => auth === kept.text('auth')) ?? 'db',
		issuer: kept.text('issuer'),
		clientId: kept.text('clientId'),
		allowedDomains: kept.texts('allowedDomains'),
		allowedEmails: kept.texts('allowedEmails'),
		adminEmails: kept.texts('adminEmails'),
		defaultRole: kept.text('defaultRole') ?? passwords.defaultRole,
		roleClaim: kept.text('roleClaim') ?? passwords.roleClaim,
		roleMapping: kept.texts('roleMapping'),
	};
}

/** Of the environment as it stands. @param entries what is recorded of it */
export function loginOf(entries: Entries): LoginOptions {
	return recordedLogin(anchorOptionsOf(entries));
}

/** What the record says of the anchor. */
export function anchorOptionsOf(entries: Entries): JsonObject | undefined {
	const options = entries['anchor']?.outputs?.['options'];
	return typeof options === 'object' && options !== null && !Array.isArray(options) ? options : undefined;
}

/** @param url of the web page; null where it has none yet */
export function describeLogin(login: LoginOptions, url: string | null | undefined): LoginDocument {
	return { auth: login.auth, redirectUri: login.auth === 'db' || url == null ? null : redirectUri(login, url) };
}

/**
 * What is configured, over what the environment has; a new one has passwords. A branch has no other: no provider knows its address.
 * Issuer and client belong to one provider, so that another one begins without them.
 */
export function loginOption(config: Config, options: JsonObject | undefined, { isBranch }: { isBranch: boolean }): LoginOptions {
	if (isBranch) return passwords;
	const recorded = recordedLogin(options);
	const auth = config.auth ?? recorded.auth;
	const client = auth === recorded.auth ? recorded : passwords;
	return {
		auth,
		issuer: auth === 'db' ? null : (config.oauthIssuer ?? client.issuer),
		clientId: auth === 'db' ? null : (config.oauthClientId ?? client.clientId),
		allowedDomains: config.allowedDomains ?? recorded.allowedDomains,
		allowedEmails: config.allowedEmails ?? recorded.allowedEmails,
		adminEmails: config.adminEmails ?? recorded.adminEmails,
		defaultRole: config.defaultRole ?? recorded.defaultRole,
		roleClaim: config.roleClaim ?? recorded.roleClaim,
		roleMapping: config.roleMapping ?? recorded.roleMapping,
	};
}

/**
 * What comes back from a provider opens the web page: it must not cross a network in plain text.
 * @param endpoint where the calls go: on loopback nothing leaves this machine
 * @throws UserError with exit 2 where people would be sent back to plain HTTP elsewhere
 */
export function assertSafeReturn(auth: Auth | undefined, config: Pick<Config, 'domain'>, endpoint: string | undefined): void {
	if (auth === undefined || auth === 'db' || pageUrl(config) !== undefined || isLoopback(endpoint)) return;
	throw invalid(`${prefix}AUTH: ${auth} would send people back to plain HTTP at an address that is not on this machine, where anybody on the way can take over their session`, `set ${prefix}DOMAIN with ${prefix}HOSTED_ZONE_ID or ${prefix}CERTIFICATE_ARN, which gives the web page HTTPS; or leave ${prefix}AUTH=db`);
}

/** @throws UserError with exit 2 that lists what is missing for anybody to log in */
export function assertCompleteLogin(login: LoginOptions): void {
	const problems = login.auth === 'db' ? [] : loginProblems(login);
	if (problems.length > 0) throw invalid(problems.join('\n  '), 'edit .env, or the variables of your shell');
}

function loginProblems({ auth, issuer, clientId, allowedDomains, allowedEmails, adminEmails, roleMapping }: LoginOptions): string[] {
	const problems: string[] = [];
	if (clientId === null) problems.push(`${prefix}OAUTH_CLIENT_ID: is needed with ${prefix}AUTH=${auth}`);
	if (auth === 'oidc' && issuer === null) problems.push(`${prefix}OAUTH_ISSUER: is needed with ${prefix}AUTH=oidc`);
	if (auth === 'google' && issuer !== null) problems.push(`${prefix}OAUTH_ISSUER: Google has its own; ${prefix}AUTH=oidc is for others`);
	if (auth === 'github' && roleMapping.length > 0) problems.push(`${prefix}ROLE_MAPPING: GitHub tells no groups`);
	if (allowedDomains.length + allowedEmails.length + adminEmails.length === 0) {
		problems.push(`${prefix}AUTH: with ${auth} nobody could log in: set ${prefix}ADMIN_EMAILS, and ${prefix}ALLOWED_DOMAINS or ${prefix}ALLOWED_EMAILS`);
	}
	return problems;
}

function invalid(message: string, hint: string): UserError {
	return new UserError('InvalidConfiguration', `the configuration is not valid: ${message}`, { hint, exit: Exit.usage });
}
