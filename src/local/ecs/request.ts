import { z } from 'zod';
import { EcsError, invalidParameter } from './errors.ts';

/**
 * Reads a request as AWS's front does: null counts as absent, unknown members are dropped.
 * @throws EcsError SerializationException for a value of the wrong JSON type, InvalidParameterException for one outside the model's limits
 */
export function parseRequest<T>(schema: z.ZodType<T>, input: unknown): T {
	const result = schema.safeParse(withoutNulls(input), { reportInput: true });
	if (result.success) return result.data;
	const misTyped = result.error.issues.find((issue) => issue.code === 'invalid_type' && issue.input !== undefined);
	if (misTyped !== undefined) throw new EcsError('SerializationException', typeText(misTyped));
	const errors = result.error.issues.map(constraintText);
	throw invalidParameter(`${errors.length} validation error${errors.length === 1 ? '' : 's'} detected: ${errors.join('; ')}`);
}

function withoutNulls(value: unknown): unknown {
	if (Array.isArray(value)) return value.filter((item) => item !== null).map(withoutNulls);
	if (typeof value !== 'object' || value === null) return value;
	const members = Object.entries(value).filter(([, member]) => member !== null);
	return Object.fromEntries(members.map(([name, member]) => [name, withoutNulls(member)]));
}

const javaTypes: Readonly<Record<string, string>> = { string: 'a String', number: 'an Integer', int: 'an Integer', boolean: 'a Boolean' };

function typeText(issue: z.core.$ZodIssue): string {
	const expected = 'expected' in issue ? String(issue.expected) : '';
	const value = issue.input;
	if (expected === 'array') return 'Expected list or null';
	if (expected === 'object' || expected === 'record') return 'Expected map or null';
	if (Array.isArray(value)) return 'Start of list found where not expected';
	if (typeof value === 'object') return 'Start of structure or map found where not expected.';
	return `${valueName(value)} can not be converted to ${javaTypes[expected] ?? expected}`;
}

function valueName(value: unknown): string {
	if (typeof value === 'boolean') return value ? 'TRUE_VALUE' : 'FALSE_VALUE';
	return typeof value === 'number' ? 'NUMBER_VALUE' : 'STRING_VALUE';
}

function constraintText(issue: z.core.$ZodIssue): string {
	const shown = issue.input === undefined ? 'null' : `'${typeof issue.input === 'string' ? issue.input : JSON.stringify(issue.input)}'`;
	return `Value ${shown} at '${memberPath(issue.path)}' failed to satisfy constraint: ${constraintOf(issue)}`;
}

function constraintOf(issue: z.core.$ZodIssue): string {
	const length = 'origin' in issue && (issue.origin === 'string' || issue.origin === 'array') ? 'length' : 'value';
	if (issue.code === 'invalid_value') return `Member must satisfy enum value set: [${issue.values.map(String).join(', ')}]`;
	if (issue.code === 'too_big') return `Member must have ${length} less than or equal to ${String(issue.maximum)}`;
	if (issue.code === 'too_small') return `Member must have ${length} greater than or equal to ${String(issue.minimum)}`;
	return 'Member must not be null';
}

/** AWS counts list members from 1: `containerDefinitions.1.member.name`. */
function memberPath(path: readonly PropertyKey[]): string {
	return path.map((part) => (typeof part === 'number' ? `${part + 1}.member` : String(part))).join('.');
}
