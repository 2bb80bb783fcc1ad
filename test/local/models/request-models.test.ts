import { beforeAll, describe, expect, test } from 'vitest';
import { operationNames } from '../../../src/local/ecs/ecs.ts';
import { type Call, operationOf, protocolOf } from '../../../src/local/front/call.ts';
import { installedModels } from '../../../src/local/models/installed.ts';
import { modelled, type RequestModels } from '../../../src/local/models/request-models.ts';
import { motoEnvironment } from '../../../src/local/runtime/environments.ts';
import { installer } from '../../../src/local/runtime/installer.ts';

let models: RequestModels;
beforeAll(async () => {
	models = await installedModels((await motoEnvironment(installer(() => {}))).python);
});

interface Plain {
	readonly service: string;
	readonly method?: string;
	readonly path?: string;
	readonly headers?: Record<string, string>;
	readonly body?: string;
}

function callOf({ service, method = 'POST', path = '/', headers = {}, body = '' }: Plain): Call {
	const base = { accessKey: 'a', region: 'us-east-1', service, protocol: protocolOf(service, headers), method, target: path, url: new URL(`http://x${path}`), headers, body: Buffer.from(body) };
	return { ...base, operation: operationOf(base) };
}

const form = (service: string, parameters: Record<string, string>): Plain => ({ service, headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: new URLSearchParams(parameters).toString() });
const json = (service: string, target: string, body: unknown): Plain => ({ service, headers: { 'x-amz-target': target }, body: typeof body === 'string' ? body : JSON.stringify(body) });

async function answer(plain: Plain): Promise<string> {
	try {
		const known = await models.read(callOf(plain));
		return known?.refused ? `${known.refused.code}: ${known.refused.message}` : `${known?.operation} ${JSON.stringify(known?.request)}`;
	} catch (error) {
		return `${(error as Error).name}: ${(error as Error).message}`;
	}
}

describe('requests are read as the protocol has them', () => {
	test.each<[Plain, string]>([
		[form('ec2', { Action: 'CreateVpc', Version: '2016-11-15', CidrBlock: '10.0.0.0/16', 'TagSpecification.1.ResourceType': 'vpc', 'TagSpecification.1.Tag.1.Key': 'k', 'TagSpecification.1.Tag.1.Value': 'v', DryRun: 'false' }), 'CreateVpc {"CidrBlock":"10.0.0.0/16","TagSpecifications":[{"ResourceType":"vpc","Tags":[{"Key":"k","Value":"v"}]}],"DryRun":"false"}'],
		[form('ec2', { Action: 'DescribeVpcs', 'Filter.1.Name': 'a', 'Filter.1.Value.1': 'x', 'Filter.1.Value.2': 'y' }), 'DescribeVpcs {"Filters":[{"Name":"a","Values":["x","y"]}]}'],
		[form('rds', { Action: 'CreateDBSubnetGroup', DBSubnetGroupName: 'g', DBSubnetGroupDescription: 'd', 'SubnetIds.SubnetIdentifier.1': 'subnet-1', 'Tags.Tag.1.Key': 'k' }), 'CreateDBSubnetGroup {"DBSubnetGroupName":"g","DBSubnetGroupDescription":"d","SubnetIds":["subnet-1"],"Tags":[{"Key":"k"}]}'],
		[form('iam', { Action: 'ListRoles', PathPrefix: '/' }), 'ListRoles {"PathPrefix":"/"}'],
		[{ service: 'elasticfilesystem', method: 'GET', path: '/2015-02-01/file-systems?FileSystemId=fs-01234567&MaxItems=10' }, 'DescribeFileSystems {"MaxItems":10,"FileSystemId":"fs-01234567"}'],
		[{ service: 's3', method: 'PUT', path: '/bucket?tagging', body: '<Tagging xmlns="x"><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>' }, 'PutBucketTagging {"Bucket":"bucket","Tagging":{"TagSet":[{"Key":"a","Value":"b"}]}}'],
		[{ service: 's3', method: 'GET', path: '/bucket?list-type=2&prefix=a%2F' }, 'ListObjectsV2 {"Bucket":"bucket","Prefix":"a/"}'],
		[{ service: 's3', method: 'PUT', path: '/bucket/a/b%20c?x-id=CopyObject', headers: { 'x-amz-copy-source': 'other/key' } }, 'CopyObject {"Bucket":"bucket","CopySource":"other/key","Key":"a/b c"}'],
		[{ service: 's3', method: 'POST', path: '/bucket?delete', body: '<Delete><Object><Key>a</Key></Object><Object><Key>b</Key></Object><Quiet>true</Quiet></Delete>' }, 'DeleteObjects {"Bucket":"bucket","Delete":{"Objects":[{"Key":"a"},{"Key":"b"}],"Quiet":"true"}}'],
		[{ service: 'route53', method: 'GET', path: '/2013-04-01/hostedzone/Z1/rrset?maxitems=1' }, 'ListResourceRecordSets {"HostedZoneId":"Z1","MaxItems":"1"}'],
		[json('ecs', 'AmazonEC2ContainerServiceV20141113.ListClusters', { maxResults: 10, nextToken: null }), 'ListClusters {"maxResults":10,"nextToken":null}'],
	])('%o', async (plain, read) => expect(await answer(plain)).toBe(read));
});

