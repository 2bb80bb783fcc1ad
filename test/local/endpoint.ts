import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { settings } from '../../src/aws/clients.ts';
import { ensureEndpoint, stopEndpoint } from '../../src/local/control.ts';
import { processStart } from '../../src/local/record.ts';
import { badInput, checkRequests, recordRequests } from '../requests.ts';

export interface TestEndpoint {
	readonly url: string;
	readonly directory: string;
	/** An SDK client of the endpoint for tests of what it refuses, in us-east-1 unless said otherwise. */
	client<C>(type: new (config: never) => C, region?: string): C;
	stop(): Promise<void>;
}

/** A local endpoint of its own in a new directory. */
export async function startEndpoint(): Promise<TestEndpoint> {
	const parent = await temporaryDirectory();
	const directory = join(parent, 'endpoint');
	recordRequests(parent);
	const { url } = await ensureEndpoint({ directory, onProgress: () => {} });
	return {
		url,
		directory,
		client: (type, region = 'us-east-1') => new type({ ...settings({ region, endpoint: url, credentials: { accessKeyId: 'any', secretAccessKey: 'any' } }), maxAttempts: 1, customUserAgent: badInput } as never),
		async stop() {
			await stopEndpoint(directory);
			try {
				checkRequests(parent);
			} finally {
				await rm(parent, { recursive: true, force: true });
			}
		},
	};
}

export function temporaryDirectory(): Promise<string> {
	return mkdtemp(join(tmpdir(), 'local-endpoint-test-'));
}

/** What AWS refused, `Code: message`; fails where the call succeeds. */
export async function refusal(call: Promise<unknown>): Promise<string> {
	const answered = await call.then(
		() => 'the call was not refused',
		(error: unknown) => error,
	);
	if (!(answered instanceof Error)) throw new Error(String(answered));
	return `${answered.name}: ${answered.message}`;
}

export interface PlainAnswer {
	readonly status: number;
	readonly headers: NodeJS.Dict<string | string[]>;
	readonly body: string;
}

/** A request as it is, without an SDK. `scope` signs it: `s3`, or `s3/eu-west-1`. */
export function plain(url: string, options: { method?: string; path?: string; headers?: Record<string, string>; body?: string | Buffer; scope?: string } = {}): Promise<PlainAnswer> {
	const { method = 'GET', path = '/', headers = {}, body, scope } = options;
	return new Promise((resolve, reject) => {
		const request = httpRequest(url, { method, path, agent: false, headers: { 'user-agent': badInput, ...(scope === undefined ? {} : { authorization: signature(scope) }), ...headers } }, (response) => {
			text(response).then((answer) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: answer }), reject);
		});
		request.on('error', reject);
		request.end(body);
	});
}

function signature(scope: string): string {
	const [service = '', region = 'us-east-1'] = scope.split('/');
	return `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261124/${region}/${service}/aws4_request, SignedHeaders=host, Signature=0`;
}

/** Polls until `done` is true; fails with `what` after some seconds. */
export async function eventually(what: string, done: () => boolean | Promise<boolean>, seconds = 15): Promise<void> {
	const began = performance.now();
	while (!(await done())) {
		if (performance.now() - began > seconds * 1000) throw new Error(`waited ${seconds} s in vain until ${what}`);
		await delay(20);
	}
}

/** All processes below one, by pid and start, so that `isGone` is sure of them. */
export function descendantsOf(pid: number): { pid: number; start: string; command: string }[] {
	const children = readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) && parentOf(Number(name)) === pid ? [Number(name)] : []));
	return children.flatMap((child) => [{ pid: child, start: processStart(child) ?? '', command: commandOf(child) }, ...descendantsOf(child)]);
}

export const isGone = ({ pid, start }: { pid: number; start: string }): boolean => processStart(pid) !== start;

function parentOf(pid: number): number | undefined {
	try {
		return Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[1]);
	} catch {
		return undefined;
	}
}

function commandOf(pid: number): string {
	try {
		return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
	} catch {
		return '';
	}
}
