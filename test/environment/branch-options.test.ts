import { describe, expect, test } from 'vitest';
import { branchOptions } from '../../src/environment/branch-options.ts';
import type { AnchorDocument } from '../../src/resources/s3-anchor.ts';

const anchor = (options: AnchorDocument['options']): AnchorDocument => ({ format: 1, project: 'airflow', environment: 'x', nonce: '0', createdAt: '2026-01-01T00:00:00Z', createdBy: 'a@b', options });
const recorded = anchor({ kind: 'branch', gitBranch: 'x', mysql: true, ephemeral: true });

describe('what a branch is made from', () => {
	test('a new one', () => {
		expect(branchOptions('x', { gitBranch: 'x', named: false }, undefined)).toEqual({ gitBranch: 'x', mysql: false, ephemeral: false });
	});

	test('what is not said stays; what is said changes', () => {
		expect(branchOptions('x', { gitBranch: 'x', named: false }, recorded)).toEqual({ gitBranch: 'x', mysql: true, ephemeral: true });
		expect(branchOptions('x', { gitBranch: 'x', named: false, mysql: false }, recorded)).toEqual({ gitBranch: 'x', mysql: false, ephemeral: true });
	});

	test('commands that say nothing of a branch find it in the anchor', () => {
		expect(branchOptions('x', undefined, recorded)).toMatchObject({ mysql: true });
		expect(branchOptions('main', undefined, anchor({ allowedCidrs: [] }))).toBeUndefined();
		expect(branchOptions('main', undefined, undefined)).toBeUndefined();
	});

	test('another environment does not become a branch', () => {
		expect(() => branchOptions('staging', { gitBranch: 'staging', named: true }, anchor({ allowedCidrs: [] }))).toThrow(expect.objectContaining({ code: 'NotABranch' }) as Error);
	});

	test('two git branches with the same name in AWS: the second is told, unless it is meant', () => {
		const wishes = { gitBranch: 'X', named: false };
		expect(() => branchOptions('x', wishes, recorded)).toThrow(expect.objectContaining({ code: 'NameTaken', message: 'git branch X gets the name x, which is the environment of git branch x' }) as Error);
		expect(branchOptions('x', { ...wishes, named: true }, recorded)).toMatchObject({ gitBranch: 'X' });
	});
});
