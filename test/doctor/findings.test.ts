import { describe, expect, test } from 'vitest';
import { findingOf } from '../../src/doctor/check.ts';
import { skewFinding } from '../../src/doctor/identity.ts';
import { nodeFinding } from '../../src/doctor/machine.ts';
import { permissionsFinding, questionsOf } from '../../src/doctor/permissions.ts';
import { storageFinding } from '../../src/doctor/storage.ts';
import { UserError } from '../../src/errors.ts';

test.each([
	['20.19.0', 'ok'],
	['22.3.0', 'ok'],
	['20.18.9', 'failed'],
	['18.20.0', 'failed'],
])('Node %s: %s', (version, verdict) => {
	expect(nodeFinding(version).verdict).toBe(verdict);
});

describe('the clock', () => {
	test.each([
		[1, 'ok', 'as AWS has it'],
		[-20, 'ok', '20 s behind AWS'],
		[200, 'ok', '200 s ahead of AWS: AWS tolerates 5 minutes'],
		[-301, 'failed', '301 s behind AWS'],
	])('%i s off', (seconds, verdict, detail) => {
		expect(skewFinding(1_000_000 + seconds * 1000, 1_000_000)).toMatchObject({ verdict, detail });
	});
});

describe('permissions', () => {
	const allowed = { EvalActionName: 'ec2:CreateVpc', EvalDecision: 'allowed' as const };
	test.each([
		['organisation', { EvalActionName: 'rds:CreateDBInstance', EvalDecision: 'implicitDeny' as const, OrganizationsDecisionDetail: { AllowedByOrganizations: false } }, 'an administrator of the organisation'],
		['boundary', { EvalActionName: 'iam:CreateRole', EvalDecision: 'implicitDeny' as const, PermissionsBoundaryDecisionDetail: { AllowedByPermissionsBoundary: false } }, 'an account administrator'],
		['explicit', { EvalActionName: 'ecs:RunTask', EvalDecision: 'explicitDeny' as const }, 'an account administrator'],
		['none', { EvalActionName: 'ecs:RunTask', EvalDecision: 'implicitDeny' as const }, 'an account administrator'],
	])('denied: %s', (_name, denied, who) => {
		expect(permissionsFinding([allowed, denied])).toMatchObject({ verdict: 'failed', who, detail: expect.stringContaining(denied.EvalActionName) });
	});
	test('all allowed, and none simulated', () => {
		expect(permissionsFinding([allowed, allowed])).toEqual({ verdict: 'ok', detail: 'all 1 actions of up and teardown are allowed' });
		expect(permissionsFinding([]).verdict).toBe('not-checked');
	});
	test('are asked for our own objects, with their conditions met', () => {
		const grants = [
			{ actions: ['iam:PassRole'], on: ['arn:{partition}:iam::{account}:role{role-path}{project}-*'], condition: { StringEquals: { 'iam:PassedToService': ['ecs-tasks.amazonaws.com', 'other'] } } },
			{ actions: ['ec2:CreateVpc', 'ec2:Describe*'], on: ['*'] },
			{ actions: ['ec2:DeleteVpc'], on: ['*'] },
		];
		expect(questionsOf(grants, { partition: 'aws-cn', account: '1', project: 'airflow', 'role-path': '/x/' })).toEqual([
			{ ActionNames: ['iam:PassRole'], ResourceArns: ['arn:aws-cn:iam::1:role/x/airflow-*'], ContextEntries: [{ ContextKeyName: 'iam:PassedToService', ContextKeyType: 'string', ContextKeyValues: ['ecs-tasks.amazonaws.com'] }] },
			{ ActionNames: ['ec2:CreateVpc', 'ec2:DeleteVpc'], ResourceArns: ['*'], ContextEntries: [] },
		]);
	});
});

describe('an error as a finding', () => {
	test('of ours says who can', () => {
		expect(findingOf(new UserError('QuotaTooLow', 'too few\nmore', { hint: 'ask for more' }))).toEqual({ verdict: 'failed', detail: 'too few', fix: 'ask for more', who: 'an account administrator' });
		expect(findingOf(new UserError('AccountNotOpened', 'closed', { hint: 'open a case' }))).toMatchObject({ who: 'AWS support' });
	});
	test('of AWS that refuses to tell is not checked', () => {
		const refused = Object.assign(new Error('User: x is not authorized to perform: ec2:DescribeAddresses'), { name: 'UnauthorizedOperation', $metadata: { httpStatusCode: 403 } });
		expect(findingOf(refused).verdict).toBe('not-checked');
	});
	test('of the network is a failure', () => {
		expect(findingOf(Object.assign(new Error('getaddrinfo ENOTFOUND ec2.nowhere.amazonaws.com'), { code: 'ENOTFOUND' })).verdict).toBe('failed');
	});
});

describe('storage', () => {
	test.each([
		[50000, 50000, false, 'ok'],
		[0, 50000, false, 'failed'],
		[50000, 0, false, 'failed'],
		[0, 0, true, 'ok'],
	])('uid %i, owner %i, on this machine %s: %s', (uid, owner, here, verdict) => {
		expect(storageFinding({ uid, owner, milliseconds: 3 }, here, 2).verdict).toBe(verdict);
	});
});
