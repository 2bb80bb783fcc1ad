import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import type { BranchesDocument, RemovalsDocument } from '../../src/environment/documents.ts';
import { run, temporaryDirectory } from './run.ts';

describe('what nobody can name or time is refused before anything is called or started', () => {
	test.each([
		[['branch', 'create', 'x'.repeat(60)], /"x{60}" is 60 characters long: with project airflow in us-east-1 AWS's names have room for 36/],
		[['branch', 'create', ''], /the name of a branch environment is empty/],
		[['branch', 'create', 'feature/login'], /"feature\/login" is no name for a branch environment: it must be lower-case letters[\s\S]*airflow-deploy branch create .*feature-login/],
		[['branch', 'create', '🚀'], /"🚀" is no name for a branch environment/],
		[['branch', 'create', 'main'], /"main" cannot be the name of a branch environment: it is reserved/],
		[['branch', 'create', 'x', '--ttl', '3 parsecs'], /--ttl "3 parsecs" is no time span/],
		[['branch', 'create', 'x', '--ttl', '-1d'], /--ttl -1d lies in the past/],
		[['branch', 'create', 'x', '--ttl', '2020-01-01'], /--ttl 2020-01-01 lies in the past/],
		[['branch', 'create', 'x', '--ttl', '0h'], /--ttl 0h is no time at all/],
		[['branch', 'create', 'x', '--ttl', '53w'], /--ttl 53w is longer than a year/],
		[['plan', '--mysql'], /"main" cannot be the name of a branch environment/],
		[['branch', 'delete', 'x', '--all'], /a name, --expired and --all exclude each other/],
	])('%j', async (words, message) => {
		const cwd = await temporaryDirectory();
		const { exit, stdout, stderr } = await run([...words, '--local', '--yes'], { cwd });
		expect([exit, stdout, stderr]).toEqual([2, '', expect.stringMatching(message)]);
		expect(existsSync(join(cwd, '.airflow-deploy'))).toBe(false);
	});

	test('a git branch of which nothing is left', async () => {
		const cwd = await temporaryDirectory();
		await execa('git', ['init', '--quiet', '--initial-branch', '🚀'], { cwd });
		const { exit, stderr } = await run(['branch', 'create', '--local', '--yes'], { cwd });
		expect([exit, stderr]).toEqual([2, expect.stringContaining('nothing in the name of git branch "🚀" can be part of a name in AWS')]);
	});
});

describe('where nothing is up', () => {
	test('a branch of a project that does not exist cannot be deleted', async () => {
		const { exit, stderr } = await run(['branch', 'delete', 'x', '--local', '--yes'], { env: { AIRFLOW_DEPLOY_PROJECT: 'no-such' } });
		expect([exit, stderr]).toEqual([1, expect.stringContaining('there is no branch environment x')]);
	});

	test('there are none to list or to delete', async () => {
		const list = await run(['branch', 'list', '--local', '--json']);
		expect(JSON.parse(list.stdout) as BranchesDocument).toEqual({ branches: [] });
		for (const which of ['--expired', '--all']) {
			const { exit, stdout } = await run(['branch', 'delete', which, '--local', '--json']);
			expect([exit, JSON.parse(stdout) as RemovalsDocument]).toEqual([0, { deleted: [], left: [], kept: [], notOurs: [], asked: { ids: 0, kinds: 0 }, cost: { perHour: 0, perMonth: 0, currency: 'USD', lines: [] }, shared: null, wallSeconds: 0, environments: [] }]);
		}
	});
});
