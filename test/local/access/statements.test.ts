import { describe, expect, test } from 'vitest';
import { isLike, judge, type Statement, type Wish } from '../../../src/local/access/statements.ts';

const wish = (keys: Record<string, string[]> = {}): Wish => ({ action: 's3:GetObject', resource: 'arn:aws:s3:::bucket/main/dag.py', context: (key) => keys[key] });
const allow = (more: Partial<Statement> = {}): Statement => ({ Effect: 'Allow', Action: 's3:GetObject', Resource: '*', ...more });
const verdict = (statements: Statement[], keys?: Record<string, string[]>) => judge([{ Statement: statements }], wish(keys));

describe('what policies say', () => {
	test.each<[string, Statement[], string]>([
		['nothing', [], 'not allowed'],
		['the action', [allow()], 'allowed'],
		['another action', [allow({ Action: 's3:PutObject' })], 'not allowed'],
		['actions have wildcards and no case', [allow({ Action: ['iam:*', 'S3:getO*'] })], 'allowed'],
		['the resource', [allow({ Resource: 'arn:aws:s3:::bucket/main/*' })], 'allowed'],
		['resources have a case', [allow({ Resource: 'arn:aws:s3:::Bucket/*' })], 'not allowed'],
		['another resource', [allow({ Resource: 'arn:aws:s3:::bucket/other/*' })], 'not allowed'],
		['all but this action', [allow({ Action: undefined as never, NotAction: 's3:GetObject' })].map(({ Action: _action, ...rest }) => rest), 'not allowed'],
		['a denial counts more', [allow(), { Effect: 'Deny', Action: '*', Resource: '*' }], 'explicitly denied'],
		['a denial of something else', [allow(), { Effect: 'Deny', Action: 's3:PutObject', Resource: '*' }], 'allowed'],
	])('%s', async (_what, statements, said) => expect(await verdict(statements)).toBe(said));

	test.each<[string, Statement['Condition'], Record<string, string[]>, string]>([
		['equal', { StringEquals: { 'aws:RequestTag/p': 'airflow' } }, { 'aws:requesttag/p': ['airflow'] }, 'allowed'],
		['unequal', { StringEquals: { 'aws:RequestTag/p': 'airflow' } }, { 'aws:requesttag/p': ['other'] }, 'not allowed'],
		['a key that the request has not', { StringEquals: { 'aws:ResourceTag/p': 'airflow' } }, {}, 'not allowed'],
		['if it exists', { StringLikeIfExists: { 's3:prefix': 'main/*' } }, {}, 'allowed'],
		['if it exists, it must agree', { StringLikeIfExists: { 's3:prefix': 'main/*' } }, { 's3:prefix': ['other/'] }, 'not allowed'],
		['one of several values', { StringEquals: { 'iam:AWSServiceName': ['ecs', 'rds'] } }, { 'iam:awsservicename': ['rds'] }, 'allowed'],
		['all keys must agree', { StringEquals: { a: 'x', b: 'y' } }, { a: ['x'], b: ['z'] }, 'not allowed'],
		['not equal', { StringNotEquals: { a: 'x' } }, { a: ['y'] }, 'allowed'],
		['is not there', { Null: { a: 'true' } }, {}, 'allowed'],
		['all values of the request', { 'ForAllValues:StringEquals': { 'aws:TagKeys': ['a', 'b'] } }, { 'aws:tagkeys': ['a', 'c'] }, 'not allowed'],
		['a truth value', { Bool: { 'aws:SecureTransport': 'true' } }, { 'aws:securetransport': ['true'] }, 'allowed'],
		['an operator that nobody knows lets nothing through', { StringRhymesWith: { a: 'x' } }, { a: ['x'] }, 'not allowed'],
	])('condition: %s', async (_what, Condition, keys, said) => expect(await verdict([allow({ Condition: Condition ?? {} })], keys)).toBe(said));

	test('patterns', () => {
		expect(isLike('arn:aws:ecs:r:a:service/c/s', 'arn:aws:ecs:*:a:service/*/s')).toBe(true);
		expect(isLike('a.b', 'a?b')).toBe(true);
		expect(isLike('axb', 'a.b')).toBe(false);
	});
});
