import { form, operationOf, protocolOf } from '../../src/local/front/call.ts';

export interface Named {
	readonly service: string;
	readonly operation: string;
	/** Whether it changes something. */
	readonly mutates: boolean;
	/** The same in each run of the same command: operation and what it is about, e.g. `ec2.CreateSubnet subnet-a`. */
	readonly name: string;
}

interface Request {
	readonly protocol: ReturnType<typeof protocolOf>;
	readonly service: string;
	readonly method: string;
	readonly url: URL;
	readonly headers: Readonly<Record<string, string>>;
	readonly body: Buffer;
}

export function nameOf(request: Request): Named {
	const { protocol, service, method } = request;
	const isRest = protocol === 'rest-json' || protocol === 'rest-xml';
	const named = service === '' ? method : operationOf(request);
	const operation = isRest ? `${named || 'Call'}:${method}` : named;
	const mutates = isRest ? method !== 'GET' && method !== 'HEAD' : !/^(Describe|Get|List|Head|Lookup|Batch(Get|Check)|Simulate|Decode|Filter|Select)/.test(operation);
	return { service, operation, mutates, name: `${service}.${operation} ${subjectOf(request, isRest)}`.trimEnd() };
}

/** What a call is about, without what AWS or chance made of it. */
function subjectOf(request: Request, isRest: boolean): string {
	const members = isRest ? [] : membersOf(request);
	const key = keyTag(isRest ? jsonMembers(request) : members);
	if (key !== undefined) return key;
	if (isRest) return steady(decodeURIComponent(request.url.pathname) + request.url.search.replaceAll(/[?&](x-id|versionId|X-Amz-[^=]*)=[^&]*/g, ''));
	const about = members.filter(([name]) => /(Name|Id|Arn|ARN|Identifier|name|family|cluster|service|task|taskDefinition|GroupId|resourceArn)(\.\d+)*$/.test(name) && !/Token/i.test(name));
	return about.map(([, value]) => steady(value)).join(' ');
}

type Members = (readonly [name: string, value: string])[];

function membersOf(request: Request): Members {
	if (request.protocol === 'json') return jsonMembers(request);
	return [...form(request)].filter(([name]) => name !== 'Action' && name !== 'Version');
}

function jsonMembers({ body }: Request): Members {
	try {
		return flat('', JSON.parse(body.toString()));
	} catch {
		return [];
	}
}

function flat(path: string, value: unknown): Members {
	if (typeof value !== 'object' || value === null) return [[path, String(value)]];
	return Object.entries(value).flatMap(([name, member]) => flat(path === '' ? name : `${path}.${name}`, member));
}

/** The value of the tag `airflow-deploy:key`, however the protocol writes tags. */
function keyTag(members: Members): string | undefined {
	const at = members.find(([, value]) => value === 'airflow-deploy:key');
	if (!at) return undefined;
	const value = at[0].replace(/[Kk]ey$/, (word) => (word === 'Key' ? 'Value' : 'value'));
	return members.find(([name]) => name === value)?.[1];
}

/** Ids, hashes and random parts are others in each run. */
function steady(text: string): string {
	return text.replaceAll(/[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}|\b[0-9a-f]{8,64}\b|-[A-Za-z]{6}$|:\d+$/g, '…');
}
