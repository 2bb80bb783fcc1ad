import { EventEmitter } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { advise } from '../../src/commands/advice.ts';
import { watchInterrupts } from '../../src/interrupts.ts';
import { errorDocument } from '../../src/ui/errors.ts';
import type { Ui } from '../../src/ui/ui.ts';
import { run } from './run.ts';

/** An endpoint that answers every call in the same way. */
async function endpoint(status: number, body: string): Promise<string> {
	const server: Server = createServer((request, response) => {
		request.resume();
		response.writeHead(status, { 'content-type': 'text/xml' }).end(body);
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	onTestFinished(() => void server.close());
	return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
const keys = { AWS_ACCESS_KEY_ID: 'AKIA', AWS_SECRET_ACCESS_KEY: 'secret' };
const refusal = (code: string, message: string) => `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>r-1</RequestId></ErrorResponse>`;

test('a dead endpoint is reported within a second', async () => {
	const began = performance.now();
	const { exit, stderr } = await run(['status'], { env: { ...keys, AWS_ENDPOINT_URL: 'http://127.0.0.1:9' } });
	expect(performance.now() - began).toBeLessThan(2000);
	expect([exit, stderr]).toEqual([1, 'error: nothing answers at http://127.0.0.1:9 (ECONNREFUSED)\nhint:  airflow-deploy local start   # prints the URL of the local endpoint; or unset AWS_ENDPOINT_URL\n']);
});

test('an endpoint URL that is none', async () => {
	expect(await run(['status'], { env: { ...keys, AWS_ENDPOINT_URL: 'localhost:4566' } })).toMatchObject({ exit: 2, stderr: expect.stringContaining('AWS_ENDPOINT_URL is no http or https URL: "localhost:4566"') as string });
});

test('expired credentials: exit 1, also as a document', async () => {
	const AWS_ENDPOINT_URL = await endpoint(403, refusal('ExpiredToken', 'The security token included in the request is expired'));
	const { exit, stdout } = await run(['up', '--json'], { env: { ...keys, AWS_SESSION_TOKEN: 't', AWS_ENDPOINT_URL } });
	expect(exit).toBe(1);
	expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'ExpiredCredentials', message: 'the AWS credentials have expired: The security token included in the request is expired' } });
});

test('--verbose shows calls and causes', async () => {
	const AWS_ENDPOINT_URL = await endpoint(403, refusal('InvalidClientTokenId', 'The security token included in the request is invalid.'));
	const { stderr } = await run(['status', '--verbose'], { env: { ...keys, AWS_ENDPOINT_URL } });
	expect(stderr).toContain('call STS GetCallerIdentity\n');
	expect(stderr).toContain('cause: InvalidClientTokenId: The security token included in the request is invalid.');
});

test('a variable that redirects one service is named', async () => {
	const { stderr } = await run(['status'], { env: { AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:1' } });
	expect(stderr).toContain('note: AWS_ENDPOINT_URL_S3 sends the calls of one service to http://127.0.0.1:1\n');
});

describe('what nobody explained is a defect, with a reference that stays the same', () => {
	const broken = (): Error => new TypeError('x is not a function');

	test('message, reference, exit 1', () => {
		const [first, second] = [1, 2].map(() => advise(broken(), {}));
		expect(first?.message).toMatch(/^a defect of airflow-deploy \(reference [0-9a-f]{8}\): TypeError: x is not a function$/);
		expect(first?.message).toBe(second?.message);
		expect(first?.exit).toBe(1);
	});

	test('as a document', () => {
		expect(errorDocument(advise('only text', {}))).toMatchObject({ error: { code: 'Defect', cause: '"only text"' } });
	});
});

test('files that cannot be written are no defect', () => {
	const error = Object.assign(new Error("ENOSPC: no space left on device, write '/x'"), { code: 'ENOSPC', path: '/x', syscall: 'write' });
	expect(advise(error, {})).toMatchObject({ code: 'FileFailed', message: 'cannot write /x: the disk is full (ENOSPC)', exit: 1 });
});

describe('signals', () => {
	function watched(command: { graceful?: true; endless?: true }, notes: string[] = []) {
		const signals = new EventEmitter();
		const exits: number[] = [];
		const interrupts = watchInterrupts({ signals, exit: (code) => exits.push(code) }, command, () => ({ asking: false, note: (line: string) => notes.push(line), close: () => {} }) as unknown as Ui);
		return { signals, exits, interrupts };
	}

	test.each(['SIGINT', 'SIGTERM', 'SIGHUP'])('the first %s stops new steps, the second ends at once', (name) => {
		const { signals, exits, interrupts } = watched({ graceful: true });
		signals.emit(name);
		expect([interrupts.signal.aborted, exits]).toEqual([true, []]);
		signals.emit(name);
		expect(exits).toEqual([130]);
	});

	test('a command that changes nothing ends at the first', () => {
		const { signals, exits } = watched({});
		signals.emit('SIGINT');
		expect(exits).toEqual([130]);
	});

	test('an endless command is told, and nobody else', () => {
		const notes: string[] = [];
		const { signals, exits, interrupts } = watched({ endless: true }, notes);
		signals.emit('SIGINT');
		expect([interrupts.signal.aborted, exits, notes]).toEqual([true, [], []]);
	});

	test('nothing is left listening', () => {
		const { signals, interrupts } = watched({ graceful: true });
		interrupts.dispose();
		expect(signals.eventNames()).toEqual([]);
	});

	test('an aborted wait is an interruption, not a defect', () => {
		const controller = new AbortController();
		controller.abort();
		expect(advise(controller.signal.reason, {}, controller.signal)).toMatchObject({ code: 'Interrupted', exit: 130 });
	});
});
