import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { criticalPath, stepsOf } from '../../src/engine/engine.ts';
import type { Event } from '../../src/engine/events.ts';
import { defineAction, defineResource, type Kind, type Resource } from '../../src/engine/resource.ts';
import { Stack } from '../../src/engine/stack.ts';
import { UserError } from '../../src/errors.ts';
import { Cloud, kinds, Named, Net, Revision, Run, stacks } from './cloud.ts';
import { actions, at, bringUp, entriesOf, open, takeDown, temporaryDirectory } from './runs.ts';

const one = (props: Partial<{ uses: string[]; size: number; cidr: string }> = {}) => {
	const stack = new Stack<Cloud>('main');
	stack.add(Net, 'net', {}, () => ({ uses: [], size: 1, cidr: 'a', ...props }));
	return [stack];
};

/** Of the networks, the only things that have one. */
const cidrs = (cloud: Cloud): unknown[] => Object.values(cloud.world.things).flatMap(({ props }) => props['cidr'] || []);

describe('up', () => {
	test('makes everything in order, side by side, and records it', async () => {
		const [directory, cloud, events] = [temporaryDirectory(), new Cloud(), new Array<Event>()];
		const outcome = await bringUp(directory, cloud, stacks(1), { events });
		expect(actions(outcome)).toEqual({ net: 'create', left: 'create', right: 'create', revision: 'create', job: 'run', leaf: 'create' });
		expect(cloud.calls.indexOf('create left')).toBeGreaterThan(cloud.calls.indexOf('wait net'));
		expect(cloud.calls.indexOf('create leaf')).toBeGreaterThan(cloud.calls.indexOf('run job'));
		expect(outcome).toMatchObject({ failed: new Map(), skipped: [], kept: [], interrupted: false });
		const { left } = await entriesOf(directory);
		expect(left).toMatchObject({ type: 'Test::Net', status: 'ready', dependsOn: ['shared/net'], arn: `arn:test:${left?.id}`, outputs: { id: left?.id, address: `at ${left?.id}` } });
		expect(events[0]).toMatchObject({ type: 'begin', needs: { left: ['net'], net: [] } });
		expect(events.filter(({ type }) => type === 'start')).toHaveLength(6);
		expect(events.filter(({ type }) => type === 'done')).toHaveLength(6);
	});

	test('makes no call and writes nothing the second time', async () => {
		const [directory, cloud] = [temporaryDirectory(), new Cloud()];
		await bringUp(directory, cloud, stacks(1));
		const [before, calls] = [await entriesOf(directory), cloud.calls.length];
		const outcome = await bringUp(directory, cloud, stacks(1));
		expect(new Set(Object.values(actions(outcome)))).toEqual(new Set(['none']));
		expect(cloud.calls).toHaveLength(calls);
		expect(await entriesOf(directory)).toEqual(before);
	});

	test('records the intent before the call, and the id straight after it', async () => {
		const [directory, cloud] = [temporaryDirectory(), new Cloud()];
		const seen: unknown[] = [];
		cloud.around = async (call, moment) => {
			if (moment === 'before') seen.push([call, (await entriesOf(directory))['net']]);
		};
		await bringUp(directory, cloud, one());
		expect(seen).toMatchObject([
			['create net', { status: 'creating', id: null, inputs: { cidr: 'a' } }],
			['wait net', { status: 'created', id: 'id-1', outputs: { id: 'id-1' } }],
		]);
	});

	test('a goal brings up what it needs and removes nothing', async () => {
		const [directory, cloud] = [temporaryDirectory(), new Cloud()];
		expect(Object.keys(actions(await bringUp(directory, cloud, stacks(1), {}, ['left'])))).toEqual(['net', 'left']);
		await bringUp(directory, cloud, stacks(1));
		const [shared] = stacks(1);
		await bringUp(directory, cloud, shared ? [shared, new Stack<Cloud>('main')] : [], {}, ['net']);
		expect(cloud.tags).toEqual(['leaf', 'left', 'net', 'revision', 'right']);
	});

	test('a goal that removes others takes away what is in no stack, and leaves what it does not bring up', async () => {
		const [directory, cloud] = [temporaryDirectory(), new Cloud()];
		await bringUp(directory, cloud, stacks(1));
		const [shared, main] = stacks(1);
		const without = new Stack<Cloud>('main');
		for (const node of main?.nodes.values() ?? []) if (node.key !== 'leaf') without.nodes.set(node.key, node);
		await bringUp(directory, cloud, shared ? [shared, without] : [], {}, ['left'], true);
		expect(cloud.tags).toEqual(['left', 'net', 'revision', 'right']);
	});

	test('what is no longer in the stack goes after all else is done', async () => {
		const [directory, cloud] = [temporaryDirectory(), new Cloud()];
		await bringUp(directory, cloud, stacks(1));
		const [shared] = stacks(1);
		const main = new Stack<Cloud>('main');
		const outcome = await bringUp(directory, cloud, shared ? [shared, main] : []);
		expect(cloud.tags).toEqual(['net']);
		expect(actions(outcome)).toMatchObject({ net: 'none', leaf: 'delete', left: 'delete', right: 'delete', revision: 'delete' });
		expect(existsSync(at(directory, 'main'))).toBe(false);
	});

	test('keys are unique across the stacks of a run', async () => {
		const again = new Stack<Cloud>('shared');
		again.add(Revision, 'net', {}, () => ({ image: '' }));
		await expect(bringUp(temporaryDirectory(), new Cloud(), [again, ...one()])).rejects.toThrow('two stacks of one run use the key "net"');
	});

	test('hands on the errors of kinds as they are, and starts nothing more', async () => {
		const [directory, cloud] = [temporaryDirectory(), new Cloud()];
		const refusal = new UserError('Refused', 'no');
		cloud.around = (call, moment) => {
			if (call === 'create left' && moment === 'before') throw refusal;
		};
		const outcome = await bringUp(directory, cloud, stacks(1));
		expect(outcome.failed).toEqual(new Map([['left', refusal]]));
		expect(outcome.skipped).toEqual(['job', 'leaf']);
		expect(outcome.interrupted).toBe(false);
		expect((await entriesOf(directory))['left']?.status).toBe('creating');
	});

	test('what throws before a change stops the run', async () => {
		const [directory, cloud] = [temporaryDirectory(), new Cloud()];
		const lost = new Error('lock lost');
		const beforeMutation = () => {
			if (cloud.calls.includes('create net')) throw lost;
		};
		const outcome = await bringUp(directory, cloud, stacks(1), { beforeMutation, limit: 1 });
		expect([...outcome.failed.values()]).toEqual([lost]);
		expect(cloud.calls).toEqual(['create net', 'wait net']);
	});

	test('Ctrl-C: calls under way end, waits stop, nothing new starts', async () => {
		const [directory, cloud, abort] = [temporaryDirectory(), new Cloud(), new AbortController()];
		cloud.around = (call, moment) => {
			if (call === 'create net' && moment === 'before') abort.abort();
		};
		const outcome = await bringUp(directory, cloud, stacks(1), { signal: abort.signal, limit: 1 });
		expect(outcome).toMatchObject({ interrupted: true, failed: new Map() });
		expect(outcome.skipped.toSorted()).toEqual(['job', 'leaf', 'left', 'net', 'revision', 'right']);
		expect((await entriesOf(directory, 'shared'))['net']).toMatchObject({ status: 'created', id: 'id-1' });
		expect(actions(await bringUp(directory, cloud, stacks(1)))).toMatchObject({ net: 'adopt', left: 'create' });
		expect(cloud.tags).toEqual(['leaf', 'left', 'net', 'revision', 'right']);
	});

	test('Ctrl-C between a look and the call it leads to: the call is not made', async () => {
		const [directory, cloud, abort] = [temporaryDirectory(), new Cloud(), new AbortController()];
		Object.assign(cloud, { find: () => abort.abort() });
		expect(await bringUp(directory, cloud, one(), { signal: abort.signal })).toMatchObject({ interrupted: true, skipped: ['net'], failed: new Map() });
		expect([cloud.calls, existsSync(at(directory, 'main'))]).toEqual([[], false]);
	});

	test('a call that was aborted by something else is a failure', async () => {
		const [cloud, timeout] = [new Cloud(), new DOMException('too slow', 'AbortError')];
		cloud.around = () => {
			throw timeout;
		};
		expect(await bringUp(temporaryDirectory(), cloud, one())).toMatchObject({ interrupted: false, failed: new Map([['net', timeout]]) });
	});

	test('a node is reported when it is ready', async () => {
		const ready: string[] = [];
		await bringUp(temporaryDirectory(), new Cloud(), stacks(1), { onReady: (key) => void ready.push(key), limit: 1 });
		expect(ready).toEqual(['net', 'left', 'right', 'revision', 'job', 'leaf']);
	});
});

