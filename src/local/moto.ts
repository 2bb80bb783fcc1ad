import { Agent, type IncomingMessage, request as httpRequest, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { packageRoot } from '../package.ts';
import { type Answer, AwsError } from './front/failure.ts';
import { type Call, type JsonRecord, memberOf } from './front/call.ts';
import { supervise } from './runtime/supervisor.ts';
import { child, type Element, parseXml, textOf } from './xml.ts';

export const account = '000000000000';

/** Loaded right after the start, in the order in which a deployment meets them. */
const services = ['sts', 's3', 'iam', 'ec2', 'efs', 'secretsmanager', 'logs', 'rds', 'ecr'];

const settings = {
	MOTO_ACCOUNT_ID: account,
	// AttachRolePolicy of an AWS managed policy is NoSuchEntity without.
	MOTO_IAM_LOAD_MANAGED_POLICIES: 'true',
	MOTO_EC2_LOAD_DEFAULT_AMIS: 'false',
	MOTO_DISABLE_GLOBAL_CORS: 'true',
	// Seconds after which moto would call a certificate issued by itself: never.
	MOTO_ACM_VALIDATION_WAIT: '4000000000',
};

/** A call of ours, below the laws. */
export interface Question {
	readonly service: string;
	readonly region: string;
	readonly operation: string;
}

type Sent = Pick<Call, 'service' | 'region' | 'accessKey' | 'method' | 'target' | 'headers' | 'body' | 'operation'>;

/** The emulator that keeps the books of every service but ECS: a child process on a port of its own. */
export class Moto {
	readonly exited: Promise<number>;
	readonly #port: number;
	readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });
	readonly #end: () => void;

	private constructor(port: number, exited: Promise<number>, end: () => void) {
		this.#port = port;
		this.exited = exited;
		this.#end = end;
	}

	/**
	 * Resolves once it listens. Its lines (tracebacks of calls that it cannot answer) go to `onLine`.
	 * @param python of the environment that holds moto
	 */
	static async start(python: string, directory: string, onLine: (line: string) => void): Promise<Moto> {
		return new Promise((resolve, reject) => {
			const program = supervise({
				python,
				command: [python, '-I', join(packageRoot, 'templates', 'moto_server.py'), ...services],
				environment: { ...settings, PATH: process.env['PATH'] ?? '', HOME: directory, LANG: 'C.UTF-8' },
				directory,
				onLine: (line) => {
					const port = /^listening on (\d+)$/.exec(line)?.[1];
					if (port === undefined) onLine(line);
					else resolve(new Moto(Number(port), program.exited, () => program.kill()));
				},
			});
			void program.exited.then((code) => reject(new Error(`moto ended with exit code ${code} while it started`)));
		});
	}

	/** The answer to a call whose body is here. */
	async send(call: Sent): Promise<Answer> {
		const response = await this.#exchange(call, (outgoing) => outgoing.end(call.body));
		const body = await buffer(response);
		const status = response.statusCode ?? 502;
		if (status >= 500 && response.headers['content-type']?.startsWith('text/html')) throw unanswerable(call);
		return { status, headers: plainHeaders(response), body };
	}

	/** Hands a call through in both directions without keeping its body or its answer. */
	async pipe(call: Sent, incoming: IncomingMessage, answer: ServerResponse, headers: Readonly<Record<string, string>>): Promise<void> {
		const response = await this.#exchange(call, (outgoing) => void pipeline(incoming, bounded, outgoing).catch((error: Error) => outgoing.destroy(error)));
		if ((response.statusCode ?? 502) >= 500) {
			response.resume();
			throw unanswerable(call);
		}
		answer.writeHead(response.statusCode ?? 502, { ...plainHeaders(response), ...headers });
		await pipeline(response, answer);
	}

	/** A call of the query protocols. @throws AwsError with moto's code where moto refuses */
	async query(question: Question, parameters: Readonly<Record<string, string>>): Promise<Element> {
		const body = new URLSearchParams({ Action: question.operation, ...parameters }).toString();
		const answer = await this.send(ask(question, 'POST', '/', body, { 'content-type': 'application/x-www-form-urlencoded' }));
		return understood(answer);
	}

	/** A call of the JSON protocol. `target` is what stands before the dot of X-Amz-Target. */
	async json(question: Question, target: string, body: object): Promise<JsonRecord> {
		const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `${target}.${question.operation}` };
		return record(await this.send(ask(question, 'POST', '/', JSON.stringify(body), headers)));
	}

	/** A call of a REST protocol with a JSON answer (EFS). */
	async rest(question: Question, method: string, target: string, body?: object): Promise<JsonRecord> {
		return record(await this.send(ask(question, method, target, body && JSON.stringify(body), { 'content-type': 'application/json' })));
	}

	/** A call of a REST protocol with an XML answer (Route 53). */
	async xml(question: Question, method: string, target: string): Promise<Element> {
		return understood(await this.send(ask(question, method, target, undefined, {})));
	}

	/** Empties the account. */
	async reset(): Promise<void> {
		await this.send(ask({ service: 's3', region: 'us-east-1', operation: 'reset' }, 'POST', '/moto-api/reset', '', {}));
	}

	end(): void {
		this.#agent.destroy();
		this.#end();
	}

	#exchange(call: Sent, write: (outgoing: ReturnType<typeof httpRequest>) => void): Promise<IncomingMessage> {
		return new Promise((resolve, reject) => {
			const outgoing = httpRequest({ host: '127.0.0.1', port: this.#port, agent: this.#agent, method: call.method, path: call.target, headers: this.#headers(call) }, resolve);
			outgoing.on('error', reject);
			write(outgoing);
		});
	}

	#headers(call: Sent): Record<string, string> {
		const { expect: _, connection: __, ...headers } = call.headers;
		const length = call.body === undefined ? {} : { 'content-length': String(call.body.length) };
		// moto finds the service in the header only; a presigned URL carries it in its query.
		const authorization = `AWS4-HMAC-SHA256 Credential=${call.accessKey}/20200101/${call.region}/${call.service}/aws4_request, SignedHeaders=host, Signature=0`;
		return { ...headers, ...length, authorization, host: `127.0.0.1:${this.#port}` };
	}
}

