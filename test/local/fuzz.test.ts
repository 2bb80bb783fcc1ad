import { anything, type Arbitrary, array, assert, asyncProperty, boolean, constant, constantFrom, dictionary, integer, json, oneof, option, record, string, stringMatching } from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { modelsDirectory } from '../../src/local/models/installed.ts';
import { type OperationModel, ServiceModels, shapeOf } from '../../src/local/models/shapes.ts';
import { motoEnvironment } from '../../src/local/runtime/environments.ts';
import { installer } from '../../src/local/runtime/installer.ts';
import { modelled } from '../../src/local/models/request-models.ts';
import { parseXml, textOf } from '../../src/local/xml.ts';
import { type PlainAnswer, plain, startEndpoint, type TestEndpoint } from './endpoint.ts';

/** Whatever is sent: no crash, no hang, and an answer that the protocol's clients can read. */
let endpoint: TestEndpoint;
let pid: number;
beforeAll(async () => {
	endpoint = await startEndpoint();
	pid = await answeringProcess();
});
afterAll(() => endpoint.stop());

const runs = { numRuns: 150, endOnFailure: true };
const longest = 10_000;

async function answeringProcess(): Promise<number> {
	return (JSON.parse((await plain(endpoint.url, { path: '/_endpoint' })).body) as { pid: number }).pid;
}

/** @returns the answer, within its time. A request that Node's own parser refuses has none */
async function sent(options: Parameters<typeof plain>[1]): Promise<PlainAnswer> {
	const answer = await Promise.race([plain(endpoint.url, options), new Promise<never>((_resolve, reject) => setTimeout(() => reject(new Error(`no answer within ${longest} ms`)), longest).unref())]);
	expect(answer.status).not.toBe(500);
	expect(answer.status).toBeLessThan(600);
	return answer;
}

/** The error's code as clients find it; `none` where there is no error: operations without output answer nothing. @throws where the answer cannot be read */
function jsonCode(status: number, answer: string): string {
	if (status < 400 && answer === '') return 'none';
	const { __type: code = '' } = JSON.parse(answer) as { __type?: string };
	return status < 400 ? 'none' : code;
}

/** A list of S3's objects has no error either. */
function xmlCode(status: number, answer: string): string {
	if (status < 400) return 'none';
	const document = parseXml(answer);
	return textOf(document, 'Code') ?? textOf(document, 'Error', 'Code') ?? textOf(document, 'Errors', 'Error', 'Code') ?? '';
}

const targets = ['AmazonEC2ContainerServiceV20141113', 'Logs_20140328', 'secretsmanager', 'AmazonSSM', 'AmazonEC2ContainerRegistry_V20150921', 'CertificateManager'];
const services = ['ecs', 'logs', 'secretsmanager', 'ssm', 'ecr', 'acm'];
const operations = ['CreateCluster', 'RunTask', 'RegisterTaskDefinition', 'CreateService', 'TagResource', 'CreateLogGroup', 'PutLogEvents', 'CreateSecret', 'GetParameter', 'StartSession', 'CreateRepository', 'PutImage', 'RequestCertificate', '', 'constructor', '__proto__'];
const members = ['Name', 'name', 'family', 'cluster', 'tags', 'Tags', 'logGroupName', 'logEvents', 'SecretString', 'containerDefinitions', 'imageManifest', 'repositoryName', 'Target', '__proto__', 'constructor'];
const body = oneof(json(), string(), dictionary(constantFrom(...members), anything()).map((value) => JSON.stringify(value, (_key, each: unknown) => (typeof each === 'bigint' ? String(each) : each)) ?? ''));

test('JSON', async () => {
	await assert(asyncProperty(constantFrom(...services.keys()), constantFrom(...operations), body, async (index, operation, text) => {
		const { status, body: answer } = await sent({ method: 'POST', scope: services[index] ?? '', headers: { 'x-amz-target': `${targets[index]}.${operation}` }, body: text });
		expect(jsonCode(status, answer)).toMatch(/\w/);
	}), runs);
}, 120_000);

const queryServices = ['ec2', 'iam', 'rds', 'sts', 'elasticloadbalancing'];
const actions = ['CreateVpc', 'CreateSecurityGroup', 'AuthorizeSecurityGroupIngress', 'DescribeVpcs', 'CreateRole', 'GetRole', 'PutRolePolicy', 'CreateDBInstance', 'DescribeDBInstances', 'CreateLoadBalancer', 'AssumeRole', 'GetCallerIdentity', '', '__proto__', 'No'];
const parameter = oneof(constantFrom('CidrBlock', 'Filter.1.Name', 'Filter.1.Value.1', 'TagSpecification.1.Tag.1.Key', 'Tags.member.1.Key', 'Tags.member.99999999.Key', 'RoleName', 'MaxRecords', 'GroupName', 'a.b.c.d.e.f', '.', '..', '__proto__.x', 'constructor.1'), string());