describe('what AWS shows', () => {
	test('a create whose answer was lost is found in the same run', async () => {
		const [directory, cloud] = [temporaryDirectory(), new Cloud()];
		cloud.around = (call, moment) => {
			if (call === 'create net' && moment === 'after') throw new Error('InternalServerError');
		};
		expect(actions(await bringUp(directory, cloud, one()))).toEqual({ net: 'create' });
		expect(cloud.tags).toEqual(['net']);
	});

	test('an unclear create is looked for while reads lag, and tried again with the same token', async () => {
		const [directory, cloud] = [temporaryDirectory(), new Cloud()];
		const tokens: string[] = [];
		cloud.around = async (call, moment) => {
			if (call !== 'create net' || moment !== 'after') return;
			tokens.push((await entriesOf(directory))['net']?.token ?? '');
			cloud.blind.set('net', 3);
			if (tokens.length === 1) throw new Error('InternalServerError');
		};
		await bringUp(directory, cloud, one());
		await bringUp(directory, cloud, one(), { settle: { unclear: 10, missing: 0, pause: 0.001 } });
		expect(tokens).toHaveLength(1);
		cloud.calls.length = 0;
		await takeDown(directory, cloud);
		tokens.length = 0;
		await bringUp(directory, cloud, one());
		await bringUp(directory, cloud, one());
		expect(new Set(tokens)).toHaveLength(1);
		expect(cloud.calls.filter((call) => call === 'create net')).toHaveLength(2);
		expect(cloud.tags).toEqual(['net']);
	});

	test('other props for an unclear create that is not there need another token', async () => {
		const [directory, cloud] = [temporaryDirectory(), new Cloud()];
		const tokens: string[] = [];
		cloud.around = async (call, moment) => {
			if (call !== 'create net' || moment !== 'before') return;
			tokens.push((await entriesOf(directory))['net']?.token ?? '');
			if (tokens.length === 1) throw new Error('no');
		};
		await bringUp(directory, cloud, one());
		await bringUp(directory, cloud, one({ size: 7 }));
		expect(new Set(tokens)).toHaveLength(2);
	});

	test('a recorded object that is gone is made again, with another token, once that is confirmed', async () => {
		const [directory, cloud] = [temporaryDirectory(), new Cloud()];
		await bringUp(directory, cloud, one());
		const before = (await entriesOf(directory))['net'];
		delete cloud.world.things['id-1'];
		const asked: unknown[] = [];
		const refused = await bringUp(directory, cloud, one(), { confirmRecreate: async (keys) => (asked.push(keys), false) });
		expect(asked).toEqual([['net']]);
		expect(refused.failed.get('net')).toMatchObject({ code: 'RecreateRefused', message: 'net (id-1) is recorded, but AWS no longer shows it' });
		expect(await entriesOf(directory)).toMatchObject({ net: { id: 'id-1', status: 'ready' } });
		expect(actions(await bringUp(directory, cloud, one()))).toEqual({ net: 'create' });
		const after = (await entriesOf(directory))['net'];
		expect(after).toMatchObject({ id: 'id-2', status: 'ready' });
		expect(after?.token).not.toBe(before?.token);
	});

	test('a stale read does not make a recorded object again', async () => {
		const [directory, cloud] = [temporaryDirectory(), new Cloud()];
		await bringUp(directory, cloud, one());
		cloud.blind.set('net', 3);
		const outcome = await bringUp(directory, cloud, one(), { settle: { unclear: 0, missing: 10, pause: 0.001 } });
		expect(actions(outcome)).toEqual({ net: 'none' });
		expect(cloud.tags).toEqual(['net']);
	});

	test('what was made a moment ago may not show yet, whatever is recorded of it', async () => {
		const [directory, cloud] = [temporaryDirectory(), new Cloud()];
		await bringUp(directory, cloud, one());
		cloud.blind.set('net', 3);
		const outcome = await bringUp(directory, cloud, one(), { settle: { unclear: 10, missing: 0, pause: 0.001 }, confirmRecreate: () => Promise.resolve(false) });
		expect([outcome.failed, actions(outcome)]).toEqual([new Map(), { net: 'none' }]);
	});

	test('members that are undefined are no change', async () => {
		const [directory, cloud] = [temporaryDirectory(), new Cloud()];
		const Loose = defineResource<Cloud, { uses: string[]; size: number; cidr: string }, { id: string }>({
			...Net,
			type: 'Test::Loose',
			find: async (ctx, props) => {
				const found = await Net.find(ctx, props, undefined);
				return found && { ...found, zone: undefined };
			},
		});
		const loose = new Stack<Cloud>('main');
		loose.add(Loose, 'net', {}, () => ({ uses: [], size: 1, cidr: '' }));
		await bringUp(directory, cloud, [loose]);
		await bringUp(directory, cloud, [loose]);
		expect(cloud.calls).toEqual(['create net', 'wait net']);
	});

	test('an object of ours that is not recorded is adopted and brought to what is wanted', async () => {
		const [directory, cloud] = [temporaryDirectory(), new Cloud()];
		await bringUp(directory, cloud, one());
		const elsewhere = temporaryDirectory();
		expect(actions(await bringUp(elsewhere, cloud, one({ size: 5 })))).toEqual({ net: 'adopt' });
		expect(cloud.world.things['id-1']?.props).toMatchObject({ size: 5 });
		expect(cloud.tags).toEqual(['net']);
	});

	test('matches has the last word on whether an object is as wanted', async () => {
		const [directory, cloud] = [temporaryDirectory(), new Cloud()];
		const Sized = defineResource<Cloud, { size: number }, { id: string; size: number }>({
			...(Net as unknown as Resource<Cloud, { size: number }, { id: string; size: number }>),
			type: 'Test::Sized',
			find: async ({ aws, identity, superseded }) => {
				const found = aws.find(identity, superseded);
				return found && { id: found.id, size: Number(found.thing.props['size']) };
			},
			create: async ({ aws }, { size }) =>
				aws.mutate('create', ({ things }) => {
					things['s'] = { tag: 'sized', uses: [], ready: true, token: '', props: { size } };
					return { id: 's', size };
				}),
			matches: ({ size }, outputs) => outputs.size === size,
			update: ({ aws }, { size }, { id }) =>
				aws.mutate('update', ({ things }) => {
					Object.assign(things[id] ?? {}, { props: { size } });
					return { id, size };
				}),
		});
		const sized = (size: number) => {
			const stack = new Stack<Cloud>('main');
			stack.add(Sized, 'sized', {}, () => ({ size }));
			return [stack];
		};
		await bringUp(directory, cloud, sized(1));
		Object.assign(cloud.world.things['s']?.props ?? {}, { size: 3 });
		expect(actions(await bringUp(directory, cloud, sized(3)))).toEqual({ sized: 'none' });
		Object.assign(cloud.world.things['s']?.props ?? {}, { size: 4 });
		expect(actions(await bringUp(directory, cloud, sized(3)))).toEqual({ sized: 'update' });
	});
});

