import { CreateClusterCommand, ECSClient, RegisterTaskDefinitionCommand } from '@aws-sdk/client-ecs';
import { CreateVpcCommand, EC2Client } from '@aws-sdk/client-ec2';
import { AttachUserPolicyCommand, CreateAccessKeyCommand, CreatePolicyCommand, CreateRoleCommand, CreateUserCommand, DetachUserPolicyCommand, IAMClient, PutRolePolicyCommand, PutUserPolicyCommand, SimulatePrincipalPolicyCommand } from '@aws-sdk/client-iam';
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Aws } from '../../../src/aws/clients.ts';
import { refusal } from '../endpoint.ts';
import { startEndpoint, type TestEndpoint } from '../../resources/endpoint.ts';

let endpoint: TestEndpoint;
let admin: Aws;
let iam: IAMClient;
let user: Aws;
beforeAll(async () => {
	endpoint = await startEndpoint({ iam: true });
	admin = await endpoint.clients();
	iam = admin.client(IAMClient);
	await iam.send(new CreateUserCommand({ UserName: 'ann' }));
	const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'ann' }));
	user = await endpoint.clients({ credentials: { accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' } });
});
afterAll(() => endpoint.close());

const document = (...Statement: object[]) => JSON.stringify({ Version: '2012-10-17', Statement });
const allow = (Action: string | string[], Resource = '*', more: object = {}) => ({ Effect: 'Allow', Action, Resource, ...more });
const may = (...statements: object[]) => iam.send(new PutUserPolicyCommand({ UserName: 'ann', PolicyName: 'own', PolicyDocument: document(...statements) }));

test('a key that nobody gave out, and who a key belongs to', async () => {
	const stranger = endpoint.clients({ credentials: { accessKeyId: 'AKIASTRANGER', secretAccessKey: 'x' } });
	expect(await refusal(stranger)).toBe('InvalidClientTokenId: The security token included in the request is invalid.');
	expect((await user.client(STSClient).send(new GetCallerIdentityCommand({}))).Arn).toBe('arn:aws:iam::000000000000:user/ann');
});

test('refusals are worded as each service does', async () => {
	await may(allow('s3:ListAllMyBuckets'));
	expect(await refusal(user.client(ECSClient).send(new CreateClusterCommand({ clusterName: 'c' })))).toBe('AccessDeniedException: User: arn:aws:iam::000000000000:user/ann is not authorized to perform: ecs:CreateCluster on resource: * because no identity-based policy allows the ecs:CreateCluster action');
	expect(await refusal(user.client(EC2Client).send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16' })))).toMatch(/^UnauthorizedOperation: You are not authorized to perform this operation\. User: .*ec2:CreateVpc on resource: arn:aws:ec2:eu-central-1:000000000000:vpc\/\*.*Encoded authorization failure message/);
	expect(await refusal(user.client(IAMClient).send(new CreateUserCommand({ UserName: 'x' })))).toMatch(/^AccessDenied: /);
	expect(await refusal(user.client(S3Client).send(new CreateBucketCommand({ Bucket: 'ann-s' })))).toMatch(/^AccessDenied: /);
});

test('tags in the call that creates need a right of their own', async () => {
	const create = () => user.client(EC2Client).send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16', TagSpecifications: [{ ResourceType: 'vpc', Tags: [{ Key: 'project', Value: 'airflow' }] }] }));
	await may(allow('ec2:CreateVpc', 'arn:aws:ec2:*:*:vpc/*', { Condition: { StringEquals: { 'aws:RequestTag/project': 'airflow' } } }));
	expect(await refusal(create())).toMatch(/^UnauthorizedOperation: .*ec2:CreateTags/);
	await may(allow('ec2:CreateVpc'), allow('ec2:CreateTags', '*', { Condition: { StringEquals: { 'ec2:CreateAction': 'CreateVpc' } } }));
	expect((await create()).Vpc?.VpcId).toMatch(/^vpc-/);
});

test('a role is passed by who may pass it, to the service it is for', async () => {
	const trust = document({ Effect: 'Allow', Principal: { Service: 'ecs-tasks.amazonaws.com' }, Action: 'sts:AssumeRole' });
	const { Role } = await iam.send(new CreateRoleCommand({ RoleName: 'task', Path: '/team/', AssumeRolePolicyDocument: trust }));
	const register = () => user.client(ECSClient).send(new RegisterTaskDefinitionCommand({ family: 'f', taskRoleArn: Role?.Arn, containerDefinitions: [{ name: 'a', image: 'a', memory: 64 }] }));
	await may(allow('ecs:RegisterTaskDefinition'));
	expect(await refusal(register())).toMatch(/iam:PassRole on resource: arn:aws:iam::000000000000:role\/team\/task/);
	await may(allow('ecs:RegisterTaskDefinition'), allow('iam:PassRole', '*', { Condition: { StringEquals: { 'iam:PassedToService': 'lambda.amazonaws.com' } } }));
	expect(await refusal(register())).toMatch(/iam:PassRole/);
	await may(allow('ecs:RegisterTaskDefinition'), allow('iam:PassRole', '*', { Condition: { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } } }));
	expect((await register()).taskDefinition?.revision).toBe(1);
});

test('sessions of a role: its policies within its boundary', async () => {
	await iam.send(new CreatePolicyCommand({ PolicyName: 'limit', PolicyDocument: document(allow('s3:*')) }));
	const trust = document({ Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::000000000000:root' }, Action: 'sts:AssumeRole' });
	const { Role } = await iam.send(new CreateRoleCommand({ RoleName: 'bounded', AssumeRolePolicyDocument: trust, PermissionsBoundary: 'arn:aws:iam::000000000000:policy/limit' }));
	await iam.send(new PutRolePolicyCommand({ RoleName: 'bounded', PolicyName: 'p', PolicyDocument: document(allow(['s3:PutObject', 's3:GetObject'], 'arn:aws:s3:::shelf/*'), allow('ecs:*')) }));
	expect(await refusal(admin.client(STSClient).send(new AssumeRoleCommand({ RoleArn: 'arn:aws:iam::000000000000:role/none', RoleSessionName: 'session' })))).toMatch(/^AccessDenied: .*sts:AssumeRole/);
	const { Credentials: { AccessKeyId = '', SecretAccessKey = '', SessionToken = '' } = {} } = await admin.client(STSClient).send(new AssumeRoleCommand({ RoleArn: Role?.Arn, RoleSessionName: 'session' }));
	const session = await endpoint.clients({ credentials: { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken } });
	await admin.client(S3Client).send(new CreateBucketCommand({ Bucket: 'shelf' }));
	await session.client(S3Client).send(new PutObjectCommand({ Bucket: 'shelf', Key: 'a', Body: 'x' }));
	expect(await refusal(session.client(ECSClient).send(new CreateClusterCommand({ clusterName: 'c' })))).toContain('because no permissions boundary allows the ecs:CreateCluster action');
	// Without s3:ListBucket nobody learns that a key is missing.
	expect(await refusal(session.client(S3Client).send(new GetObjectCommand({ Bucket: 'shelf', Key: 'missing' })))).toMatch(/^AccessDenied/);
});

test('an attached policy counts until it is detached; SimulatePrincipalPolicy says the same', async () => {
	const PolicyArn = (await iam.send(new CreatePolicyCommand({ PolicyName: 'clusters', PolicyDocument: document(allow('ecs:CreateCluster')) }))).Policy?.Arn;
	const create = () => user.client(ECSClient).send(new CreateClusterCommand({ clusterName: 'c' }));
	const simulated = async () => (await iam.send(new SimulatePrincipalPolicyCommand({ PolicySourceArn: 'arn:aws:iam::000000000000:user/ann', ActionNames: ['ecs:CreateCluster'] }))).EvaluationResults?.[0]?.EvalDecision;
	await iam.send(new AttachUserPolicyCommand({ UserName: 'ann', PolicyArn }));
	expect([(await create()).cluster?.status, await simulated()]).toEqual(['ACTIVE', 'allowed']);
	await iam.send(new DetachUserPolicyCommand({ UserName: 'ann', PolicyArn }));
	expect(await refusal(create())).toMatch(/^AccessDeniedException/);
	expect(await simulated()).toBe('implicitDeny');
});
