import type { IncomingMessage } from 'node:http';
import { isIPv4 } from 'node:net';
import { AwsError, type Protocol } from './failure.ts';

/** Whom the request is for: the credential scope of its SigV4 signature. Signatures themselves are not checked. */
export interface Scope {
	readonly accessKey: string;
	readonly region: string;
	/** The signing name, e.g. `elasticfilesystem`. */
	readonly service: string;
}

const credential = /^([^/]+)\/\d{8}\/([a-z0-9-]+)\/([a-z0-9-]+)\/aws4_request$/;

/**
 * Reads the scope from the Authorization header or from a presigned URL.
 * @returns undefined where the request is not signed at all
 * @throws AwsError where it is signed in a way that AWS refuses as well
 */
export function scopeOf({ headers }: Pick<IncomingMessage, 'headers'>, url: URL): Scope | undefined {
	const authorization = headers.authorization;
	const presigned = url.searchParams.get('X-Amz-Credential');
	if (authorization === undefined && presigned === null) return undefined;
	const text = authorization === undefined ? presigned : /^AWS4-HMAC-SHA256\s.*?Credential=([^,\s]+)/.exec(authorization)?.[1];
	const [, accessKey, region, service] = credential.exec(text ?? '') ?? [];
	if (accessKey === undefined || region === undefined || service === undefined) throw new AwsError('IncompleteSignature', 'the request must be signed with AWS4-HMAC-SHA256 and carry a credential scope of key/date/region/service/aws4_request');
	return { accessKey, region, service };
}

/** How AWS words the refusal of a request without a signature depends on the protocol the request looks like. */
export function missingSignature({ headers }: Pick<IncomingMessage, 'headers'>): { protocol: Protocol; error: AwsError } {
	if (headers['x-amz-target'] !== undefined) return { protocol: 'json', error: new AwsError('MissingAuthenticationTokenException', 'Missing Authentication Token') };
	if (headers['content-type']?.startsWith('application/x-www-form-urlencoded')) return { protocol: 'query', error: new AwsError('MissingAuthenticationToken', 'Request is missing Authentication Token', { status: 403 }) };
	return { protocol: 'rest-xml', error: new AwsError('AccessDenied', 'Access Denied', { status: 403 }) };
}

/**
 * Only this machine may talk to the endpoint, and no web page that a browser on it shows: a page of elsewhere would send
 * its own Origin or, with an image or a link, Sec-Fetch-Site, and one whose name was made to resolve to 127.0.0.1 its own Host.
 */
export function isLocal({ headers }: Pick<IncomingMessage, 'headers'>): boolean {
	const site = headers['sec-fetch-site'];
	if (site === 'cross-site' || (site === 'same-site' && headers.origin === undefined)) return false;
	return isLoopback(headers.host) && (headers.origin === undefined || isLoopback(/^https?:\/\/([^/]+)$/.exec(headers.origin)?.[1]));
}

/** An authority: 127.x.y.z, localhost or [::1], with any port. */
export function isLoopback(authority: string | undefined): boolean {
	const host = /^(\[::1\]|[^:[\]]+)(?::\d{1,5})?$/.exec(authority ?? '')?.[1]?.toLowerCase();
	return host === 'localhost' || host === '[::1]' || (host !== undefined && isIPv4(host) && host.startsWith('127.'));
}
