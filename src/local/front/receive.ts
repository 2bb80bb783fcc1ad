import type { IncomingMessage } from 'node:http';
import { type Call, operationOf, protocolOf } from './call.ts';
import { missingSignature, scopeOf } from './caller.ts';
import { AwsError, type Protocol } from './failure.ts';

/** Larger than any call that is no object: an ECR layer part (20 MiB) in base64. */
const largestCall = 32 * 1024 * 1024;
const largestObject = 5 * 1024 * 1024 * 1024;
const streamed = new Set(['ObjectOperation', 'PutObject', 'BucketOperation', 'ListBuckets', 'HeadBucket']);

/** A request that no service gets to see, and the protocol to say so in. */
export class Refusal {
	readonly protocol: Protocol;
	readonly error: AwsError;
	constructor(protocol: Protocol, error: AwsError) {
		this.protocol = protocol;
		this.error = error;
	}
}

/** The call that a request is; its body is read, unless it is an object of S3. */
export async function callOf(request: IncomingMessage, url: URL): Promise<Call | Refusal> {
	const headers = plain(request);
	try {
		const scope = scopeOf(request, url);
		if (!scope) {
			const { protocol, error } = missingSignature(request);
			return new Refusal(protocol, error);
		}
		const named = { ...scope, protocol: protocolOf(scope.service, headers), method: request.method ?? 'GET', target: request.url ?? '/', url, headers };
		const restOperation = scope.service === 's3' ? operationOf({ ...named, body: undefined }) : '';
		if (streamed.has(restOperation) && !isBatch(named)) {
			if (Number(headers['content-length'] ?? 0) > largestObject) return new Refusal('rest-xml', new AwsError('EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size'));
			return { ...named, operation: restOperation, body: undefined };
		}
		const body = await readBody(request);
		return { ...named, body, operation: operationOf({ ...named, body }) };
	} catch (error) {
		if (error instanceof AwsError) return new Refusal(protocolOf('', headers), error);
		throw error;
	}
}

/** `POST /bucket?delete` names objects and is none. */
function isBatch({ method, url }: Pick<Call, 'method' | 'url'>): boolean {
	return method === 'POST' && url.searchParams.has('delete');
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
	const parts: Buffer[] = [];
	let size = 0;
	for await (const part of request as AsyncIterable<Buffer>) {
		size += part.length;
		if (size > largestCall) throw new AwsError('RequestEntityTooLarge', `the request is larger than ${largestCall} bytes`, { status: 413 });
		parts.push(part);
	}
	return Buffer.concat(parts);
}

/** The protocol in which to report that a request failed, whatever became of it. */
export function protocolFor(request: IncomingMessage): Protocol {
	const url = urlOf(request);
	const service = /\/([a-z0-9-]+)\/aws4_request/.exec(request.headers.authorization ?? url?.searchParams.get('X-Amz-Credential') ?? '')?.[1];
	return protocolOf(service ?? '', plain(request));
}

/** undefined where the request line holds no path. */
export function urlOf({ url }: IncomingMessage): URL | undefined {
	// A path may begin with two slashes, which alone would be read as a host.
	return URL.canParse(`http://endpoint${url ?? '/'}`) && url?.startsWith('/') ? new URL(`http://endpoint${url}`) : undefined;
}

/** The path as moto would see it; one that cannot be decoded counts as one of its own. */
export function decoded(path: string): string {
	try {
		return decodeURIComponent(path);
	} catch {
		return '/moto-api/';
	}
}

function plain({ headers }: IncomingMessage): Record<string, string> {
	return Object.fromEntries(Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]])));
}
