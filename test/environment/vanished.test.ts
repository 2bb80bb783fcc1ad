import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Aws } from '../../src/aws/clients.ts';
import { acquireLock } from '../../src/engine/lock.ts';
import { bringUp } from '../../src/environment/bring-up.ts';
import { filesOf } from '../../src/environment/places.ts';
import { readStates } from '../../src/environment/session.ts';
import { startEndpoint, type TestEndpoint } from '../resources/endpoint.ts';
import { optionsFor } from './options.ts';

let endpoint: TestEndpoint;
let aws: Aws;
beforeAll(async () => {
	endpoint = await startEndpoint();
	aws = await endpoint.clients();
}, 60_000);
afterAll(() => endpoint.close());

test('a local account that was emptied is built again, under the lock only', async () => {
	const options = await optionsFor(aws);
	const files = filesOf(options.cwd, aws, 'main');
	await bringUp(options, 'upload');
	const before = await readFile(files.state, 'utf8');
	expect(options.said).toEqual([]);
	await fetch(`${endpoint.url}/_endpoint/reset`, { method: 'POST' });

	const lock = await acquireLock(files.lock, { command: 'up', wait: false });
	await expect(bringUp(options, 'upload')).rejects.toMatchObject({ code: 'EnvironmentLocked' });
	expect(await readFile(files.state, 'utf8')).toBe(before);
	await lock.release();

	await bringUp(options, 'upload');
	expect(options.said).toEqual(['the local account is empty (it does not outlive a reboot or a reset): building it again']);
	const { entries = {} } = (await readStates(options)).get('main') ?? {};
	expect(Object.entries(entries).map(([key, { status }]) => [key, status])).toEqual(expect.arrayContaining([['anchor', 'ready'], ['bundle', 'ready']]));
	await bringUp(options, 'upload');
	expect(options.said).toHaveLength(1);
});
