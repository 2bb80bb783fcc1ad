import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemBrowser } from '../../src/validate/browser.ts';
import { temporaryDirectory } from '../cli/run.ts';

test("the system's browser is found on PATH, Chrome before Chromium in the same folder, programs only", async () => {
	const [first, second] = [await temporaryDirectory(), await temporaryDirectory()];
	const env = { PATH: `${first}:${second}` };
	await writeFile(join(first, 'google-chrome'), 'no program');
	await writeFile(join(second, 'chromium'), '#!/bin/sh\n');
	await chmod(join(second, 'chromium'), 0o755);
	expect(systemBrowser(env, 'freebsd')).toBe(join(second, 'chromium'));
	await chmod(join(first, 'google-chrome'), 0o755);
	expect(systemBrowser(env, 'freebsd')).toBe(join(first, 'google-chrome'));
	expect(systemBrowser({ PATH: '' }, 'freebsd')).toBeUndefined();
});
