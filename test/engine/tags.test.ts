import { expect, test } from 'vitest';
import { defineResource, type Kind } from '../../src/engine/resource.ts';
import { Stack } from '../../src/engine/stack.ts';
import type { TagChange } from '../../src/engine/tags.ts';
import { Cloud, kinds, Net } from './cloud.ts';
import { actions, bringUp, entriesOf, planned, temporaryDirectory } from './runs.ts';

const changes: TagChange[] = [];
const Tagged = defineResource({ ...Net, type: 'Test::Tagged', tag: ({ aws, key }, _outputs, change) => aws.mutate(`tag ${key}`, () => void changes.push({ set: change.set, gone: change.gone })) });
const withTagged = new Map([...kinds, [Tagged.type, Tagged as unknown as Kind<Cloud>]]);

function stacks(size = 1): Stack<Cloud>[] {
	const stack = new Stack<Cloud>('main');
	const tagged = stack.add(Tagged, 'tagged', {}, () => ({ uses: [], size, cidr: '' }));
	stack.add(Net, 'untagged', { tagged }, ({ tagged }) => ({ uses: [tagged.id], size: 1, cidr: '' }));
	return [stack];
}
const tagsOf = (own: Record<string, string>) => ({ tagsFor: (_: string, key: string) => ({ identity: { key }, tags: { ...own, key } }) });

test('own tags that change reach what is there, once, and the record; without a change nothing is called', async () => {
	const [directory, cloud] = [temporaryDirectory(), new Cloud()];
	const up = (own: Record<string, string>, size = 1) => bringUp(directory, cloud, stacks(size), { kinds: withTagged, ...tagsOf(own) });
	await up({ team: 'data', cost: '7' });
	expect((await entriesOf(directory))['tagged']?.tags).toEqual({ team: 'data', cost: '7' });
	expect((await entriesOf(directory))['untagged']?.tags).toBeUndefined();

	const calls = cloud.calls.length;
	expect(actions(await up({ team: 'data', cost: '7' }))).toEqual({ tagged: 'none', untagged: 'none' });
	expect([cloud.calls.length, changes]).toEqual([calls, []]);

	expect(await planned(directory, cloud, stacks(), undefined, tagsOf({ team: 'web' }).tagsFor)).toMatchObject([{ key: 'tagged', action: 'update', why: 'tags.team changes from data to web, tags.cost is no longer set' }]);
	expect(actions(await up({ team: 'web' }))).toEqual({ tagged: 'update', untagged: 'none' });
	expect(changes.splice(0)).toEqual([{ set: { key: 'tagged', team: 'web' }, gone: ['cost'] }]);
	expect((await entriesOf(directory))['tagged']?.tags).toEqual({ team: 'web' });
	expect(await planned(directory, cloud, stacks(), undefined, tagsOf({ team: 'web' }).tagsFor)).toEqual([]);

	// Beside another change, and where nothing records what it was given.
	expect(actions(await up({}, 2))).toEqual({ tagged: 'update', untagged: 'none' });
	expect(changes.splice(0)).toEqual([{ set: { key: 'tagged' }, gone: ['team'] }]);
	expect((await entriesOf(directory))['tagged']).toMatchObject({ tags: {}, inputs: { size: 2 }, status: 'ready' });
});

test('an object that nothing records gets the tags when it is adopted', async () => {
	const [directory, other, cloud] = [temporaryDirectory(), temporaryDirectory(), new Cloud()];
	await bringUp(directory, cloud, stacks(), { kinds: withTagged, ...tagsOf({}) });
	await bringUp(other, cloud, stacks(), { kinds: withTagged, ...tagsOf({ team: 'data' }) });
	expect(changes.splice(0)).toEqual([{ set: { key: 'tagged', team: 'data' }, gone: [] }]);
	expect((await entriesOf(other))['tagged']?.tags).toEqual({ team: 'data' });
});

test('a change of tags that failed is made again', async () => {
	const [directory, cloud] = [temporaryDirectory(), new Cloud()];
	const up = (own: Record<string, string>) => bringUp(directory, cloud, stacks(), { kinds: withTagged, ...tagsOf(own) });
	await up({});
	const stack = new Stack<Cloud>('main');
	stack.add({ ...Tagged, tag: () => Promise.reject(new Error('Throttled')) }, 'tagged', {}, () => ({ uses: [], size: 1, cidr: '' }));
	const failed = await bringUp(directory, cloud, [stack], { kinds: withTagged, ...tagsOf({ team: 'data' }) }, ['tagged']);
	expect([...failed.failed.keys()]).toEqual(['tagged']);
	expect((await entriesOf(directory))['tagged']?.tags).toEqual({});
	await up({ team: 'data' });
	expect(changes.splice(0)).toEqual([{ set: { key: 'tagged', team: 'data' }, gone: [] }]);
});
