import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ValidateDocument } from '../../src/environment/documents.ts';
import { run } from '../cli/run.ts';

let cwd: string;
beforeEach(async () => void (cwd = await mkdtemp(join(tmpdir(), 'page-alone-test-'))));
afterEach(() => rm(cwd, { recursive: true }));

test.each([
	[['--url', 'localhost:8080'], '--url localhost:8080 is no address of a web page'],
	[['--url', 'nonsense'], '--url nonsense is no address of a web page'],
	[['--user', 'me'], '--user goes with --url'],
])('%j is wrong usage', async (words, message) => {
	const { exit, stdout } = await run(['validate', ...words, '--json'], { cwd });
	expect({ exit, error: JSON.parse(stdout) as unknown }).toMatchObject({ exit: 2, error: { error: { code: 'InvalidUsage', message: expect.stringContaining(message) } } });
});

test('without credentials of AWS a page alone is looked at, and no command about a deployment is advised', async () => {
	const { exit, stdout } = await run(['validate', '--url', 'http://127.0.0.1:9/', '--json'], { cwd });
	const { ok, checks } = JSON.parse(stdout) as ValidateDocument;
	expect({ exit, ok }).toEqual({ exit: 3, ok: false });
	expect(checks.map(({ name, verdict, hint }) => [name, verdict, hint])).toEqual([
		['web-page', 'failed', null],
		['scheduler', 'not-checked', null],
		['login', 'not-checked', null],
		['dag-list', 'not-checked', null],
	]);
});