describe('changes', () => {
	test('of everything: update, replacement before and after deletion, actions, and nothing old stays', async () => {
		const [directory, cloud] = [temporaryDirectory(), new Cloud()];
		await bringUp(directory, cloud, stacks(1));
		const outcome = await bringUp(directory, cloud, stacks(2));
		expect(actions(outcome)).toEqual({ net: 'replace', left: 'update', right: 'replace', revision: 'replace', job: 'run', leaf: 'update', 'net~1': 'delete', 'revision~1': 'delete' });
		expect([cloud.tags, cidrs(cloud)]).toEqual([['leaf', 'left', 'net', 'revision', 'right'], ['10.2.0.0/16']]);
		expect(cloud.calls.lastIndexOf('remove net')).toBeGreaterThan(cloud.calls.lastIndexOf('update leaf'));
		expect(cloud.calls.indexOf('remove right')).toBeLessThan(cloud.calls.lastIndexOf('create right'));
		const entries = await entriesOf(directory);
		expect(Object.keys(entries).sort()).toEqual(['job', 'leaf', 'left', 'revision', 'right']);
		expect(entries['left']?.dependsOn).toEqual(['shared/net']);
		expect(actions(await bringUp(directory, cloud, stacks(3)))).toMatchObject({ net: 'replace', 'net~1': 'delete' });
		expect([cloud.tags, cidrs(cloud)]).toEqual([['leaf', 'left', 'net', 'revision', 'right'], ['10.3.0.0/16']]);
	});

	test('an object that is replaced stays while something that was not brought up uses it', async () => {
		const [directory, cloud] = [temporaryDirectory(), new Cloud()];
		await bringUp(directory, cloud, stacks(1));
		expect((await bringUp(directory, cloud, stacks(2), {}, ['left'])).failed).toEqual(new Map());
		expect(cloud.tags).toEqual(['leaf', 'left', 'net', 'net', 'revision', 'right']);
		expect((await entriesOf(directory))['right']?.dependsOn).toEqual(['shared/net', 'shared/net~1']);
		await bringUp(directory, cloud, stacks(2), {}, ['right']);
		expect([cloud.tags, cidrs(cloud)]).toEqual([['leaf', 'left', 'net', 'revision', 'right'], ['10.2.0.0/16']]);
	});

	test('an update that failed is done again, even where the change was taken back', async () => {
		const [directory, cloud] = [temporaryDirectory(), new Cloud()];
		await bringUp(directory, cloud, one());
		cloud.around = (call, moment) => {
			if (call === 'update net' && moment === 'after') throw new Error('InternalServerError');
		};
		expect((await bringUp(directory, cloud, one({ size: 9 }))).failed.size).toBe(1);
		cloud.around = () => {};
		expect(actions(await bringUp(directory, cloud, one()))).toEqual({ net: 'update' });
		expect(cloud.world.things['id-1']?.props).toMatchObject({ size: 1 });
	});

	test('a replacement taken back half way leaves one object', async () => {
		const [directory, cloud] = [temporaryDirectory(), new Cloud()];
		await bringUp(directory, cloud, one());
		cloud.around = (call, moment) => {
			if (call === 'create net' && moment === 'before') throw new Error('no');
		};
		expect((await bringUp(directory, cloud, one({ cidr: 'b' }))).failed.size).toBe(1);
		expect(Object.keys(await entriesOf(directory))).toEqual(['net', 'net~1']);
		cloud.around = () => {};
		await bringUp(directory, cloud, one());
		expect(Object.keys(cloud.world.things)).toEqual(['id-2']);
		expect(Object.keys(await entriesOf(directory))).toEqual(['net']);
	});

	test('what uses a replaced object is recorded as using both, until it was brought up itself', async () => {
		const [directory, cloud] = [temporaryDirectory(), new Cloud()];
		await bringUp(directory, cloud, stacks(1));
		cloud.around = (call, moment) => {
			if (call === 'run job' && moment === 'before') throw new Error('no');
		};
		await bringUp(directory, cloud, stacks(2));
		const { job, leaf } = await entriesOf(directory);
		expect(job?.dependsOn.toSorted()).toEqual(['left', 'revision', 'revision~1']);
		expect(leaf?.dependsOn.toSorted()).toEqual(['job', 'left', 'revision', 'revision~1']);
		cloud.around = () => {};
		await bringUp(directory, cloud, stacks(2));
		expect((await entriesOf(directory))['leaf']?.dependsOn.toSorted()).toEqual(['job', 'left', 'revision']);
	});

	test('an object that is known by its parent is looked for where it was made', async () => {
		const [directory, cloud] = [temporaryDirectory(), new Cloud()];
		const Child = defineResource<Cloud, { parent: string }, { id: string }>({
			...(Named as unknown as Resource<Cloud, { parent: string }, { id: string }>),
			type: 'Test::Child',
			immutable: ['parent'],
			find: async ({ aws }, { parent }) => (aws.world.things[`${parent}/child`] ? { id: `${parent}/child` } : undefined),
			create: ({ aws }, { parent }) =>
				aws.mutate('create', ({ things }) => {
					things[`${parent}/child`] = { tag: parent, uses: [], ready: true, token: '', props: {} };
					return { id: `${parent}/child` };
				}),
		});
		const child = (parent: string) => {
			const stack = new Stack<Cloud>('main');
			stack.add(Child, 'child', {}, () => ({ parent }));
			return [stack];
		};
		await bringUp(directory, cloud, child('a'));
		expect(actions(await bringUp(directory, cloud, child('b')))).toEqual({ child: 'replace' });
		expect(cloud.tags).toEqual(['b']);
	});

	test('what lives in an object goes before it when its name is needed, and is made again', async () => {
		const [directory, cloud] = [temporaryDirectory(), new Cloud()];
		const House = { ...Named, type: 'Test::House', immutable: ['name'] as const, parts: ['Test::Named'] };
		const all = new Map([...kinds, [House.type, House as unknown as Kind<Cloud>]]);
		const house = (name: string) => {
			const stack = new Stack<Cloud>('main');
			const whole = stack.add(House, 'house', {}, () => ({ name, uses: [] }));
			stack.add(Named, 'part', { whole }, ({ whole }) => ({ name: 'part', uses: [whole.id] }));
			return [stack];
		};
		await bringUp(directory, cloud, house('a'), { kinds: all });
		const outcome = await bringUp(directory, cloud, house('b'), { kinds: all });
		expect([outcome.failed, actions(outcome)]).toEqual([new Map(), { house: 'replace', part: 'replace' }]);
		expect(cloud.calls.slice(2)).toEqual(['remove part', 'remove house', 'create house', 'remove part', 'create part']);
		expect(new Set(Object.values(actions(await bringUp(directory, cloud, house('b'), { kinds: all }))))).toEqual(new Set(['none']));
		expect((await takeDown(directory, cloud, { kinds: all })).failed).toEqual(new Map());
	});

	test('a removal on the way to a replacement is recorded as that', async () => {
		const [directory, cloud] = [temporaryDirectory(), new Cloud()];
		await bringUp(directory, cloud, stacks(1));
		cloud.around = (call, moment) => {
			if (call === 'remove right' && moment === 'after') throw new Error('InternalServerError');
		};
		await bringUp(directory, cloud, stacks(2));
		expect((await entriesOf(directory))['right']?.status).toBe('removing');
	});

	test('a replaced object whose removal failed is not taken for the new one', async () => {
		const [directory, cloud] = [temporaryDirectory(), new Cloud()];
		await bringUp(directory, cloud, one());
		let old = 0;
		cloud.around = (call, moment) => {
			if (call === 'remove net' && moment === 'before' && (old += 1) < 2) throw new Error('no');
		};
		await bringUp(directory, cloud, one({ cidr: 'b' }));
		const [first] = await open(directory, ['main']).then((states) => [...states.values()]);
		await first?.update((entries) => void delete entries['net']);
		delete cloud.world.things['id-2'];
		await bringUp(directory, cloud, one({ cidr: 'b' }));
		expect([Object.keys(cloud.world.things), Object.keys(await entriesOf(directory))]).toEqual([['id-3'], ['net']]);
	});

	test('a key that becomes another kind is a replacement', async () => {
		const [directory, cloud] = [temporaryDirectory(), new Cloud()];
		await bringUp(directory, cloud, one());
		const other = new Stack<Cloud>('main');
		other.add(Named, 'net', {}, () => ({ name: 'net', uses: [] }));
		expect(actions(await bringUp(directory, cloud, [other]))).toEqual({ net: 'replace', 'net~1': 'delete' });
		expect([Object.keys(cloud.world.things), (await entriesOf(directory))['net']?.type]).toEqual([['id-2'], 'Test::Named']);
	});

	test('an interrupted removal is finished before the object is made again', async () => {
		const [directory, cloud] = [temporaryDirectory(), new Cloud()];
		await bringUp(directory, cloud, one());
		cloud.around = (call, moment) => {
			if (call === 'remove net' && moment === 'before') throw new Error('no');
		};
		await takeDown(directory, cloud);
		expect((await entriesOf(directory))['net']?.status).toBe('removing');
		cloud.around = () => {};
		await bringUp(directory, cloud, one());
		expect(Object.keys(cloud.world.things)).toEqual(['id-2']);
	});
});

