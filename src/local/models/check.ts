import { strange } from './read-form.ts';
import { type OperationModel, type Reference, type Shape, shapeOf } from './shapes.ts';

export interface Violation {
	readonly kind: 'missing' | 'unknown' | 'type' | 'enum' | 'length' | 'value' | 'pattern';
	/** Names of members as the model has them; items of lists by their number from 1. */
	readonly path: readonly string[];
	/** As it came; undefined where it is missing or a secret. */
	readonly value: unknown;
	/** In AWS's words, e.g. `Member must have length less than or equal to 64`. */
	readonly constraint: string;
	readonly type: Shape['type'];
}

interface Checking {
	readonly operation: OperationModel;
	/** Numbers and truth values come as text: in forms, queries, headers and XML. */
	readonly textual: boolean;
	readonly found: Violation[];
}

/** More than these are not reported. */
const most = 20;

/** What the service model does not allow in a request. */
export function check(request: unknown, operation: OperationModel, { textual }: { textual: boolean }): readonly Violation[] {
	const checking = { operation, textual, found: [] };
	checkValue(request, { shape: operation.input ?? '' }, [], checking);
	return checking.found;
}

type Path = readonly string[];

function checkValue(value: unknown, reference: Reference, path: Path, checking: Checking): void {
	if (checking.found.length >= most) return;
	const shape = shapeOf(checking.operation, reference.shape);
	if (shape.type === 'structure') return checkStructure(value, shape, path, checking);
	if (shape.type === 'list') return checkList(value, shape, path, checking);
	if (shape.type === 'map') return checkMap(value, shape, path, checking);
	checkScalar(value, shape, { path, checking, reference });
}

function checkStructure(value: unknown, shape: Shape, path: Path, checking: Checking): void {
	if (!isRecord(value)) return wrongType(value, shape, path, checking);
	for (const name of shape.required ?? []) if (isAbsent(value, name)) checking.found.push({ kind: 'missing', path: [...path, name], value: undefined, constraint: 'Member must not be null', type: shapeOf(checking.operation, shape.members?.[name]?.shape).type });
	for (const [name, inner] of Object.entries(value)) {
		const member = Object.hasOwn(shape.members ?? {}, name) ? shape.members?.[name] : undefined;
		if (!member) checking.found.push({ kind: 'unknown', path: [...path, name.replace(strange, '')], value: undefined, constraint: 'Member is not known', type: 'structure' });
		else if (inner !== null && inner !== undefined) checkValue(inner, member, [...path, name], checking);
	}
}

const isAbsent = (record: Record<string, unknown>, name: string): boolean => !Object.hasOwn(record, name) || record[name] === null || record[name] === undefined;

function checkList(value: unknown, shape: Shape, path: Path, checking: Checking): void {
	if (!Array.isArray(value)) return wrongType(value, shape, path, checking);
	checkSize(value.length, shape, { path, value: undefined, kind: 'length', checking });
	for (const [index, item] of value.entries()) if (item !== null) checkValue(item, shape.member ?? { shape: '' }, [...path, String(index + 1), 'member'], checking);
}

function checkMap(value: unknown, shape: Shape, path: Path, checking: Checking): void {
	if (!isRecord(value)) return wrongType(value, shape, path, checking);
	checkSize(Object.keys(value).length, shape, { path, value: undefined, kind: 'length', checking });
	for (const [key, inner] of Object.entries(value)) {
		checkValue(key, shape.key ?? { shape: '' }, [...path, 'key'], checking);
		if (inner !== null && inner !== undefined) checkValue(inner, shape.value ?? { shape: '' }, [...path, key, 'member'], checking);
	}
}

function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function wrongType(value: unknown, { type, sensitive }: Shape, path: Path, { found }: Checking): void {
	found.push({ kind: 'type', path, value: sensitive ? undefined : value, constraint: `Member must be a ${type}`, type });
}

interface At {
	readonly path: Path;
	readonly checking: Checking;
	readonly reference: Reference;
}

function checkScalar(value: unknown, shape: Shape, { path, checking, reference }: At): void {
	if (!hasType(value, shape.type, checking.textual)) return wrongType(value, shape, path, checking);
	const shown = shape.sensitive ? undefined : value;
	if (shape.type === 'blob' || reference.streaming) return;
	if (isNumber(shape.type)) return checkSize(Number(value), shape, { path, value: shown, kind: 'value', checking });
	if (typeof value !== 'string') return;
	checkSize(value.length, shape, { path, value: shown, kind: 'length', checking });
	if (shape.enum && !shape.enum.includes(value) && !openEnums.has(reference.shape)) checking.found.push({ kind: 'enum', path, value: shown, constraint: `Member must satisfy enum value set: [${shape.enum.join(', ')}]`, type: shape.type });
	if (shape.pattern !== undefined && expression(shape.pattern)?.test(value) === false) checking.found.push({ kind: 'pattern', path, value: shown, constraint: `Member must satisfy regular expression pattern: ${shape.pattern}`, type: shape.type });
}

/** S3 has words of its own for a location that it does not know. */
const openEnums = new Set(['BucketLocationConstraint']);

interface Size {
	readonly path: Path;
	readonly value: unknown;
	readonly kind: 'length' | 'value';
	readonly checking: Checking;
}

function checkSize(size: number, { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY, type }: Shape, { path, value, kind, checking }: Size): void {
	if (size >= min && size <= max) return;
	const limit = size < min ? `greater than or equal to ${min}` : `less than or equal to ${max}`;
	checking.found.push({ kind, path, value, constraint: `Member must have ${kind} ${limit}`, type });
}

const isNumber = (type: Shape['type']): boolean => /^(?:integer|long|float|double|bigdecimal|biginteger)$/.test(type);

function hasType(value: unknown, type: Shape['type'], textual: boolean): boolean {
	if (textual && typeof value !== 'string') return false;
	switch (type) {
		case 'integer':
		case 'long':
		case 'biginteger':
			return textual ? /^-?\d+$/.test(String(value)) : Number.isInteger(value);
		case 'float':
		case 'double':
		case 'bigdecimal':
			return textual ? /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(String(value)) : typeof value === 'number';
		case 'boolean':
			return textual ? /^(?:true|false)$/i.test(String(value)) : typeof value === 'boolean';
		case 'timestamp':
			return typeof value === 'number' || (typeof value === 'string' && value !== '');
		case 'string':
		case 'character':
		case 'blob':
			return typeof value === 'string';
		case 'structure':
		case 'list':
		case 'map':
			return true;
		default:
			throw type satisfies never;
	}
}

const expressions = new Map<string, RegExp | undefined>();

/** Patterns are Java's; one that JavaScript cannot read is not checked. */
function expression(pattern: string): RegExp | undefined {
	if (!expressions.has(pattern)) expressions.set(pattern, compiled(pattern));
	return expressions.get(pattern);
}

function compiled(pattern: string): RegExp | undefined {
	for (const flags of pattern.includes('\\p{') ? ['su'] : ['s', 'su']) {
		try {
			return new RegExp(`^(?:${pattern.replace(/^\(\?s\)/, '')})$`, flags);
		} catch {
			// Another way to read it, or none.
		}
	}
	return undefined;
}
