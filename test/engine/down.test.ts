import { existsSync } from 'node:fs';
import { readdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Event } from '../../src/engine/events.ts';
import { defineAction, defineResource, type Kind } from '../../src/engine/resource.ts';
import { Stack } from '../../src/engine/stack.ts';
import { Cloud, kinds, Net, Role, Run, stacks } from './cloud.ts';
import { actions, at, bringUp, entriesOf, takeDown, temporaryDirectory } from './runs.ts';

test('what was made a moment ago is looked for before it is removed: a read may not show it yet', async () => {
	const [directory, cloud] = [temporaryDirectory(), new Cloud()];
	const props = { uses: new Array<string>(), size: 1, cidr: '' };
	const Careful = defineResource<Cloud, typeof props, { id: string }>({
		...Net,
		type: 'Test::Careful',
		async remove(ctx, outputs) {
			if (await Net.find(ctx, props, undefined)) await Net.remove(ctx, outputs);
		},
	});
	const stack = new Stack<Cloud>('main');
	stack.add(Careful, 'net', {}, () => props);
	await bringUp(directory, cloud, [stack]);
	cloud.blind.set('net', 3);
	await takeDown(directory, cloud, { kinds: new Map([[Careful.type, Careful as unknown as Kind<Cloud>]]), settle: { unclear: 10, missing: 0, pause: 0.001 } });
	expect(cloud.tags).toEqual([]);
});

test('removes all scopes as one graph, what uses an object before it, and leaves no file', async () => {
	const [directory, cloud, events] = [temporaryDirectory(), new Cloud(), new Array<Event>()];
	await bringUp(directory, cloud, stacks(1), { limit: 1 });
	const outcome = await takeDown(directory, cloud, { events });
	expect(cloud.tags).toEqual([]);
	expect(outcome).toMatchObject({ failed: new Map(), skipped: [], interrupted: false });
	expect(actions(outcome)).toEqual({ leaf: 'delete', left: 'delete', right: 'delete', revision: 'delete', net: 'delete', job: 'none' });
	expect(outcome.done.find(({ key }) => key === 'net')).toMatchObject({ scope: 'shared', id: 'id-1', dependsOn: expect.arrayContaining(['left', 'right']) as string[] });
	expect(events[0]).toMatchObject({ type: 'begin', needs: { leaf: [], net: ['left', 'right'] } });
	expect(await readdir(join(directory, 'state'))).toEqual([]);
	expect(await takeDown(directory, cloud)).toMatchObject({ done: [], failed: new Map() });
});

test('of one scope leaves the others', async () => {
	const [directory, cloud] = [temporaryDirectory(), new Cloud()];
	await bringUp(directory, cloud, stacks(1));
	await takeDown(directory, cloud, {}, ['main']);
	expect(cloud.tags).toEqual(['net']);
	expect([existsSync(at(directory, 'main')), existsSync(at(directory, 'shared'))]).toEqual([false, true]);
});

test('scopes that use the same keys are told apart', async () => {
	const [directory, cloud] = [temporaryDirectory(), new Cloud()];
	for (const scope of ['shared', 'main']) {
		const stack = new Stack<Cloud>(scope);
		stack.add(Role, 'same', {}, () => ({ image: '' }));
		await bringUp(directory, cloud, [stack], { kinds });
	}
	expect(Object.keys(actions(await takeDown(directory, cloud))).toSorted()).toEqual(['main/same', 'shared/same']);
});

test('an object whose create call was never answered is looked for and removed', async () => {
	const [directory, cloud] = [temporaryDirectory(), new Cloud()];
	cloud.around = (call, moment) => {
		if (call !== 'create left' || moment !== 'after') return;
		cloud.blind.set('left', 4);
		throw new Error('InternalServerError');
	};
	expect((await bringUp(directory, cloud, stacks(1))).failed.size).toBe(1);
	expect(cloud.tags).toContain('left');
	const outcome = await takeDown(directory, cloud, { settle: { unclear: 10, missing: 0, pause: 0.001 } });
	expect([outcome.failed.size, cloud.tags]).toEqual([0, []]);
});

test('one that was never made is no removal', async () => {
	const [directory, cloud] = [temporaryDirectory(), new Cloud()];
	cloud.around = (call, moment) => {
		if (call === 'create net' && moment === 'before') throw new Error('no');
	};
	await bringUp(directory, cloud, stacks(1));
	expect((await takeDown(directory, cloud)).done.find(({ key }) => key === 'net')).toMatchObject({ action: 'none', id: null });
	expect(existsSync(at(directory, 'shared'))).toBe(false);
});