describe('actions', () => {
	const task = (input: string, current?: () => Promise<boolean>) => {
		const stack = new Stack<Cloud>('main');
		stack.add(current ? defineAction({ ...Run, current }) : Run, 'task', {}, () => ({ input }));
		return [stack];
	};

	test('run again when their inputs change or their result no longer stands', async () => {
		const [directory, cloud] = [temporaryDirectory(), new Cloud()];
		expect(actions(await bringUp(directory, cloud, task('a')))).toEqual({ task: 'run' });
		expect(actions(await bringUp(directory, cloud, task('a')))).toEqual({ task: 'none' });
		expect(actions(await bringUp(directory, cloud, task('a', async () => false)))).toEqual({ task: 'run' });
		expect(actions(await bringUp(directory, cloud, task('b', async () => true)))).toEqual({ task: 'run' });
		expect(actions(await bringUp(directory, cloud, task('b', async () => true)))).toEqual({ task: 'none' });
		expect(cloud.world.runs).toBe(3);
	});

	test('run again after a failure, with another token, and see what they left the last time', async () => {
		const [directory, cloud] = [temporaryDirectory(), new Cloud()];
		const seen: unknown[] = [];
		const Fails = defineAction<Cloud, { input: string }, { token: string }>({
			...Run,
			run: async ({ token }, { input }, previous) => {
				seen.push([previous, token]);
				if (input === 'bad') throw new Error('exit 1');
				return { token };
			},
		});
		const fails = (input: string) => {
			const stack = new Stack<Cloud>('main');
			stack.add(Fails, 'task', {}, () => ({ input }));
			return [stack];
		};
		await bringUp(directory, cloud, fails('good'));
		for (const _ of [1, 2]) expect((await bringUp(directory, cloud, fails('bad'))).failed.size).toBe(1);
		expect(seen).toHaveLength(3);
		expect(new Set(seen.map((item) => (item as [unknown, string])[1]))).toHaveLength(3);
		expect(seen[2]).toMatchObject([{ token: expect.any(String) as string }, expect.any(String)]);
	});

	test('an interrupted one is found again by its token', async () => {
		const [directory, cloud, abort] = [temporaryDirectory(), new Cloud(), new AbortController()];
		const tokens: string[] = [];
		const Waits = defineAction<Cloud, { input: string }, { token: string }>({
			...Run,
			run: async ({ token, signal }) => {
				tokens.push(token);
				if (tokens.length === 1) abort.abort();
				signal.throwIfAborted();
				return { token };
			},
		});
		const stack = new Stack<Cloud>('main');
		stack.add(Waits, 'task', {}, () => ({ input: '' }));
		expect(await bringUp(directory, cloud, [stack], { signal: abort.signal })).toMatchObject({ interrupted: true, skipped: ['task'] });
		await bringUp(directory, cloud, [stack]);
		expect(tokens[0]).toBe(tokens[1]);
	});
});

test('the critical path is the longest chain of steps, removals after all else', async () => {
	const step = (key: string, seconds: number, dependsOn: string[], action: 'create' | 'delete' = 'create') => ({ key, seconds, dependsOn, action });
	expect(criticalPath([step('a', 1, []), step('b', 5, ['a']), step('c', 2, ['a']), step('d', 1, ['b', 'c'])])).toBe(7);
	expect(criticalPath([step('a', 1, []), step('x', 2, [], 'delete'), step('y', 3, ['x'], 'delete')])).toBe(6);
	expect(criticalPath([])).toBe(0);
	const outcome = await bringUp(temporaryDirectory(), new Cloud(), stacks(1));
	expect(stepsOf(outcome).find(({ key }) => key === 'leaf')).toEqual({ key: 'leaf', type: 'Test::Net', action: 'create', startedAt: expect.stringMatching(/Z$/) as string, seconds: expect.any(Number) as number, dependsOn: ['left', 'revision', 'job'] });
});
