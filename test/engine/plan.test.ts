import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Stack } from '../../src/engine/stack.ts';
import { Cloud, Net, stacks } from './cloud.ts';
import { at, bringUp, planned, temporaryDirectory } from './runs.ts';

const net = (props: Partial<{ uses: string[]; size: number; cidr: string }>, more?: string) => {
	const stack = new Stack<Cloud>('main');
	const first = stack.add(Net, 'net', {}, () => ({ uses: [], size: 1, cidr: 'a', ...props }));
	if (more) stack.add(Net, more, { first }, ({ first }) => ({ uses: [first.id], size: 1, cidr: '' }));
	return [stack];
};

test('of nothing: everything is created, and neither cloud nor disk is touched', async () => {
	const [directory, cloud] = [temporaryDirectory(), new Cloud()];
	const changes = await planned(directory, cloud, stacks(1));
	expect(changes.map(({ key, action, why }) => [key, action, why])).toEqual([
		['net', 'create', 'not there yet'],
		['left', 'create', 'not there yet'],
		['right', 'create', 'not there yet'],
		['revision', 'create', 'not there yet'],
		['job', 'run', 'not run yet'],
		['leaf', 'create', 'not there yet'],
	]);
	expect(changes[1]).toMatchObject({ scope: 'main', type: 'Test::Net' });
	expect([cloud.calls, await readdir(directory)]).toEqual([[], []]);
});

test('of what is up: no change', async () => {
	const [directory, cloud] = [temporaryDirectory(), new Cloud()];
	await bringUp(directory, cloud, stacks(1));
	const before = await readFile(at(directory, 'main'), 'utf8');
	expect(await planned(directory, cloud, stacks(1))).toEqual([]);
	expect(await readFile(at(directory, 'main'), 'utf8')).toBe(before);
});

test('says why, and agrees with what up then does', async () => {
	const [directory, cloud] = [temporaryDirectory(), new Cloud()];
	await bringUp(directory, cloud, stacks(1));
	const changes = await planned(directory, cloud, stacks(2));
	expect(changes.map(({ key, action, why }) => [key, action, why])).toEqual([
		['net', 'replace', 'cidr changes from 10.1.0.0/16 to 10.2.0.0/16 and AWS cannot change it in place'],
		['left', 'update', 'size changes from 1 to 2'],
		['right', 'replace', 'depends on net, which is replaced'],
		['revision', 'replace', 'image changes from image:1 to image:2 and AWS cannot change it in place'],
		['job', 'run', 'depends on revision, which is replaced'],
		// It needs the job too, but uses nothing of its result.
		['leaf', 'update', 'depends on revision, which is replaced'],
	]);
	const { done } = await bringUp(directory, cloud, stacks(2));
	const did = new Map(done.map(({ key, action }) => [key, action]));
	expect(changes.filter(({ key, action }) => did.get(key) !== action)).toEqual([]);
	expect(await planned(directory, cloud, stacks(2))).toEqual([]);
});

test('a node without props of a changed need is left alone', async () => {
	const [directory, cloud] = [temporaryDirectory(), new Cloud()];
	const two = (cidr: string) => {
		const stack = new Stack<Cloud>('main');
		const first = stack.add(Net, 'first', {}, () => ({ uses: [], size: 1, cidr }));
		stack.add(Net, 'second', { first }, () => ({ uses: [], size: 1, cidr: '' }));
		return [stack];
	};
	await bringUp(directory, cloud, two('a'));
	expect((await planned(directory, cloud, two('b'))).map(({ key }) => key)).toEqual(['first']);
});

test('props that cannot be made from outputs yet to come are taken to change', async () => {
	const [directory, cloud] = [temporaryDirectory(), new Cloud()];
	const picky = (cidr: string) => {
		const stack = new Stack<Cloud>('main');
		const first = stack.add(Net, 'first', {}, () => ({ uses: [], size: 1, cidr }));
		stack.add(Net, 'second', { first }, ({ first }) => {
			if (!/^id-\d+$/.test(first.id)) throw new Error('no id');
			return { uses: [first.id], size: 1, cidr: '' };
		});
		return [stack];
	};
	await bringUp(directory, cloud, picky('a'));
	expect((await planned(directory, cloud, picky('b')))[1]).toMatchObject({ key: 'second', action: 'update', why: 'depends on first, which is replaced' });
});

test('a new node beneath an old one', async () => {
	const [directory, cloud] = [temporaryDirectory(), new Cloud()];
	const grown = (size: number) => {
		const stack = new Stack<Cloud>('main');
		const needs = size > 1 ? { base: stack.add(Net, 'base', {}, () => ({ uses: [], size: 1, cidr: '' })) } : {};
		stack.add(Net, 'top', needs, (outputs) => ({ uses: Object.values(outputs as Record<string, { id: string }>).map(({ id }) => id), size: 1, cidr: '' }));
		return [stack];
	};
	await bringUp(directory, cloud, grown(1));
	expect((await planned(directory, cloud, grown(2))).map(({ key, action, why }) => [key, action, why])).toEqual([
		['base', 'create', 'not there yet'],
		['top', 'update', 'depends on base, which is new'],
	]);
});

test('removals, for the whole only', async () => {
	const [directory, cloud] = [temporaryDirectory(), new Cloud()];
	await bringUp(directory, cloud, net({}, 'more'));
	expect(await planned(directory, cloud, net({}))).toEqual([{ key: 'more', scope: 'main', type: 'Test::Net', action: 'delete', why: 'no longer part of this environment' }]);
	expect(await planned(directory, cloud, net({}), ['net'])).toEqual([]);
});

test('what is no longer needed by what stays is removed, although the record still says so', async () => {
	const [directory, cloud] = [temporaryDirectory(), new Cloud()];
	await bringUp(directory, cloud, net({}, 'more'));
	const stack = new Stack<Cloud>('main');
	stack.add(Net, 'more', {}, () => ({ uses: [], size: 1, cidr: '' }));
	expect((await planned(directory, cloud, [stack])).map(({ key, action }) => [key, action])).toEqual([['more', 'update'], ['net', 'delete']]);
	await bringUp(directory, cloud, [stack]);
	expect(cloud.tags).toEqual(['more']);
});

test('interrupted, gone and replaced objects', async () => {
	const [directory, cloud] = [temporaryDirectory(), new Cloud()];
	cloud.around = (call, moment) => {
		if (call === 'create net' && moment === 'before') throw new Error('no');
	};
	await bringUp(directory, cloud, net({}));
	expect(await planned(directory, cloud, net({}))).toMatchObject([{ action: 'create', why: 'not there yet: an earlier run was interrupted' }]);
	cloud.around = () => {};
	await bringUp(directory, cloud, net({}));
	cloud.around = (call, moment) => {
		if (call === 'remove net' && moment === 'before') throw new Error('no');
	};
	await bringUp(directory, cloud, net({ cidr: 'b' }));
	expect(await planned(directory, cloud, net({ cidr: 'b' }))).toMatchObject([{ key: 'net~1', action: 'delete' }]);
	delete cloud.world.things['id-2'];
	expect((await planned(directory, cloud, net({ cidr: 'b' })))[0]).toMatchObject({ key: 'net', action: 'create', why: 'id-2 is recorded, but AWS no longer shows it' });
	expect(await readdir(join(directory, 'state'))).toEqual(['main.json']);
});
