import { type Call, form } from '../front/call.ts';
import { AwsError } from '../front/failure.ts';
import { XmlError } from '../xml.ts';
import { check, type Violation } from './check.ts';
import { readForm } from './read-form.ts';
import { readRest } from './read-rest.ts';
import { routed } from './routes.ts';
import { type OperationModel, type ServiceModel, ServiceModels, shapeOf } from './shapes.ts';
import { refusal, unknownOperation } from './words.ts';

/** A request that its service's model knows. */
export interface Known {
	/** The operation's name in the model: `PutBucketTagging`, where a law knows `PutBucketSetting`. */
	readonly operation: string;
	/** Its members by their names in the model; numbers and truth values of forms, paths and headers are texts. */
	readonly request: Readonly<Record<string, unknown>>;
	readonly violations: readonly Violation[];
	/** What AWS would say of it; undefined where it is as it should be. */
	readonly refused: AwsError | undefined;
}

/** Botocore's name of each service that is checked. Others are whatever moto makes of them. */
export const modelled: Readonly<Record<string, string>> = {
	acm: 'acm',
	ec2: 'ec2',
	ecr: 'ecr',
	ecs: 'ecs',
	elasticfilesystem: 'efs',
	elasticloadbalancing: 'elbv2',
	freetier: 'freetier',
	iam: 'iam',
	logs: 'logs',
	rds: 'rds',
	route53: 'route53',
	s3: 's3',
	scheduler: 'scheduler',
	secretsmanager: 'secretsmanager',
	servicequotas: 'service-quotas',
	ssm: 'ssm',
	sts: 'sts',
};

/** Reads requests and checks them against the service models. */
export class RequestModels {
	readonly #models: ServiceModels;

	/** @param directory where templates/request_models.py wrote them */
	constructor(directory: string) {
		this.#models = new ServiceModels(directory, Object.keys(modelled));
	}

	/** Names of all operations of a service. */
	async operations(service: string): Promise<readonly string[]> {
		return (await this.#models.service(service))?.names ?? [];
	}

	/**
	 * @returns undefined for a service without a model
	 * @throws AwsError where the body cannot be read, or the service has no such operation
	 */
	async read(call: Call): Promise<Known | undefined> {
		const model = await this.#models.service(serviceOf(call));
		if (!model) return undefined;
		const { operation, described, request } = readRequest(call, model);
		const found = check(request, described, { textual: call.protocol !== 'json' && call.protocol !== 'rest-json' });
		const violations = call.body === undefined ? found.filter(({ path }) => path[0] !== payloadOf(described)) : found;
		const [first, ...more] = violations;
		return { operation, request, violations, refused: first && refusal(call.service, [first, ...more]) };
	}
}

/** The member that a body would be which goes straight through. */
function payloadOf(operation: OperationModel): string | undefined {
	return shapeOf(operation, operation.input).payload;
}

/** AWS's client of data channels signs for ECS what it has for Systems Manager. */
function serviceOf({ service, headers }: Call): string {
	return service === 'ecs' && headers['x-amz-target']?.startsWith('AmazonSSM.') ? 'ssm' : service;
}

interface ReadRequest {
	readonly operation: string;
	readonly described: OperationModel;
	readonly request: Record<string, unknown>;
}

function readRequest(call: Call, model: ServiceModel): ReadRequest {
	const rest = call.protocol === 'rest-json' || call.protocol === 'rest-xml';
	const route = rest ? routed(model, call.method, call.url, call.headers) : { name: call.operation, labels: {} };
	const described = route && model.operation(route.name);
	if (!described) throw unknownOperation(call.protocol, call.operation);
	if (rest) return { operation: route.name, described, request: readOr(call, () => readRest({ ...call, xml: call.protocol === 'rest-xml' }, described, route)) };
	if (call.protocol === 'json') return { operation: route.name, described, request: jsonBody(call) };
	return { operation: route.name, described, request: readForm(form(call), described, call.protocol === 'ec2') };
}

function readOr({ protocol }: Call, read: () => Record<string, unknown>): Record<string, unknown> {
	try {
		return read();
	} catch (error) {
		if (!(error instanceof XmlError || error instanceof SyntaxError)) throw error;
		throw protocol === 'rest-xml' ? new AwsError('MalformedXML', 'The XML you provided was not well-formed or did not validate against our published schema') : new AwsError('SerializationException', 'the request body is not a JSON object');
	}
}

function jsonBody(call: Call): Record<string, unknown> {
	const request = readOr(call, () => JSON.parse(call.body?.toString() || '{}') as Record<string, unknown>);
	if (typeof request === 'object' && request !== null && !Array.isArray(request)) return request;
	throw new AwsError('SerializationException', 'the request body is not a JSON object');
}