describe('what the model does not allow is refused in the words of the service', () => {
	const target = { ecs: 'AmazonEC2ContainerServiceV20141113', logs: 'Logs_20140328', secrets: 'secretsmanager' };
	test.each<[string, Plain, string]>([
		['required, EC2', form('ec2', { Action: 'CreateSecurityGroup', GroupName: 'g' }), 'MissingParameter: The request must contain the parameter Description'],
		['unknown, EC2', form('ec2', { Action: 'DescribeVpcs', Colour: 'red' }), 'UnknownParameter: The parameter Colour is not recognized'],
		['enum, EC2', form('ec2', { Action: 'CreateVpc', InstanceTenancy: 'shared' }), 'InvalidParameterValue: Value (shared) for parameter InstanceTenancy is invalid. Member must satisfy enum value set: [default, dedicated, host]'],
		['action, EC2', form('ec2', { Action: 'MakeVpc' }), 'InvalidAction: The action MakeVpc is not valid for this web service.'],
		['required, RDS', form('rds', { Action: 'CreateDBSubnetGroup', DBSubnetGroupName: 'g', 'SubnetIds.SubnetIdentifier.1': 's' }), 'MissingParameter: The request must contain the parameter DBSubnetGroupDescription.'],
		['length, IAM', form('iam', { Action: 'GetRole', RoleName: 'r'.repeat(65) }), `ValidationError: 1 validation error detected: Value '${'r'.repeat(65)}' at 'roleName' failed to satisfy constraint: Member must have length less than or equal to 64`],
		['pattern, IAM', form('iam', { Action: 'GetRole', RoleName: 'a b' }), "ValidationError: 1 validation error detected: Value 'a b' at 'roleName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]+"],
		['number, RDS', form('rds', { Action: 'DescribeDBInstances', MaxRecords: 'many' }), 'MalformedInput: STRING_VALUE can not be converted to an Integer'],
		['type, JSON', json('logs', `${target.logs}.PutRetentionPolicy`, { logGroupName: 'g', retentionInDays: '7' }), 'SerializationException: STRING_VALUE can not be converted to an Integer'],
		['several, JSON', json('logs', `${target.logs}.CreateLogStream`, { logGroupName: 'g'.repeat(513), colour: 1 }), `InvalidParameterException: 3 validation errors detected: Value null at 'logStreamName' failed to satisfy constraint: Member must not be null; Value '${'g'.repeat(513)}' at 'logGroupName' failed to satisfy constraint: Member must have length less than or equal to 512; Value at 'colour' failed to satisfy constraint: Member is not known`],
		['a secret is not repeated', json('secretsmanager', `${target.secrets}.CreateSecret`, { Name: 'n', SecretString: 'x'.repeat(65_537) }), "ValidationException: 1 validation error detected: Value at 'secretString' failed to satisfy constraint: Member must have length less than or equal to 65536"],
		['enum, ECS', json('ecs', `${target.ecs}.RunTask`, { taskDefinition: 't', launchType: 'LAMBDA' }), "InvalidParameterException: 1 validation error detected: Value 'LAMBDA' at 'launchType' failed to satisfy constraint: Member must satisfy enum value set: [EC2, FARGATE, EXTERNAL, MANAGED_INSTANCES]"],
		['no JSON', json('ecs', `${target.ecs}.RunTask`, '{'), 'SerializationException: the request body is not a JSON object'],
		['operation, JSON', json('logs', `${target.logs}.MakeGroup`, {}), 'UnknownOperationException: '],
		['range, REST', { service: 'elasticfilesystem', method: 'GET', path: '/2015-02-01/file-systems?MaxItems=0' }, "BadRequest: 1 validation error detected: Value '0' at 'maxItems' failed to satisfy constraint: Member must have value greater than or equal to 1"],
		['unknown, REST', { service: 'elasticfilesystem', method: 'GET', path: '/2015-02-01/file-systems?Colour=red' }, "BadRequest: 1 validation error detected: Value at 'colour' failed to satisfy constraint: Member is not known"],
		['XML', { service: 's3', method: 'PUT', path: '/bucket?tagging', body: '<Tagging><TagSet>' }, 'MalformedXML: The XML you provided was not well-formed or did not validate against our published schema'],
		['shape, XML', { service: 's3', method: 'PUT', path: '/bucket?versioning', body: '<VersioningConfiguration><Status>On</Status></VersioningConfiguration>' }, 'MalformedXML: The XML you provided was not well-formed or did not validate against our published schema'],
		['unknown, S3', { service: 's3', method: 'GET', path: '/bucket?list-type=2&colour=red' }, 'InvalidArgument: The request has a parameter that is not known'],
	])('%s', async (_case, plain, refused) => expect(await answer(plain)).toBe(refused));
});

