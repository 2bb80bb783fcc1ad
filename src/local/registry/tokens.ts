import { randomBytes } from 'node:crypto';

/** What ecr:GetAuthorizationToken gives: Basic credentials of user `AWS`. https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_AuthorizationData.html */
const tokenSeconds = 12 * 3600;

/** The passwords that open the registry, each for one region: this registry has one address for all of them. */
export class Tokens {
	readonly #issued = new Map<string, { readonly region: string; readonly expires: number }>();

	/** @returns the base64 of `AWS:<password>`, and when it ends, in seconds since 1970 */
	issue(region: string): { authorizationToken: string; expiresAt: number } {
		const password = randomBytes(48).toString('base64url');
		const expires = Date.now() + tokenSeconds * 1000;
		this.#issued.set(password, { region, expires });
		return { authorizationToken: Buffer.from(`AWS:${password}`).toString('base64'), expiresAt: Math.floor(expires / 1000) };
	}

	/** The region that a request's Basic credentials are for; undefined: they open nothing. */
	regionOf(authorization: string | undefined): string | undefined {
		const credentials = /^Basic\s+(\S+)$/i.exec(authorization ?? '')?.[1];
		const [, password = ''] = /^AWS:(.+)$/.exec(Buffer.from(credentials ?? '', 'base64').toString()) ?? [];
		const token = this.#issued.get(password);
		return token !== undefined && token.expires > Date.now() ? token.region : undefined;
	}
}
