import { expect, test } from 'vitest';
import { executionPolicy, initPolicy, schedulerPolicy, webserverPolicy } from '../../src/stacks/policies.ts';

interface Statement {
	Action: string[];
	Resource: string[];
	Condition?: Record<string, Record<string, string>>;
}

const place = { account: '123456789012', region: 'cn-north-1', partition: 'aws-cn' };
const needs = { place, bucket: 'b', environment: 'main', fileSystemArn: 'arn:fs', accessPointArns: ['arn:ap'], taskLogGroupArn: 'arn:logs' };
const statements = (policy: { [key: string]: unknown }) => policy['Statement'] as Statement[];
const saying = (policy: { [key: string]: unknown }, action: string) => statements(policy).filter(({ Action }) => Action.includes(action));

test('tasks mount through their access point only; the webserver cannot write', () => {
	for (const policy of [webserverPolicy(needs), schedulerPolicy(needs), initPolicy(needs)]) {
		expect(saying(policy, 'elasticfilesystem:ClientMount')).toMatchObject([{ Resource: ['arn:fs'], Condition: { StringEquals: { 'elasticfilesystem:AccessPointArn': ['arn:ap'] } } }]);
	}
	expect(saying(webserverPolicy(needs), 'elasticfilesystem:ClientWrite')).toEqual([]);
	expect(saying(initPolicy(needs), 'elasticfilesystem:ClientWrite')).toHaveLength(1);
});

test('a missing key of the bundle is answered with 404: its request carries no prefix', () => {
	for (const policy of [schedulerPolicy(needs), initPolicy(needs)]) {
		expect(saying(policy, 's3:ListBucket')).toEqual([{ Effect: 'Allow', Action: ['s3:ListBucket'], Resource: ['arn:aws-cn:s3:::b'], Condition: { StringLikeIfExists: { 's3:prefix': 'main/*' } } }]);
		expect(saying(policy, 's3:GetObject')).toMatchObject([{ Resource: ['arn:aws-cn:s3:::b/main/*'] }]);
	}
});

test('ECS itself may do what starting a task takes, on exact ARNs', () => {
	const policy = executionPolicy({ repositoryArn: 'arn:repository', secretArns: ['arn:secret-AbCdEf'], logGroupArns: ['arn:group'] });
	expect(statements(policy).filter(({ Resource }) => Resource.includes('*')).flatMap(({ Action }) => Action)).toEqual(['ecr:GetAuthorizationToken']);
	expect(saying(policy, 'secretsmanager:GetSecretValue')).toMatchObject([{ Resource: ['arn:secret-AbCdEf'] }]);
	expect(saying(policy, 'logs:PutLogEvents')).toMatchObject([{ Resource: ['arn:group:*'] }]);
});
