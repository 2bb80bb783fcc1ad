import { type OperationModel, type Reference, type Shape, shapeOf } from './shapes.ts';

/** Names that no member has are kept under this mark: a member's name and its name on the wire may differ. */
export const strange = '?';

interface Branch {
	value?: string;
	readonly parts: Map<string, Branch>;
}

/** Parameters of every request, which no shape names. */
const common = /^(?:Action|Version|AWSAccessKeyId|Signature\w*|Timestamp|SecurityToken|X-Amz-.*|DryRun)$/;
const deepest = 24;

/** The request of a query protocol as an object: `Tag.1.Key=a` becomes `{ Tags: [{ Key: 'a' }] }`. */
export function readForm(parameters: Iterable<readonly [string, string]>, operation: OperationModel, ec2: boolean): Record<string, unknown> {
	const root: Branch = { parts: new Map() };
	const input = shapeOf(operation, operation.input);
	for (const [name, value] of parameters) {
		if (!common.test(name) || (name === 'DryRun' && input.members?.['DryRun'])) plant(root, name.split('.', deepest), value);
	}
	return structure(root, input, { operation, ec2 });
}

function plant(root: Branch, path: readonly string[], value: string): void {
	let at = root;
	for (const part of path) {
		const next: Branch = at.parts.get(part) ?? { parts: new Map() };
		at.parts.set(part, next);
		at = next;
	}
	at.value = value;
}

interface Reading {
	readonly operation: OperationModel;
	readonly ec2: boolean;
}

function read(branch: Branch, reference: Reference, reading: Reading): unknown {
	const shape = shapeOf(reading.operation, reference.shape);
	if (shape.type === 'structure') return structure(branch, shape, reading);
	if (shape.type === 'list') return list(branch, shape, reading);
	if (shape.type === 'map') return map(branch, shape, reading);
	return branch.parts.size > 0 ? Object.fromEntries([...branch.parts.keys()].map((name) => [`${strange}${name}`, ''])) : branch.value;
}

function structure(branch: Branch, shape: Shape, reading: Reading): Record<string, unknown> {
	const members = new Map(Object.entries(shape.members ?? {}).map(([name, reference]) => [wireName(name, reference, reading), name]));
	return Object.fromEntries(
		[...branch.parts].map(([part, inner]) => {
			const name = members.get(part);
			const reference = name === undefined ? undefined : shape.members?.[name];
			return name === undefined || !reference ? [`${strange}${part}`, inner.value ?? ''] : [name, read(inner, reference, reading)];
		}),
	);
}

/** botocore's serialize.py: EC2 writes names with a capital, flat lists of the query protocol are named like their items. */
function wireName(name: string, reference: Reference, { operation, ec2 }: Reading): string {
	if (ec2) return reference.queryName ?? capital(reference.locationName ?? name);
	const target = shapeOf(operation, reference.shape);
	const flat = target.type === 'list' && (target.flattened || reference.flattened);
	return (flat ? target.member?.locationName : undefined) ?? reference.locationName ?? name;
}

const capital = (name: string): string => `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`;

function list(branch: Branch, shape: Shape, reading: Reading): unknown {
	const member = shape.member ?? { shape: '' };
	// An empty list is sent as the bare name.
	if (branch.parts.size === 0) return branch.value === '' || branch.value === undefined ? [] : branch.value;
	const flat = reading.ec2 || shape.flattened;
	const items = flat ? branch : branch.parts.get(member.locationName ?? 'member');
	if (!items) return Object.fromEntries([...branch.parts.keys()].map((name) => [`${strange}${name}`, '']));
	return numbered(items).map((inner) => read(inner, member, reading));
}

function map(branch: Branch, shape: Shape, reading: Reading): unknown {
	const entries = shape.flattened ? branch : (branch.parts.get('entry') ?? branch);
	const [key, value] = [shape.key?.locationName ?? 'key', shape.value?.locationName ?? 'value'];
	return Object.fromEntries(
		numbered(entries).map(({ parts }) => {
			const inner = parts.get(value);
			return [parts.get(key)?.value ?? '', inner && read(inner, shape.value ?? { shape: '' }, reading)];
		}),
	);
}

function numbered({ parts }: Branch): Branch[] {
	return [...parts].filter(([name]) => /^\d{1,6}$/.test(name)).sort(([a], [b]) => Number(a) - Number(b)).map(([, inner]) => inner);
}
