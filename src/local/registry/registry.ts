import { type IncomingMessage, request as httpRequest, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import type { Installer } from '../runtime/installer.ts';
import { digestOf, type ImageBooks, isDigest, RegistryError } from './books.ts';
import { registryProgram } from './program.ts';
import { startStore, type Store, type StoreOptions } from './store.ts';
import { Tokens } from './tokens.ts';

/** `/v2/<repository>/manifests/<tag or digest>`, `/v2/<repository>/blobs/…`, `/v2/<repository>/tags/list` */
const path = /^\/v2\/(.+)\/(?:manifests\/([^/]+)|(blobs\/.+)|tags\/list)$/;

/** `<account>.dkr.ecr.<region>.<suffix>/<repository>` with a tag or a digest. */
const reference = /^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.[a-z.]+\/([^:@]+)(?::([^@]+))?(?:@(sha256:[0-9a-f]{64}))?$/;

/** All repositories share their layers: which of them an image is in is in the books. */
const everything = '/v2/layers/';

/**
 * ECR's registry: Docker's Registry HTTP API V2 with ECR's login (https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html)
 * before a real registry. Layers are the registry's; manifests and tags are in the books that also answer ECR's own API.
 */
export class Registry {
	readonly tokens = new Tokens();
	readonly #place: Place;
	readonly #store: Store;
	readonly #books: ImageBooks;

	private constructor(place: Place, store: Store) {
		this.#place = place;
		this.#books = place.books;
		this.#store = store;
	}

	/** @throws UserError `NoRegistry` */
	static async start(on: Installer, place: Place, options: Omit<StoreOptions, 'command' | 'layers'>): Promise<Registry> {
		return new Registry(place, await startStore({ ...options, command: await registryProgram(on), layers: join(on.cache, 'registry') }));
	}

	/**
	 * Where an engine of this machine finds an image of the account's ECR; undefined: it is another registry's.
	 * @param image as a task definition names it; a tag is resolved to its digest, as ECS does
	 * @throws RegistryError where there is no such repository or image
	 */
	async source(image: string): Promise<ImageSource | undefined> {
		const [, account, region = '', repository = '', tag = 'latest', digest] = reference.exec(image) ?? [];
		if (account !== this.#place.account) return undefined;
		const found = await this.#books.manifest(region, repository, digest ?? tag);
		if (found === undefined) throw new RegistryError(404, 'MANIFEST_UNKNOWN', 'not found');
		const [username = '', password = ''] = Buffer.from(this.tokens.issue(region).authorizationToken, 'base64').toString().split(':');
		return { name: `${new URL(this.#place.url).host}/${repository}@${found.digest}`, login: { username, password } };
	}

	stop(): Promise<void> {
		return this.#store.stop();
	}

	async answer(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
		try {
			await this.#answer(request, response, url);
		} catch (error) {
			if (!(error instanceof RegistryError)) throw error;
			request.resume();
			send(response, request, error.status, { errors: [{ code: error.code, message: error.message }] });
		}
	}

	async #answer(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
		const region = this.tokens.regionOf(request.headers.authorization);
		if (region === undefined) {
			request.resume();
			return send(response, request, 401, 'Not Authorized\n', { 'www-authenticate': `Basic realm="http://${request.headers.host}/",service="ecr.amazonaws.com"` });
		}
		if (url.pathname === '/v2/') return send(response, request, 200, {});
		const [, name = '', reference, blobs] = path.exec(decodeURIComponent(url.pathname)) ?? [];
		if (name === '') throw new RegistryError(404, 'UNSUPPORTED', `${url.pathname} is no path of a registry`);
		const repository = await this.#books.repository(region, name);
		if (blobs !== undefined) return this.#relay(request, response, url, name, blobs);
		if (reference === undefined) return send(response, request, 200, { name, tags: await this.#books.tags(region, name) });
		if (request.method === 'PUT') return this.#put(request, response, { region, name, reference, immutable: repository.immutable });
		return this.#manifest(request, response, { region, name, reference });
	}

	async #manifest(request: IncomingMessage, response: ServerResponse, { region, name, reference }: Asked): Promise<void> {
		if (request.method !== 'GET' && request.method !== 'HEAD') throw new RegistryError(405, 'UNSUPPORTED', 'images are deleted with ecr:BatchDeleteImage');
		const manifest = await this.#books.manifest(region, name, reference);
		if (manifest === undefined) throw new RegistryError(404, 'MANIFEST_UNKNOWN', 'Requested image not found');
		send(response, request, 200, manifest.text, { 'content-type': manifest.mediaType, 'docker-content-digest': manifest.digest });
	}

	/** First to the registry, which knows whether all layers are there; by digest, because tags are the books' own. */
	async #put(request: IncomingMessage, response: ServerResponse, { region, name, reference, immutable }: Asked & { immutable: boolean }): Promise<void> {
		const manifest = await text(request);
		const digest = digestOf(manifest);
		if (isDigest(reference) && reference !== digest) throw new RegistryError(400, 'DIGEST_INVALID', `the manifest's digest is ${digest}`);
		if (immutable && !isDigest(reference) && (await this.#books.manifest(region, name, reference)) !== undefined) {
			throw new RegistryError(400, 'TAG_INVALID', `The image tag '${reference}' already exists in the '${name}' repository and cannot be overwritten because the tag is immutable.`);
		}
		const mediaType = request.headers['content-type'] ?? '';
		const kept = await this.#ask('PUT', `${everything}manifests/${digest}`, { 'content-type': mediaType }, (upstream) => upstream.end(manifest));
		if ((kept.statusCode ?? 502) >= 400) return relayed(kept, response, name);
		kept.resume();
		await this.#books.put(region, name, reference, { text: manifest, mediaType, digest });
		send(response, request, 201, '', { location: `/v2/${name}/manifests/${digest}`, 'docker-content-digest': digest });
	}

	async #relay(request: IncomingMessage, response: ServerResponse, url: URL, name: string, blobs: string): Promise<void> {
		if (url.searchParams.has('from')) url.searchParams.set('from', 'layers');
		const { authorization: _, host: __, connection: ___, expect: ____, ...headers } = request.headers;
		const answer = await this.#ask(request.method ?? 'GET', `${everything}${blobs}${url.search}`, headers, (upstream) => void pipeline(request, upstream).catch((error: Error) => upstream.destroy(error)));
		await relayed(answer, response, name);
	}

	#ask(method: string, target: string, headers: NodeJS.Dict<string | string[]>, write: (upstream: ReturnType<typeof httpRequest>) => void): Promise<IncomingMessage> {
		return new Promise((resolve, reject) => {
			const upstream = httpRequest({ socketPath: this.#store.socketPath, method, path: target, headers: { ...headers, host: 'registry' } }, resolve);
			upstream.on('error', reject);
			write(upstream);
		});
	}
}

interface Place {
	/** Of the endpoint, no trailing slash. */
	readonly url: string;
	readonly account: string;
	readonly books: ImageBooks;
}

export interface ImageSource {
	/** `127.0.0.1:<port>/<repository>@<digest>` */
	readonly name: string;
	readonly login: { readonly username: string; readonly password: string };
}

interface Asked {
	readonly region: string;
	readonly name: string;
	/** A tag or a digest. */
	readonly reference: string;
}

async function relayed(answer: IncomingMessage, response: ServerResponse, name: string): Promise<void> {
	const { connection: _, 'keep-alive': __, 'transfer-encoding': ___, location, ...headers } = answer.headers;
	response.writeHead(answer.statusCode ?? 502, { ...headers, ...(location === undefined ? {} : { location: location.replace(everything, `/v2/${name}/`) }) });
	// A client that goes ends it; that is no failure.
	await pipeline(answer, response).catch(() => {});
}

function send(response: ServerResponse, { method }: IncomingMessage, status: number, body: object | string, headers: Record<string, string> = {}): void {
	const content = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
	response.writeHead(status, { 'docker-distribution-api-version': 'registry/2.0', 'content-type': 'application/json', 'content-length': content.length, ...headers });
	response.end(method === 'HEAD' ? undefined : content);
}
