import { AwsError, type Protocol } from '../front/failure.ts';
import type { Violation } from './check.ts';

/** The code with which each service refuses what its model does not allow; from the error lists of its API reference. */
const codes: Readonly<Record<string, string>> = {
	acm: 'ValidationException',
	ecr: 'InvalidParameterException',
	ecs: 'InvalidParameterException',
	elasticfilesystem: 'BadRequest',
	elasticloadbalancing: 'ValidationError',
	freetier: 'ValidationException',
	iam: 'ValidationError',
	logs: 'InvalidParameterException',
	rds: 'InvalidParameterValue',
	route53: 'InvalidInput',
	scheduler: 'ValidationException',
	secretsmanager: 'ValidationException',
	servicequotas: 'IllegalArgumentException',
	ssm: 'ValidationException',
	sts: 'ValidationError',
	tagging: 'InvalidParameterException',
};

/** The refusal of a request, in the words of its service. */
export function refusal(service: string, violations: readonly [Violation, ...Violation[]]): AwsError {
	if (service === 'ec2') return ec2Refusal(violations[0]);
	if (service === 's3') return s3Refusal(violations[0]);
	const [first] = violations;
	if (service === 'rds' && first.kind === 'missing') return new AwsError('MissingParameter', `The request must contain the parameter ${wireName(first.path)}.`);
	const misTyped = violations.find(({ kind }) => kind === 'type');
	if (misTyped) return new AwsError(codes[service]?.endsWith('Exception') ? 'SerializationException' : 'MalformedInput', typeText(misTyped));
	return new AwsError(codes[service] ?? 'ValidationException', `${violations.length} validation error${violations.length === 1 ? '' : 's'} detected: ${violations.map(constraintText).join('; ')}`);
}

/** Amazon EC2 API reference, "Error codes". */
function ec2Refusal({ kind, path, value, constraint }: Violation): AwsError {
	if (kind === 'missing') return new AwsError('MissingParameter', `The request must contain the parameter ${wireName(path)}`);
	if (kind === 'unknown') return new AwsError('UnknownParameter', `The parameter ${wireName(path)} is not recognized`);
	return new AwsError('InvalidParameterValue', `Value (${shown(value)}) for parameter ${wireName(path)} is invalid. ${constraint}`);
}

/** Amazon S3 API reference, "Error responses". */
function s3Refusal({ kind, path, value, constraint }: Violation): AwsError {
	if (path.length > 1) return new AwsError('MalformedXML', 'The XML you provided was not well-formed or did not validate against our published schema');
	if (kind === 'missing') return new AwsError('InvalidRequest', `Missing required parameter for this request: ${path.join('.')}`);
	return new AwsError('InvalidArgument', kind === 'unknown' ? 'The request has a parameter that is not known' : constraint, { members: { ArgumentName: path.join('.'), ArgumentValue: shown(value) } });
}

/** `Tag.1.Key`: lists of requests are numbered, their items have no name of their own. */
function wireName(path: readonly string[]): string {
	return path.filter((part) => part !== 'member').join('.');
}

const javaTypes: Readonly<Record<string, string>> = { string: 'a String', integer: 'an Integer', long: 'a Long', boolean: 'a Boolean', float: 'a Float', double: 'a Double', timestamp: 'a Date', blob: 'a ByteBuffer' };

function typeText({ type, value }: Violation): string {
	if (type === 'list') return 'Expected list or null';
	if (type === 'structure' || type === 'map') return 'Expected map or null';
	if (Array.isArray(value)) return 'Start of list found where not expected';
	if (typeof value === 'object') return 'Start of structure or map found where not expected.';
	if (typeof value === 'boolean') return `${value ? 'TRUE_VALUE' : 'FALSE_VALUE'} can not be converted to ${javaTypes[type] ?? type}`;
	return `${typeof value === 'number' ? 'NUMBER_VALUE' : 'STRING_VALUE'} can not be converted to ${javaTypes[type] ?? type}`;
}

function constraintText({ kind, path, value, constraint }: Violation): string {
	const what = kind === 'missing' ? 'Value null ' : value === undefined ? 'Value ' : `Value '${shown(value)}' `;
	return `${what}at '${lowerPath(path)}' failed to satisfy constraint: ${constraint}`;
}

/** AWS's own errors name members with a small letter: `tags.1.member.key`. */
function lowerPath(path: readonly string[]): string {
	return path.map((part) => `${part.slice(0, 1).toLowerCase()}${part.slice(1)}`).join('.');
}

function shown(value: unknown): string {
	if (value === undefined) return '';
	return typeof value === 'string' ? value : JSON.stringify(value);
}

/** An operation that the service does not have. */
export function unknownOperation(protocol: Protocol, operation: string): AwsError {
	switch (protocol) {
		case 'ec2':
			return new AwsError('InvalidAction', `The action ${operation} is not valid for this web service.`);
		case 'query':
			return operation === '' ? new AwsError('MissingAction', 'Missing Action') : new AwsError('InvalidAction', `Could not find operation ${operation}`);
		case 'json':
			return new AwsError('UnknownOperationException', '');
		case 'rest-json':
			return new AwsError('UnknownOperationException', '', { status: 404 });
		case 'rest-xml':
			return new AwsError('MethodNotAllowed', 'The specified method is not allowed against this resource.', { status: 405 });
		default:
			throw protocol satisfies never;
	}
}
