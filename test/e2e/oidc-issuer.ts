import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { type KoaContextWithOIDC, Provider } from 'oidc-provider';

/** The client that the deployed Airflow is, at this issuer. */
export const client = { id: 'airflow', secret: 'the-secret-of-the-client-at-the-issuer' };

/**
 * An OpenID Connect provider on loopback that believes anybody: who one is, is what one types. It is at 127.0.0.2, because 127.0.0.1 is a
 * local task itself.
 */
export interface Issuer {
	readonly url: string;
	/** Redirect URIs that it knows: exactly these. */
	readonly redirectUris: Set<string>;
	/** What it says about a person beside a verified e-mail address, by what was typed. */
	readonly claims: Map<string, Record<string, unknown>>;
	/** Requests that came to it, as `GET /auth`. */
	readonly requests: string[];
	close(): Promise<void>;
}

export async function startIssuer(): Promise<Issuer> {
	const requests: string[] = [];
	const claims: Issuer['claims'] = new Map();
	const redirectUris = new Set<string>();
	let answer: (request: IncomingMessage, response: ServerResponse) => Promise<void> = () => Promise.resolve();
	const server = createServer((request, response) => {
		requests.push(`${request.method} ${request.url?.split('?')[0]}`);
		void answer(request, response);
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.2', resolve));
	const url = `http://127.0.0.2:${(server.address() as AddressInfo).port}`;
	const provider = providerAt(url, claims);
	provider.Client.prototype.redirectUriAllowed = (uri: string) => redirectUris.has(uri);
	answer = async (request, response) => {
		if (request.url?.startsWith('/interaction/') === true) return interact(provider, request, response);
		await provider.callback()(request, response);
	};
	return {
		url, requests, claims, redirectUris,
		async close() {
			server.closeAllConnections();
			await new Promise((resolve) => server.close(resolve));
		},
	};
}

function providerAt(url: string, claims: Issuer['claims']): Provider {
	return new Provider(url, {
		clients: [{ client_id: client.id, client_secret: client.secret, redirect_uris: ['http://127.0.0.1/oauth-authorized/oidc'] }],
		pkce: { required: () => true },
		cookies: { keys: ['a key that signs cookies in tests'] },
		claims: { openid: ['sub'], email: ['email', 'email_verified', 'hd'], profile: ['name', 'groups'] },
		ttl: { Interaction: 600, Session: 3600, Grant: 3600, AccessToken: 600, IdToken: 600, AuthorizationCode: 60 },
		// Its own page loads a font from elsewhere.
		renderError: (context: KoaContextWithOIDC, error: object) => void Object.assign(context, { type: 'text/plain', body: JSON.stringify(error) }),
		features: { devInteractions: { enabled: false } },
		interactions: { url: (_: KoaContextWithOIDC, { uid }: { uid: string }) => `/interaction/${uid}` },
		findAccount: (_: KoaContextWithOIDC, id: string) => ({ accountId: id, claims: () => ({ sub: id, email: id, email_verified: true, name: 'A Person', ...claims.get(id) }) }),
		// Nobody is asked whether Airflow may know their name.
		async loadExistingGrant({ oidc }: KoaContextWithOIDC) {
			const grant = new oidc.provider.Grant({ accountId: oidc.session?.accountId ?? '', clientId: client.id });
			grant.addOIDCScope('openid email profile');
			await grant.save();
			return grant;
		},
	});
}

/** The one page that it has: who are you? */
async function interact(provider: Provider, request: IncomingMessage, response: ServerResponse): Promise<void> {
	if (request.method === 'GET') {
		response.setHeader('content-type', 'text/html').end('<!doctype html><title>Issuer</title><form method="post"><label>E-mail <input name="login" autofocus></label><button type="submit">Log in</button></form>');
		return;
	}
	const accountId = new URLSearchParams(await text(request)).get('login') ?? '';
	await provider.interactionFinished(request, response, { login: { accountId } }, { mergeWithLastSubmission: false });
}
