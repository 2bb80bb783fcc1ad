import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { installer } from '../../../src/local/runtime/installer.ts';
import { findPython310 } from '../../../src/local/runtime/python.ts';

test('no Python 3.10, and none to be had: the error names what gives one', async () => {
	const directory = await mkdtemp(join(tmpdir(), 'python-test-'));
	onTestFinished(() => rm(directory, { recursive: true, force: true }));
	await writeFile(join(directory, 'uv'), '#!/bin/sh\n[ "$1" = --version ] && exit 0\necho "error: failed to download: dns error" >&2\nexit 1\n', { mode: 0o755 });
	const on = installer(() => {}, { PATH: directory, HOME: directory });
	await expect(findPython310(on)).rejects.toMatchObject({ code: 'NoNetwork', message: expect.stringContaining('Python 3.10') as string, hint: expect.stringContaining('UV_PYTHON_INSTALL_MIRROR') as string });
});
