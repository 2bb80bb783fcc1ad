import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import type { PageRoute } from '../environment/page-route.ts';
import type { Answer } from './airflow-api.ts';

interface RequestOptions {
	readonly method?: string;
	readonly headers?: Record<string, string>;
	readonly body?: string | URLSearchParams;
	readonly seconds?: number;
}

/** A request without a browser; redirects are not followed. */
export type HttpRequest = (url: string, options?: RequestOptions) => Promise<Answer & { headers: Headers }>;

/** Seconds after which a page counts as one that does not answer. */
const patience = 20;

/** By the world's DNS, and the authorities that Node trusts. @throws what fetch throws */
export const httpRequest: HttpRequest = async (url, { seconds = patience, ...init } = {}) => {
	const answer = await fetch(url, { ...init, redirect: 'manual', signal: AbortSignal.timeout(seconds * 1000) });
	return { status: answer.status, text: await answer.text(), headers: answer.headers };
};

/** The same, but the page's name leads where its route says, and its certificate must be of the route's authority. */
export function requestsBy(route: PageRoute | undefined): HttpRequest {
	return (url, options = {}) => (route && new URL(url).hostname === route.name ? send(route, new URL(url), options) : httpRequest(url, options));
}

async function send({ name, address, port, authority }: PageRoute, { pathname, search }: URL, { method = 'GET', headers = {}, body, seconds = patience }: RequestOptions): Promise<Answer & { headers: Headers }> {
	const type = body instanceof URLSearchParams ? { 'content-type': 'application/x-www-form-urlencoded' } : {};
	const answer = await new Promise<IncomingMessage>((resolve, reject) => {
		const sent = request({ host: address, port, servername: name, ca: authority, method, path: pathname + search, headers: { host: name, ...type, ...headers }, agent: false, signal: AbortSignal.timeout(seconds * 1000) }, resolve);
		sent.once('error', reject);
		sent.end(body?.toString());
	});
	const received = new Headers();
	for (let index = 0; index < answer.rawHeaders.length; index += 2) received.append(answer.rawHeaders[index] ?? '', answer.rawHeaders[index + 1] ?? '');
	return { status: answer.statusCode ?? 0, text: await text(answer), headers: received };
}
