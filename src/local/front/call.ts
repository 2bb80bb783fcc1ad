import { AwsError, type Protocol } from './failure.ts';
import type { Scope } from './caller.ts';
import { nameRestOperation } from './operations.ts';

/** A request to an AWS service, before it is known whether it is lawful. */
export interface Call extends Scope {
	readonly protocol: Protocol;
	/** As AWS names it, e.g. `CreateVpc`; empty where only moto can tell. */
	readonly operation: string;
	readonly method: string;
	/** Path and query as they came. */
	readonly target: string;
	readonly url: URL;
	readonly headers: Readonly<Record<string, string>>;
	/** ARN of the caller, where the account knows the key. */
	readonly caller?: string | undefined;
	/** The whole body; undefined where it goes straight through (objects in S3). */
	body: Buffer | undefined;
}

export type JsonRecord = Record<string, unknown>;

const xmlServices = new Set(['s3', 'route53', 'cloudfront']);
const queryServices = new Set(['elasticloadbalancing', 'iam', 'rds', 'sts']);

export function protocolOf(service: string, headers: Readonly<Record<string, string>>): Protocol {
	if (service === 'ec2') return 'ec2';
	if (xmlServices.has(service)) return 'rest-xml';
	if (headers['x-amz-target'] !== undefined) return 'json';
	return queryServices.has(service) || headers['content-type']?.startsWith('application/x-www-form-urlencoded') ? 'query' : 'rest-json';
}

/** The operation's name, from where the protocol keeps it. */
export function operationOf(call: Pick<Call, 'protocol' | 'service' | 'method' | 'url' | 'headers' | 'body'>): string {
	switch (call.protocol) {
		case 'json':
			return call.headers['x-amz-target']?.split('.').at(-1) ?? '';
		case 'ec2':
		case 'query':
			return form(call).get('Action') ?? '';
		case 'rest-json':
		case 'rest-xml':
			return nameRestOperation(call.service, call.method, call.url);
		default:
			throw call.protocol satisfies never;
	}
}

/** Parameters of the query protocols, flat as they are sent: `Filter.1.Value.1`. */
export function form(call: Pick<Call, 'body' | 'url'>): URLSearchParams {
	const parameters = new URLSearchParams(call.body?.toString() ?? '');
	for (const [name, value] of call.url.searchParams) parameters.append(name, value);
	return parameters;
}

/** A list of the query protocols: `DBSubnetGroup` sends `SubnetIds.SubnetIdentifier.1`, EC2 `SecurityGroupId.1`. */
export function formList(parameters: URLSearchParams, prefix: string): string[] {
	const pattern = new RegExp(`^${prefix}\\.(?:[A-Za-z]+\\.)?\\d+$`);
	return [...parameters].filter(([name]) => pattern.test(name)).map(([, value]) => value);
}

/** Members of a JSON body. */
export function json(call: Pick<Call, 'body' | 'protocol'>): JsonRecord {
	if (!call.body || call.body.length === 0) return {};
	try {
		const parsed: unknown = JSON.parse(call.body.toString());
		if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as JsonRecord;
	} catch {
		// Answered below, as AWS answers it.
	}
	throw new AwsError('SerializationException', 'the request body is not a JSON object');
}

/** The text of a member, or undefined. */
export function memberOf(record: JsonRecord, name: string): string | undefined {
	const value = record[name];
	return typeof value === 'string' ? value : undefined;
}
