import { describe, expect, test } from 'vitest';
import type { Result } from '../../src/validate/check.ts';
import { renderReport, type ReportInput } from '../../src/validate/report/report.ts';
import { deployedAt } from './sample.ts';

const result = (more: Partial<Result>): Result => ({ name: 'login', proves: 'the password works', verdict: 'passed', startSeconds: 1, seconds: 0.5, detail: 'user admin', lines: [], ...more });
const report = (more: Partial<ReportInput> = {}): string =>
	renderReport({ deployed: deployedAt('http://192.0.2.1:8080'), ok: true, began: new Date('2026-11-24T13:37:58Z'), wallSeconds: 23, results: [result({})], versions: { Airflow: '2.5.3' }, runs: [], lastUp: undefined, ...more });

describe('the report', () => {
	test('asks nobody for anything, and its policy forbids it', () => {
		const text = report({ results: [result({ screenshot: Buffer.from('PNG') })] });
		expect(text).toContain(`default-src 'none'`);
		expect(text).toContain('data:image/png;base64,UE5H');
		expect([...text.matchAll(/(?:src|href)="(?!data:|#)|url\(|@import|<script/g)]).toEqual([]);
	});

	test('shows failures first, open, with their lines; what logs say is text, not markup', () => {
		const text = report({ ok: false, results: [result({}), result({ name: 'run:x', verdict: 'failed', detail: 'task <b> failed', hint: 'see "logs"', lines: ['<script>alert(1)</script>'] })] });
		expect(text).toContain('1 of 2 checks failed');
		expect(text).toContain('task &#60;b&#62; failed');
		expect(text).not.toContain('<script');
		expect(text).toMatch(/<details class="check failed" id="run-x" open>/);
		expect(text).toMatch(/<details class="check passed" id="login">/);
	});

	test('follows light and dark, and fits a phone', () => {
		expect(report()).toContain('prefers-color-scheme:dark');
		expect(report()).toContain('width=device-width');
		expect(report()).toContain('@media (max-width:40rem)');
	});

	test('has the timeline of checks, runs and the last up on scales of their own', () => {
		const text = report({
			runs: [{ dagId: 'tutorial', runId: 'validate__1', bars: [{ name: 'print_date', state: 'success', startSeconds: 11.5, seconds: 2.3 }] }],
			lastUp: { command: 'up --local', startedAt: '2026-11-24T13:00:00Z', wallSeconds: 40, criticalPathSeconds: 38, unfinished: [], steps: [{ key: 'database', type: 'AWS::RDS::DBInstance', action: 'create', seconds: 20, dependsOn: [], startSeconds: 10, critical: true }] },
		});
		expect(text).toContain('margin-left:50.00%;width:10.00%');
		expect(text).toContain('class="bar critical" style="margin-left:25.00%;width:50.00%"');
		expect(text).toContain('The last up --local');
	});
});