test('query and EC2', async () => {
	await assert(asyncProperty(constantFrom(...queryServices), constantFrom(...actions), array(record({ name: parameter, value: string() }), { maxLength: 8 }), async (service, Action, pairs) => {
		const form = new URLSearchParams([['Action', Action], ...pairs.map(({ name, value }): [string, string] => [name, value])]);
		const { status, body: answer } = await sent({ method: 'POST', scope: service, headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: form.toString() });
		expect(xmlCode(status, answer)).toMatch(/\w/);
	}), runs);
}, 120_000);

const segment = stringMatching(/^[A-Za-z0-9%._~-]{0,12}$/);
const restPath = oneof(
	array(segment, { maxLength: 4 }).map((parts) => `/${parts.join('/')}`),
	constantFrom('/2015-02-01/file-systems', '/2015-02-01/mount-targets', '/2015-02-01/access-points', '/2013-04-01/hostedzone', '/schedules/a', '/bucket', '/bucket/key', '/bucket?tagging', '/bucket?policy', '/bucket?delete', '/bucket/key?uploadId=1&partNumber=x', '/%', '/%ff'),
);

test('REST', async () => {
	await assert(asyncProperty(constantFrom('elasticfilesystem', 's3', 'route53', 'scheduler'), constantFrom('GET', 'PUT', 'POST', 'DELETE', 'PATCH'), restPath, option(oneof(json(), string(), constantFrom('<a>', '<Delete><Object><Key>k</Key></Object></Delete>', '<Tagging/>', '{"Tags":[1]}'))), async (service, method, path, text) => {
		const { status, headers, body: answer } = await sent({ method, path, scope: service, ...(text === null || method === 'GET' ? {} : { body: text }) });
		const xml = service === 's3' || service === 'route53';
		expect(answer === '' ? 'nothing' : xml ? xmlCode(status, answer) : (headers['x-amzn-errortype'] ?? jsonCode(status, answer))).toMatch(/\w/);
	}), runs);
}, 120_000);

/** What the model allows, but for patterns; depth is bounded by leaving members out. */
function arbitraryOf(model: OperationModel, name: string | undefined, depth = 0): Arbitrary<unknown> {
	const shape = shapeOf(model, name);
	const inner = (reference: { shape: string } | undefined) => arbitraryOf(model, reference?.shape, depth + 1);
	if (shape.type === 'structure') return record(Object.fromEntries(Object.entries(shape.members ?? {}).filter(([member]) => depth < 4 || shape.required?.includes(member)).map(([member, reference]) => [member, inner(reference)])), { requiredKeys: [...(shape.required ?? [])] });
	if (shape.type === 'list') return array(inner(shape.member), { minLength: Math.min(shape.min ?? 0, 1), maxLength: 2 });
	if (shape.type === 'map') return dictionary(string({ minLength: 1, maxLength: 8 }), inner(shape.value), { maxKeys: 2 });
	if (shape.enum) return constantFrom(...shape.enum);
	if (shape.type === 'boolean') return boolean();
	if (shape.type === 'timestamp' || /^(?:integer|long|float|double)$/.test(shape.type)) return integer({ min: shape.min ?? -1, max: Math.min(shape.max ?? 2 ** 31 - 1, 2 ** 31 - 1) });
	return oneof(constantFrom('main', 'a', 'web:1', 'arn:aws:ecs:us-east-1:000000000000:cluster/main', 'arn:aws:logs:us-east-1:000000000000:log-group:/a', '/a', '2 GB', '256'), string({ maxLength: 20 }));
}

test('what the service models allow', async () => {
	const directory = await modelsDirectory((await motoEnvironment(installer(() => {}))).python);
	const models = new ServiceModels(directory, services);
	const known = (await Promise.all(services.map(async (service, index) => {
		const model = await models.service(service);
		return (model?.names ?? []).filter((name) => !name.endsWith('LiveTail')).map((operation) => ({ service, target: `${targets[index]}.${operation}`, model: model?.operation(operation) ?? { method: 'POST', path: '/' } }));
	}))).flat();
	const request = constantFrom(...known).chain((one) => record({ one: constant(one), input: arbitraryOf(one.model, one.model.input) }));
	await assert(asyncProperty(request, async ({ one, input }) => {
		const { status, body: answer } = await sent({ method: 'POST', scope: one.service, headers: { 'x-amz-target': one.target }, body: JSON.stringify(input) });
		expect(jsonCode(status, answer)).toMatch(/\w/);
	}), { ...runs, numRuns: 400 });
}, 120_000);

test('it is still the same process, and answers', async () => {
	expect(await answeringProcess()).toBe(pid);
	for (const service of Object.keys(modelled)) expect((await plain(endpoint.url, { scope: service, path: '/', method: 'POST', body: '' })).status).toBeLessThan(500);
});
