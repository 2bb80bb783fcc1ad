import { Agent, createServer, type IncomingMessage, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { type Answer, AwsError, failureAnswer } from '../../src/local/front/failure.ts';
import { protocolOf } from '../../src/local/front/call.ts';
import { scopeOf } from '../../src/local/front/caller.ts';
import { type Named, nameOf } from './call-name.ts';

/** A request of the command line to AWS. */
export interface Sent extends Named {
	readonly accessKey: string;
	readonly method: string;
	readonly target: string;
	readonly headers: IncomingMessage['headers'];
	readonly body: Buffer;
	/** The endpoint's answer, to this request or to one a little different. */
	forward(other?: { readonly target?: string; readonly body?: Buffer }): Promise<Answer>;
	/** An error as its service words it. */
	failure(code: string, message: string, status?: number): Answer;
}

/** What becomes of a request; undefined: the connection breaks. */
export type Interference = (sent: Sent) => Promise<Answer | undefined>;

/** The network between the command line and an endpoint: a proxy that tests let answer otherwise. */
export class Wire {
	readonly url: string;
	/** The same place in words that nobody takes for this machine. */
	readonly farUrl: string;
	/** What is done with each request. */
	interfere: Interference = (sent) => sent.forward();
	/** Called with each request, in the order of arrival. */
	note: (sent: Sent) => void = () => {};
	readonly #server: Server;
	readonly #agent: Agent;

	private constructor(server: Server, agent: Agent) {
		this.#server = server;
		this.#agent = agent;
		const { port } = server.address() as AddressInfo;
		this.url = `http://127.0.0.1:${port}`;
		this.farUrl = `http://[::ffff:127.0.0.1]:${port}`;
	}

	static async to(endpointUrl: string): Promise<Wire> {
		const agent = new Agent({ keepAlive: true });
		let wire: Wire | undefined;
		const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
			const broken = (): void => void request.socket.destroy();
			const answered = async (): Promise<void> => {
				const sent = await readRequest(request, endpointUrl, agent);
				wire?.note(sent);
				const answer = await wire?.interfere(sent);
				if (answer === undefined) return broken();
				response.writeHead(answer.status, { ...answer.headers });
				response.end(request.method === 'HEAD' ? undefined : answer.body);
			};
			answered().catch(broken);
		});
		await new Promise<void>((resolve) => server.listen(0, '::ffff:127.0.0.1', resolve));
		wire = new Wire(server, agent);
		return wire;
	}

	/** As without any weather. */
	calm(): void {
		this.interfere = (sent) => sent.forward();
		this.note = () => {};
	}

	close(): void {
		this.#server.close();
		this.#server.closeAllConnections();
		this.#agent.destroy();
	}
}

async function readRequest(request: IncomingMessage, endpointUrl: string, agent: Agent): Promise<Sent> {
	const { method = 'GET', url: target = '/', headers } = request;
	const body = await buffer(request);
	const url = new URL(`http://endpoint${target}`);
	const scope = scopeOf(request, url);
	const service = scope?.service ?? '';
	const plain = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
	const protocol = protocolOf(service, plain);
	return {
		...nameOf({ protocol, service, method, url, headers: plain, body }),
		accessKey: scope?.accessKey ?? '',
		method,
		target,
		headers,
		body,
		forward: (other) => exchange(endpointUrl, agent, { method, target, headers, body, ...other }),
		failure: (code, message, status = 400) => failureAnswer(protocol, new AwsError(code, message, { status })),
	};
}

function exchange(endpointUrl: string, agent: Agent, { method, target, headers, body }: Pick<Sent, 'method' | 'target' | 'headers' | 'body'>): Promise<Answer> {
	return new Promise((resolve, reject) => {
		const { 'transfer-encoding': _, connection: __, expect: ___, host: ____, ...kept } = headers;
		const outgoing = httpRequest(new URL(target, endpointUrl), { method, agent, headers: { ...kept, 'content-length': body.length } }, (response) => {
			buffer(response).then((answer) => resolve({ status: response.statusCode ?? 502, headers: answerHeaders(response), body: answer }), reject);
		});
		outgoing.on('error', reject);
		outgoing.end(body);
	});
}

function answerHeaders({ headers }: IncomingMessage): Record<string, string> {
	const { connection: _, 'keep-alive': __, 'transfer-encoding': ___, ...kept } = headers;
	return Object.fromEntries(Object.entries(kept).map(([name, value]) => [name, String(value)]));
}