/** Amazon S3 User Guide, "Uploading objects": the most of one PUT. Without a length the size is known only at the end. */
const largestObject = 5 * 1024 ** 3;

async function* bounded(parts: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
	let size = 0;
	for await (const part of parts) {
		size += part.length;
		if (size > largestObject) throw new AwsError('EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size');
		yield part;
	}
}

function ask({ service, region, operation }: Question, method: string, target: string, body: string | undefined, headers: Record<string, string>): Sent {
	return { service, region, operation, accessKey: 'local', method, target, headers, body: body === undefined ? undefined : Buffer.from(body) };
}

/** Not a 500: every SDK would repeat the call several times before it reports it. */
function unanswerable({ service, operation, method, target }: Sent): AwsError {
	return new AwsError('NotImplemented', `the local endpoint cannot answer ${service}:${operation === '' ? `${method} ${target}` : operation}; local logs shows why`, { status: 501 });
}

/** Without what belongs to the connection to moto alone. */
function plainHeaders({ headers }: IncomingMessage): Record<string, string> {
	const { connection: _, 'keep-alive': __, 'transfer-encoding': ___, ...rest } = headers;
	return Object.fromEntries(Object.entries(rest).flatMap(([name, value]) => (value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]])));
}

function understood({ status, body }: Answer): Element {
	const document = parseXml(body.toString());
	if (status < 400) return document;
	const error = child(document, 'Error') ?? child(document, 'Errors', 'Error') ?? document;
	throw new AwsError(textOf(error, 'Code') ?? 'InternalFailure', textOf(error, 'Message') ?? '', { status });
}

function record({ status, headers, body }: Answer): JsonRecord {
	const parsed = (body.length > 0 ? JSON.parse(body.toString()) : {}) as JsonRecord;
	if (status < 400) return parsed;
	const code = headers['x-amzn-errortype'] ?? parsed['__type'] ?? parsed['ErrorCode'];
	throw new AwsError(typeof code === 'string' ? code.split('#').at(-1) ?? code : 'InternalFailure', memberOf(parsed, 'message') ?? memberOf(parsed, 'Message') ?? '', { status });
}