test('a check costs little', async () => {
	const container = (index: number) => ({ name: `c${index}`, image: 'i', environment: Array.from({ length: 30 }, (_, each) => ({ name: `N${each}`, value: 'v' })) });
	const calls = [form('ec2', { Action: 'CreateVpc', CidrBlock: '10.0.0.0/16', 'TagSpecification.1.ResourceType': 'vpc', 'TagSpecification.1.Tag.1.Key': 'k' }), json('ecs', 'AmazonEC2ContainerServiceV20141113.RegisterTaskDefinition', { family: 'f', containerDefinitions: [0, 1, 2].map(container) }), { service: 's3', method: 'PUT', path: '/bucket/key?x-id=PutObject' }, { service: 'elasticfilesystem', method: 'GET', path: '/2015-02-01/mount-targets?FileSystemId=fs-01234567' }].map(callOf);
	for (const call of calls) expect((await models.read(call))?.violations).toEqual([]);
	const began = performance.now();
	const rounds = 500;
	for (let round = 0; round < rounds; round += 1) for (const call of calls) await models.read(call);
	const milliseconds = (performance.now() - began) / (rounds * calls.length);
	process.stdout.write(`a request is checked against its service model in ${milliseconds.toFixed(3)} ms\n`);
	expect(milliseconds).toBeLessThan(0.5);
});

test('every service that is named has a model', async () => {
	for (const service of Object.keys(modelled)) expect(await answer({ service, method: 'PATCH', path: '/none/of/them', headers: { 'x-amz-target': 'x.None' } })).toMatch(/^(UnknownOperationException|InvalidAction|MissingAction|MethodNotAllowed|NotFound)/);
});

test('the local ECS answers every operation of its model', async () => {
	expect((await models.operations('ecs')).filter((name) => !operationNames.includes(name))).toEqual([]);
});
