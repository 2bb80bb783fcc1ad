import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Aws } from '../../src/aws/clients.ts';
import { startEndpoint, type TestEndpoint } from './endpoint.ts';
import { contextOf, type Made, makeNeeds, removeAll, world } from './sample.ts';
import { fileSystem, mountTarget } from './samples-a.ts';

let endpoint: TestEndpoint;
let aws: Aws;
beforeAll(async () => {
	endpoint = await startEndpoint();
	aws = await endpoint.clients();
}, 60_000);
afterAll(() => endpoint.close());

test('a file system whose creation was not heard of is adopted by its token', async () => {
	const ctx = contextOf(world(aws), 'file-system');
	const lost = await fileSystem.kind.create(ctx, {});
	expect(await fileSystem.kind.create(ctx, {})).toEqual(lost);
	const stranger = { ...contextOf(world(aws), 'file-system'), token: ctx.token };
	await expect(fileSystem.kind.create(stranger, {})).rejects.toMatchObject({ code: 'ForeignObject' });
	await expect(fileSystem.kind.remove(stranger, lost)).rejects.toMatchObject({ code: 'ForeignObject' });
	await fileSystem.kind.remove(ctx, lost);
});

test('away from this machine a mount target is ready when its name is known in the VPC', async () => {
	const here = world(aws);
	const needed: Made = [];
	const needs = await makeNeeds(here, mountTarget, needed);
	const props = mountTarget.props(needs, aws);
	const ctx = contextOf(here, 'mount-target');
	const outputs = await mountTarget.kind.create(ctx, props);
	const interrupted = new AbortController();
	const remote = { ...ctx, aws: { ...aws, endpoint: undefined }, signal: interrupted.signal, note: (message: string) => interrupted.abort(message) };
	await expect(mountTarget.kind.wait?.(remote, outputs, props)).rejects.toMatchObject({ name: 'AbortError' });
	expect(interrupted.signal.reason).toBe('waiting 90 s for the name of the mount target to be known in the VPC');
	await mountTarget.kind.remove(ctx, outputs);
	await removeAll(needed);
});
