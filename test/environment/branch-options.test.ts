import { describe, expect, test } from 'vitest';
import { assertNotExpired, branchOptions, consequences } from '../../src/environment/branch-options.ts';
import type { AnchorDocument } from '../../src/resources/s3-anchor.ts';

const anchor = (options: AnchorDocument['options']): AnchorDocument => ({ format: 1, project: 'airflow', environment: 'x', nonce: '0', createdAt: '2026-01-01T00:00:00Z', createdBy: 'a@b', options });
const ends = '2030-01-01T00:00:00Z';
const recorded = anchor({ kind: 'branch', gitBranch: 'x', mysql: true, ephemeral: true, expiresAt: ends });

describe('what a branch is made from', () => {
	test('a new one', () => {
		const { expiresAt, ...others } = branchOptions('x', { gitBranch: 'x', named: false }, undefined) ?? { expiresAt: null };
		expect(others).toEqual({ gitBranch: 'x', mysql: false, ephemeral: false });
		expect(Math.round((Date.parse(expiresAt ?? '') - Date.now()) / 3_600_000), 'hours').toBe(7 * 24);
	});

	test('what is not said stays; what is said changes', () => {
		expect(branchOptions('x', { gitBranch: 'x', named: false }, recorded)).toEqual({ gitBranch: 'x', mysql: true, ephemeral: true, expiresAt: ends });
		expect(branchOptions('x', { gitBranch: 'x', named: false, mysql: false }, recorded)).toEqual({ gitBranch: 'x', mysql: false, ephemeral: true, expiresAt: ends });
		expect(branchOptions('x', { gitBranch: 'x', named: false, expiresAt: null }, recorded)).toMatchObject({ mysql: true, expiresAt: null });
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

	test('one whose time is up is not started by the way', () => {
		const branch = { gitBranch: 'x', mysql: false, ephemeral: false };
		expect(() => assertNotExpired('x', { ...branch, expiresAt: '2026-01-01T00:00:00Z' })).toThrow(expect.objectContaining({ code: 'BranchExpired', hint: expect.stringContaining('airflow-deploy branch create x --ttl 7d') as string }) as Error);
		for (const expiresAt of [null, '2999-01-01T00:00:00Z']) assertNotExpired('x', { ...branch, expiresAt });
		assertNotExpired('main', undefined);
	});

	test('what a change does to its data is said', () => {
		const branch = { gitBranch: 'x', mysql: false, ephemeral: false, expiresAt: null };
		expect(consequences(branch, { ...branch, mysql: true })).toEqual([expect.stringContaining('MySQL comes beside PostgreSQL')]);
		expect(consequences({ ...branch, mysql: true }, branch)).toEqual([expect.stringContaining('MySQL goes, with all its data')]);
		expect(consequences(branch, { ...branch, ephemeral: true })).toEqual([expect.stringContaining('all their data go')]);
		expect(consequences(branch, { ...branch, expiresAt: ends })).toEqual([]);
	});
});
