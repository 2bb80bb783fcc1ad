import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { launchBrowser, systemBrowser } from '../../src/validate/browser.ts';
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

async function brokenBrowser(): Promise<NodeJS.ProcessEnv> {
	const folder = await temporaryDirectory();
	await writeFile(join(folder, 'google-chrome'), '#!/bin/sh\necho "error while loading shared libraries: libnss3.so" >&2\nexit 127\n');
	await chmod(join(folder, 'google-chrome'), 0o755);
	return { PATH: `${folder}:/usr/bin:/bin` };
}

test('where the system has one that does not start, the bundled one is used', async () => {
	const said: string[] = [];
	const launched = await launchBrowser({ env: await brokenBrowser(), headed: false, say: (text) => said.push(text) });
	await launched?.browser.close();
	expect(launched?.name).toMatch(/^Chromium \d+.*\(@sparticuz\/chromium\)$/);
	expect(said).toEqual([]);
});

test('a window needs a browser that has one', async () => {
	const headed = launchBrowser({ env: await brokenBrowser(), headed: true, say: () => {} });
	await expect(headed).rejects.toMatchObject({ code: 'NoBrowserWindow', exit: 2, message: expect.stringMatching(/--headed needs a browser with a window: .*google-chrome did not start: .*libnss3/) as string });
});

test.each([[true], [false]])('with a window: %s', async (headed) => {
	const folder = await temporaryDirectory();
	const asked = join(folder, 'arguments');
	await writeFile(join(folder, 'google-chrome'), `#!/bin/sh\nprintf '%s\\n' "$@" > ${asked}\nexit 1\n`);
	await chmod(join(folder, 'google-chrome'), 0o755);
	const launched = await launchBrowser({ env: { PATH: `${folder}:/usr/bin:/bin` }, headed, say: () => {} }).catch(() => undefined);
	await launched?.browser.close();
	expect((await readFile(asked, 'utf8')).split('\n').some((argument) => argument.startsWith('--headless'))).toBe(!headed);
});
