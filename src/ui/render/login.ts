import type { LoginDocument } from '../../environment/documents.ts';
import type { Style } from './style.ts';

const providers = { google: 'Google', github: 'GitHub', oidc: 'your OpenID Connect provider' };

export function howToLogIn(auth: Exclude<LoginDocument['auth'], 'db'>): string {
	return `with ${providers[auth]}: there is no password here`;
}

/** How people log in through a provider: there is no password, and the provider must know where to send them back to. */
export function loginLines({ auth, redirectUri }: LoginDocument, { colour }: Pick<Style, 'colour'>): string[] {
	if (auth === 'db') return [];
	return [`log in     ${howToLogIn(auth)}`, `register   ${redirectUri === null ? `<address of the web page>/oauth-authorized/${auth}` : colour.cyan(redirectUri)}`, '           at the provider, as redirect URI'];
}
