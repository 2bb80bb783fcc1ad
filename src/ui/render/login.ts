import type { LoginDocument } from '../../environment/documents.ts';
import type { Style } from './style.ts';

const providers = { google: 'Google', github: 'GitHub', oidc: 'your OpenID Connect provider' };

/** How people log in through a provider: there is no password, and the provider must know where to send them back to. */
export function loginLines({ auth, redirectUri }: LoginDocument, { colour }: Pick<Style, 'colour'>): string[] {
	if (auth === 'db') return [];
	return [`log in     with ${providers[auth]}: there is no password here`, `register   ${redirectUri === null ? `<address of the web page>/oauth-authorized/${auth}` : colour.cyan(redirectUri)} as redirect URI there`];
}
