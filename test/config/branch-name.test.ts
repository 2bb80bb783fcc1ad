import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { assertBranchName, nameForGitBranch } from '../../src/config/branch-name.ts';

const where = { project: 'airflow', region: 'us-east-1' };

describe('the name for a git branch', () => {
	test.each([
		['feature/new-dag', 'feature-new-dag'],
		['Fix_The.Thing', 'fix-the-thing'],
		['café', 'cafe'],
		['2024-report', 'b-2024-report'],
		['--x--', 'x'],
	])('%s: %s', (gitBranch, name) => expect(nameForGitBranch(gitBranch, where)).toBe(name));

	test('a long one is cut, and stays apart from others with the same beginning', () => {
		const [first, second] = ['one', 'two'].map((end) => nameForGitBranch(`feature/${'very-'.repeat(12)}${end}`, where));
		expect(first).not.toBe(second);
		expect(first?.length).toBeLessThanOrEqual(36);
	});

	test('whatever the git branch is called, the name is one that AWS takes, or it is an error that says why', () => {
		fc.assert(
			fc.property(fc.string({ unit: 'binary' }), (gitBranch) => {
				const named = outcome(() => nameForGitBranch(gitBranch, where));
				const refused = named instanceof UserError ? named : outcome(() => assertBranchName(named, where));
				expect(refused?.code ?? 'InvalidBranchName').toBe('InvalidBranchName');
				expect(refused === undefined).toBe(!(named instanceof UserError));
			}),
		);
	});
});

function outcome<T>(work: () => T): T | UserError {
	try {
		return work();
	} catch (error) {
		if (error instanceof UserError) return error;
		throw error;
	}
}

test.each([
	['', 'the name of a branch environment is empty'],
	['feature/x', '"feature/x" is no name for a branch environment: it must be lower-case letters'],
	['🔥', '"🔥" is no name'],
	['x'.repeat(60), 'is 60 characters long: with project airflow in us-east-1 AWS\'s names have room for 36'],
	['main', '"main" cannot be the name of a branch environment: it is reserved'],
	['shared', 'it is reserved'],
])('"%s" is refused', (name, message) => {
	expect(() => assertBranchName(name, where)).toThrow(expect.objectContaining({ code: 'InvalidBranchName', exit: 2, message: expect.stringContaining(message) }) as Error);
});

test('the hint names what the name could be', () => {
	expect(() => assertBranchName('feature/x', where)).toThrow(expect.objectContaining({ hint: 'airflow-deploy branch create feature-x' }) as Error);
});