test('what is kept by design is reported, not removed, and no longer recorded', async () => {
	const [directory, cloud] = [temporaryDirectory(), new Cloud()];
	const stack = new Stack<Cloud>('main');
	stack.add(Role, 'role', {}, () => ({ image: '' }));
	await bringUp(directory, cloud, [stack]);
	const outcome = await takeDown(directory, cloud);
	expect(outcome.kept).toEqual([{ key: 'role', scope: 'main', type: 'Test::Role', id: 'id-1', why: 'others may use it' }]);
	expect(outcome.done).toMatchObject([{ key: 'role', action: 'none', id: null }]);
	expect([cloud.tags, existsSync(at(directory, 'main'))]).toEqual([['role'], false]);
});

test('actions clean up where they can', async () => {
	const [directory, cloud] = [temporaryDirectory(), new Cloud()];
	const stack = new Stack<Cloud>('main');
	stack.add(Run, 'job', {}, () => ({ input: '' }));
	await bringUp(directory, cloud, [stack]);
	const removed: unknown[] = [];
	const cleans = defineAction({ ...Run, remove: async (_, outputs) => void removed.push(outputs) });
	const outcome = await takeDown(directory, cloud, { kinds: new Map([[Run.type, cleans as unknown as Kind<Cloud>]]) });
	expect([actions(outcome), removed]).toEqual([{ job: 'delete' }, [{ run: 1, token: expect.any(String) as string }]]);
});

test('a record of an unknown type is named before anything is removed', async () => {
	const [directory, cloud] = [temporaryDirectory(), new Cloud()];
	await bringUp(directory, cloud, stacks(1));
	const fewer = new Map([...kinds].filter(([type]) => type !== 'Test::Revision'));
	await expect(takeDown(directory, cloud, { kinds: fewer })).rejects.toMatchObject({
		code: 'UnknownType',
		message: 'revision of main is recorded as Test::Revision, which this version cannot remove',
	});
	expect(cloud.tags).toHaveLength(5);
});

test('a failure keeps the record of what is left, with its error as it was thrown', async () => {
	const [directory, cloud, refusal] = [temporaryDirectory(), new Cloud(), new Error('DependencyViolation')];
	await bringUp(directory, cloud, stacks(1));
	cloud.around = (call, moment) => {
		if (call === 'remove left' && moment === 'before') throw refusal;
	};
	const outcome = await takeDown(directory, cloud);
	expect(outcome.failed).toEqual(new Map([['left', refusal]]));
	expect(outcome.skipped).toContain('net');
	expect(await entriesOf(directory)).toMatchObject({ left: { status: 'removing' } });
	cloud.around = () => {};
	await takeDown(directory, cloud);
	expect(cloud.tags).toEqual([]);
});

test('in the middle of a replacement, both generations go', async () => {
	const [directory, cloud] = [temporaryDirectory(), new Cloud()];
	await bringUp(directory, cloud, stacks(1));
	cloud.around = (call, moment) => {
		if (call === 'update left' && moment === 'before') throw new Error('no');
	};
	await bringUp(directory, cloud, stacks(2));
	expect(cloud.tags.filter((tag) => tag === 'net')).toHaveLength(2);
	cloud.around = () => {};
	expect((await takeDown(directory, cloud)).failed).toEqual(new Map());
	expect(cloud.tags).toEqual([]);
});

test('Ctrl-C: the removal under way ends, the rest stays recorded', async () => {
	const [directory, cloud, abort] = [temporaryDirectory(), new Cloud(), new AbortController()];
	await bringUp(directory, cloud, stacks(1));
	cloud.around = (call, moment) => {
		if (call === 'remove leaf' && moment === 'before') abort.abort();
	};
	const outcome = await takeDown(directory, cloud, { signal: abort.signal });
	expect(outcome).toMatchObject({ interrupted: true, failed: new Map() });
	expect(actions(outcome)['leaf']).toBe('delete');
	expect(Object.keys(await entriesOf(directory))).not.toContain('leaf');
	expect(cloud.tags).toContain('net');
});

test('a disk that is full after the call: the object is recorded as creating, and found by the next run', async () => {
	const [directory, cloud] = [temporaryDirectory(), new Cloud()];
	cloud.around = async (call, moment) => {
		if (call === 'create net' && moment === 'after') await symlink('/dev/full', `${at(directory, 'shared')}.tmp`);
	};
	const outcome = await bringUp(directory, cloud, stacks(1), { limit: 1 });
	expect(outcome.failed.get('net')).toMatchObject({ code: 'StateNotWritten' });
	expect((await entriesOf(directory, 'shared'))['net']).toMatchObject({ status: 'creating' });
	cloud.around = () => {};
	await bringUp(directory, cloud, stacks(1));
	expect(cloud.tags.filter((tag) => tag === 'net')).toHaveLength(1);
});
