import pc from 'picocolors';
import { describe, expect, test } from 'vitest';
import type { CheckDocument, ValidateDocument } from '../../src/environment/documents.ts';
import { renderValidate } from '../../src/ui/render/validate.ts';
import { run } from '../cli/run.ts';

const check = (more: Partial<CheckDocument>): CheckDocument => ({ name: 'login', ok: true, seconds: 1.26, detail: 'user admin is logged in', screenshot: null, verdict: 'passed', proves: '', hint: null, lines: [], startSeconds: 0, ...more });
const render = (document: Partial<ValidateDocument>): string =>
	renderValidate({ ok: true, checks: [check({})], report: '.airflow-deploy/reports/main.html', environment: 'main', mode: 'browser', versions: {}, wallSeconds: 23, ...document }, { colour: pc.createColors(false), width: 80 });

describe('validate for people', () => {
	test('a line per check within 80 columns', () => {
		const text = render({ checks: [check({}), check({ name: 'run:tutorial', seconds: 75, detail: `3 tasks in 8.4 s: ${'print_date, '.repeat(9)}` }), check({ name: 'plugin', verdict: 'left-out', detail: 'not checked: the bundle has no plugins/hello.py' })] });
		expect(text).toMatchInlineSnapshot(`
			"✔ login          1.3 s  user admin is logged in
			✔ run:tutorial    1:15  3 tasks in 8.4 s: print_date, print_date, print_date, p…
			– plugin         1.3 s  not checked: the bundle has no plugins/hello.py

			✔ main is proved in a browser, 23 s
			report  .airflow-deploy/reports/main.html"
		`);
		expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
	});

	test('what failed follows whole, with its log lines and what to do', () => {
		const failed = check({ name: 'run:fails', ok: false, verdict: 'failed', detail: 'task draw of fails failed in try 1: ValueError: the well is dry and nobody knows why', lines: ['13:28:23 ERROR Task failed with exception', 'ValueError: the well is dry'], hint: 'airflow-deploy logs task --dag fails --task draw' });
		expect(render({ ok: false, mode: 'http', checks: [check({}), failed, check({ name: 'task-log:fails', ok: false, verdict: 'not-checked', detail: 'not checked: it needs run:fails' })] })).toMatchInlineSnapshot(`
			"✔ login            1.3 s  user admin is logged in
			✘ run:fails        1.3 s  task draw of fails failed in try 1: ValueError: the w…
			· task-log:fails          not checked: it needs run:fails

			run:fails: task draw of fails failed in try 1: ValueError: the well is dry and nobody knows why
			  13:28:23 ERROR Task failed with exception
			  ValueError: the well is dry
			hint: airflow-deploy logs task --dag fails --task draw

			✘ main: 1 check failed: run:fails, 23 s
			report  .airflow-deploy/reports/main.html"
		`);
	});
});

describe('what makes no sense is refused before anything is called', () => {
	test.each([
		[['--all', '--dag', 'x'], '--all and --dag exclude each other'],
		[['--headed', '--no-browser'], '--headed and --no-browser exclude each other'],
		[['--timeout', 'soon'], '--timeout soon is no time'],
		[['--timeout', '0'], '--timeout 0 is no time'],
	])('%j', async (args, words) => {
		const { exit, stderr } = await run(['validate', '--local', ...args]);
		expect(exit).toBe(2);
		expect(stderr).toContain(words);
	});

	test('nothing is up', async () => {
		const { exit, stderr } = await run(['validate', '--local', '--dag', 'a', '--dag', 'b', '--timeout', '2m']);
		expect(exit).toBe(1);
		expect(stderr).toContain('main is not up');
	});
});
