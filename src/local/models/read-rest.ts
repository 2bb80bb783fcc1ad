import { type Element, parseXml } from '../xml.ts';
import type { Routed } from './routes.ts';
import { type OperationModel, type Reference, type Shape, shapeOf } from './shapes.ts';
import { strange } from './read-form.ts';

interface RestRequest {
	readonly url: URL;
	readonly headers: Readonly<Record<string, string>>;
	/** undefined where it goes straight through. */
	readonly body: Buffer | undefined;
	readonly xml: boolean;
}

/** Query parameters of signatures and SDKs. */
const common = /^(?:x-id|X-Amz-.*|AWSAccessKeyId|Signature|Expires)$/;

/**
 * The request of a REST protocol as an object: path, query, headers and body together.
 * @throws XmlError, SyntaxError where the body is not what the protocol says
 */
export function readRest(request: RestRequest, operation: OperationModel, { labels }: Routed): Record<string, unknown> {
	const input = shapeOf(operation, operation.input);
	const located = Object.entries(input.members ?? {}).map(([name, reference]) => [name, typed(locatedValue(name, reference, request, operation, labels), shapeOf(operation, reference.shape), request)] as const);
	const known = new Set(Object.entries(input.members ?? {}).flatMap(([name, { location, locationName }]) => (location === 'querystring' ? [locationName ?? name] : [])));
	const ofPath = new URLSearchParams(operation.path.split('?')[1] ?? '');
	const strangers = [...request.url.searchParams.keys()].filter((name) => !known.has(name) && !common.test(name) && !ofPath.has(name));
	return {
		...Object.fromEntries(located.filter(([, value]) => value !== undefined)),
		...Object.fromEntries(strangers.map((name) => [`${strange}${name}`, ''])),
		...bodyOf(request, operation, input),
	};
}

function locatedValue(name: string, { location, locationName = name, shape }: Reference, { url, headers }: RestRequest, operation: OperationModel, labels: Routed['labels']): unknown {
	switch (location) {
		case 'uri':
			return labels[locationName];
		case 'querystring': {
			const values = url.searchParams.getAll(locationName);
			return shapeOf(operation, shape).type === 'list' ? (values.length > 0 ? values : undefined) : values[0];
		}
		case 'header':
			return headers[locationName.toLowerCase()];
		case 'headers': {
			const found = Object.entries(headers).filter(([header]) => header.startsWith(locationName.toLowerCase())).map(([header, value]) => [header.slice(locationName.length), value]);
			return found.length > 0 ? Object.fromEntries(found) : undefined;
		}
		case 'statusCode':
		case undefined:
			return undefined;
		default:
			throw location satisfies never;
	}
}

/** A JSON body has numbers and truth values of their own; those in path and query are then read alike. */
function typed(value: unknown, { type }: Shape, { xml }: RestRequest): unknown {
	if (xml || typeof value !== 'string') return value;
	if (type === 'boolean') return value === 'true' ? true : value === 'false' ? false : value;
	return (type === 'integer' || type === 'long') && /^-?\d+$/.test(value) ? Number(value) : value;
}

function bodyOf({ body, xml }: RestRequest, operation: OperationModel, input: Shape): Record<string, unknown> {
	const text = body?.toString() ?? '';
	if (text === '') return {};
	const payload = input.payload === undefined ? undefined : input.members?.[input.payload];
	const target = payload ? shapeOf(operation, payload.shape) : input;
	if (target.type !== 'structure') return { [input.payload ?? '']: text };
	const read = xml ? readElement(parseXml(text), target, operation) : (JSON.parse(text) as unknown);
	return input.payload === undefined ? (read as Record<string, unknown>) : { [input.payload]: read };
}

function readElement(element: Element, shape: Shape, operation: OperationModel): unknown {
	if (shape.type === 'structure') return readStructure(element, shape, operation);
	if (shape.type === 'list') {
		const name = shape.member?.locationName ?? 'member';
		return element.children.map((child) => (child.name === name ? readElement(child, shapeOf(operation, shape.member?.shape), operation) : { [`${strange}${child.name}`]: '' }));
	}
	if (shape.type === 'map') return Object.fromEntries(element.children.map((entry) => [textIn(entry, shape.key?.locationName ?? 'key'), textIn(entry, shape.value?.locationName ?? 'value')]));
	return element.children.length > 0 ? Object.fromEntries(element.children.map(({ name }) => [`${strange}${name}`, ''])) : element.text;
}

function readStructure(element: Element, shape: Shape, operation: OperationModel): Record<string, unknown> {
	const members = new Map(Object.entries(shape.members ?? {}).filter(([, { location }]) => location === undefined).map(([name, reference]) => [xmlName(name, reference, operation), { name, reference }]));
	const read: Record<string, unknown> = {};
	for (const child of element.children) {
		const member = members.get(child.name);
		if (!member) {
			read[`${strange}${child.name}`] = '';
			continue;
		}
		const target = shapeOf(operation, member.reference.shape);
		const flat = target.type === 'list' && (target.flattened || member.reference.flattened);
		if (flat) read[member.name] = [...((read[member.name] as unknown[] | undefined) ?? []), readElement(child, shapeOf(operation, target.member?.shape), operation)];
		else read[member.name] = readElement(child, target, operation);
	}
	for (const [name, { xmlAttribute, locationName = name }] of Object.entries(shape.members ?? {})) if (xmlAttribute && element.attributes.includes(`${locationName}=`)) read[name] = attribute(element, locationName);
	return read;
}

function xmlName(name: string, reference: Reference, operation: OperationModel): string {
	const target = shapeOf(operation, reference.shape);
	const flat = target.type === 'list' && (target.flattened || reference.flattened);
	return reference.locationName ?? (flat ? target.member?.locationName : undefined) ?? name;
}

function attribute({ attributes }: Element, name: string): string {
	return new RegExp(`${name}\\s*=\\s*["']([^"']*)["']`).exec(attributes)?.[1] ?? '';
}

function textIn({ children }: Element, name: string): string {
	return children.find((child) => child.name === name)?.text ?? '';
}
