import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer, Server as HttpsServer } from 'node:https';
import type { SecureVersion } from 'node:tls';
import type { Identity } from '../runtime/certificate.ts';
import { releaseAddress, takeAddress } from '../runtime/addresses.ts';
import { forward, type Front } from './forward.ts';
import { ownAnswer, plainAnswer } from './own-answers.ts';
import type { TargetGroup } from './target-group.ts';

export type Action =
	| { readonly type: 'forward'; readonly targetGroup: string }
	| { readonly type: 'redirect'; readonly url: Readonly<Record<'protocol' | 'host' | 'port' | 'path' | 'query', string>>; readonly status: 301 | 302 }
	| { readonly type: 'fixed-response'; readonly status: number; readonly contentType: string; readonly body: string };

export interface Listener {
	readonly arn: string;
	readonly port: number;
	readonly protocol: 'HTTP' | 'HTTPS';
	readonly action: Action;
	/** Of HTTPS. */
	readonly identity: Identity | undefined;
	readonly minVersion: SecureVersion;
}

/** Where a plain user may not listen below 1024, a listener's port is this much higher. */
const unprivileged = 8000;

/** A load balancer that listens: on a loopback address of its own. */
export class LoadBalancer {
	readonly #address: string;
	readonly #offset: number;
	readonly #groupOf: (arn: string) => TargetGroup | undefined;
	readonly #servers = new Map<string, { listener: Listener; server: Server }>();
	idleSeconds = 60;

	private constructor(address: string, offset: number, groupOf: (arn: string) => TargetGroup | undefined) {
		this.#address = address;
		this.#offset = offset;
		this.#groupOf = groupOf;
	}

	/** @throws Error where neither 443 and 80 nor their stand-ins are free on any address */
	static async start(groupOf: (arn: string) => TargetGroup | undefined, offsets: readonly number[] = [0, unprivileged]): Promise<LoadBalancer> {
		for (const offset of offsets) {
			const address = await takeAddress([443 + offset, 80 + offset]);
			if (address !== undefined) return new LoadBalancer(address, offset, groupOf);
		}
		throw new Error('no loopback address has the ports of a load balancer free');
	}

	/** What leads to its HTTPS listener: an address, with a port where that is not 443. */
	get dnsName(): string {
		return this.#offset === 0 ? this.#address : `${this.#address}:${443 + this.#offset}`;
	}

	get listeners(): Listener[] {
		return [...this.#servers.values()].map(({ listener }) => listener);
	}

	/** Starts to listen, or goes on by other rules. */
	async listen(listener: Listener): Promise<void> {
		const present = this.#servers.get(listener.arn);
		if (present && present.listener.port === listener.port && present.listener.protocol === listener.protocol) {
			present.listener = listener;
			if (listener.identity && present.server instanceof HttpsServer) present.server.setSecureContext(tlsOf(listener));
			return;
		}
		await this.unlisten(listener.arn);
		const answer = (request: IncomingMessage, response: ServerResponse): void => this.#respond(listener.arn, request, response);
		const server = listener.protocol === 'HTTPS' ? createHttpsServer(tlsOf(listener), answer) : createHttpServer(answer);
		server.keepAliveTimeout = this.idleSeconds * 1000;
		server.requestTimeout = 0;
		this.#servers.set(listener.arn, { listener, server });
		await new Promise<void>((resolve, reject) => server.once('error', reject).listen(listener.port + this.#offset, this.#address, resolve));
	}

	async unlisten(arn: string): Promise<void> {
		const server = this.#servers.get(arn)?.server;
		if (!server) return;
		this.#servers.delete(arn);
		const closed = new Promise((resolve) => server.close(resolve));
		server.closeAllConnections();
		await closed;
	}

	async close(): Promise<void> {
		await Promise.all([...this.#servers.keys()].map((arn) => this.unlisten(arn)));
		releaseAddress(this.#address);
	}

	#respond(arn: string, request: IncomingMessage, response: ServerResponse): void {
		const listener = this.#servers.get(arn)?.listener;
		if (!listener) return void response.destroy();
		const front: Front = { protocol: listener.protocol, port: listener.port, idleSeconds: this.idleSeconds };
		const { action } = listener;
		if (action.type === 'redirect') return ownAnswer(response, action.status, { Location: redirection(action.url, request, front) });
		if (action.type === 'fixed-response') return plainAnswer(response, action.status, action.contentType, action.body);
		forward(request, response, this.#groupOf(action.targetGroup), front);
	}
}

function tlsOf({ identity, minVersion }: Listener) {
	return { cert: identity?.certificate, key: identity?.key, minVersion };
}

/** `https://#{host}:443/#{path}?#{query}` with what the request says (Elastic Load Balancing, "Redirect actions"). */
function redirection(to: Extract<Action, { type: 'redirect' }>['url'], { headers, url = '/' }: IncomingMessage, { protocol, port }: Front): string {
	const [path = '', query = ''] = url.split(/\?(.*)/s);
	const said: Readonly<Record<string, string>> = { protocol: protocol.toLowerCase(), host: (headers.host ?? '').replace(/:\d+$/, ''), port: String(port), path: path.replace(/^\//, ''), query };
	const filled = (text: string): string => text.replaceAll(/#\{(\w+)\}/g, (whole, name: string) => said[name] ?? whole);
	const asked = filled(to.query);
	return `${filled(to.protocol).toLowerCase()}://${filled(to.host)}:${filled(to.port)}${filled(to.path)}${asked === '' ? '' : `?${asked}`}`;
}
