import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import { element, escapeXml, writeXml } from '../xml.ts';

/** How a service words requests and answers; `ec2` is the query protocol with another shape of error. */
export type Protocol = 'query' | 'ec2' | 'json' | 'rest-json' | 'rest-xml';

export interface Answer {
	readonly status: number;
	readonly headers: Readonly<Record<string, string>>;
	readonly body: Buffer;
	/** What follows the body as it comes. */
	readonly stream?: Readable;
}

/** What AWS would refuse: `code` and `message` as AWS gives them. */
export class AwsError extends Error {
	readonly code: string;
	readonly status: number;
	/** Further members of the error, e.g. EFS's `FileSystemId`. */
	readonly members: Readonly<Record<string, string>>;

	constructor(code: string, message: string, { status = 400, members = {} }: { status?: number; members?: Readonly<Record<string, string>> } = {}) {
		super(message);
		this.name = code;
		this.code = code;
		this.status = status;
		this.members = members;
	}
}

/** The error in the shape that the service's clients parse. */
export function failureAnswer(protocol: Protocol, { code, message, status, members }: AwsError): Answer {
	const requestId = randomUUID();
	switch (protocol) {
		case 'ec2':
			return xml(status, writeXml(element('Response', { Errors: { Error: { Code: code, Message: message, ...members } }, RequestID: requestId })), requestId);
		case 'query':
			return xml(status, writeXml(element('ErrorResponse', { Error: { Type: status < 500 ? 'Sender' : 'Receiver', Code: code, Message: message, ...members }, RequestId: requestId })), requestId);
		case 'rest-xml':
			return xml(status, writeXml(element('Error', { Code: code, Message: message, ...members, RequestId: requestId, HostId: 'local' })), requestId);
		case 'json':
			return json(status, { __type: code, message, ...members }, requestId);
		case 'rest-json':
			// EFS names the members ErrorCode and Message, newer services message; SDKs take the code from the header.
			return json(status, { ErrorCode: code, Message: message, message, ...members }, requestId, { 'x-amzn-errortype': code });
		default:
			throw protocol satisfies never;
	}
}

/** A successful answer of the query protocol: `<ActionResponse><ActionResult>…`; EC2 puts the members straight into the response. */
export function queryAnswer(protocol: 'query' | 'ec2', operation: string, namespace: string, result: Parameters<typeof element>[1]): Answer {
	const requestId = randomUUID();
	const attribute = ` xmlns="${escapeXml(namespace)}"`;
	const members = typeof result === 'object' && !Array.isArray(result) ? result : {};
	const content = protocol === 'ec2' ? { requestId, ...members } : { [`${operation}Result`]: result, ResponseMetadata: { RequestId: requestId } };
	return xml(200, writeXml(element(`${operation}Response`, content, attribute)), requestId);
}

export function jsonAnswer(status: number, body: object): Answer {
	return json(status, body, randomUUID());
}

function xml(status: number, text: string, requestId: string): Answer {
	return { status, headers: { 'content-type': 'text/xml', 'x-amzn-requestid': requestId, 'x-amz-request-id': requestId }, body: Buffer.from(text) };
}

function json(status: number, body: object, requestId: string, headers: Record<string, string> = {}): Answer {
	return { status, headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': requestId, ...headers }, body: Buffer.from(JSON.stringify(body)) };
}
