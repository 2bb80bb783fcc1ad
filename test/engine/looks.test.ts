import { expect, test } from 'vitest';
import { defineResource, type Kind, type Resource } from '../../src/engine/resource.ts';
import { Stack } from '../../src/engine/stack.ts';
import { UserError } from '../../src/errors.ts';
import { Cloud, Net } from './cloud.ts';
import { actions, bringUp, entriesOf, takeDown, temporaryDirectory } from './runs.ts';

type Props = { uses: string[]; size: number; cidr: string };
type Outputs = { id: string; address?: string };

/** Kinds that note whom they look for. */
function noting(looked: string[]): { Anchor: Resource<Cloud, Props, Outputs>; Part: Resource<Cloud, Props, Outputs> } {
	const find: typeof Net.find = (ctx, props, recorded) => {
		looked.push(ctx.key);
		return Net.find(ctx, props, recorded);
	};
	const create: typeof Net.create = (ctx, props) => (ctx.aws.tags.includes('anchor') ? Promise.reject(new Error('AlreadyExists')) : Net.create(ctx, props));
	return { Anchor: defineResource({ ...Net, find, create, opensScope: true }), Part: defineResource({ ...Net, find, collides: true }) };
}

const props = { uses: [], size: 1, cidr: 'a' };

function stackOf({ Anchor, Part }: ReturnType<typeof noting>, size = 1): Stack<Cloud> {
	const stack = new Stack<Cloud>('main');
	const anchor = stack.add(Anchor, 'anchor', {}, () => props);
	stack.add(Part, 'part', { anchor }, () => ({ ...props, size }));
	return stack;
}

test('what a run has opened holds nothing yet: it is not looked through', async () => {
	const [directory, cloud, looked] = [temporaryDirectory(), new Cloud(), new Array<string>()];
	const stack = stackOf(noting(looked));
	expect(actions(await bringUp(directory, cloud, [stack]))).toEqual({ anchor: 'create', part: 'create' });
	expect(looked).toEqual([]);
	await bringUp(directory, cloud, [stack]);
	expect(looked).toEqual(['anchor', 'part']);
});

test('where the anchor stood, all is looked for: an object may be there that nothing records', async () => {
	const [cloud, looked] = [new Cloud(), new Array<string>()];
	await bringUp(temporaryDirectory(), cloud, [stackOf(noting(looked))]);
	const outcome = await bringUp(temporaryDirectory(), cloud, [stackOf(noting(looked))]);
	expect(outcome.failed).toEqual(new Map());
	expect(cloud.tags).toEqual(['anchor', 'part']);
	expect(looked).toEqual(['anchor', 'part']);
});

test('a name that is taken is told by looking all the same', async () => {
	const [directory, cloud] = [temporaryDirectory(), new Cloud()];
	const { Anchor } = noting([]);
	const foreign = new UserError('ForeignObject', 'part exists already');
	const Part = defineResource<Cloud, Props, Outputs>({ ...Net, type: 'Test::Taken', collides: true, find: () => Promise.reject(foreign), create: () => Promise.reject(new Error('AlreadyExists')) });
	const { failed } = await bringUp(directory, cloud, [stackOf({ Anchor, Part })]);
	expect(failed.get('part')).toMatchObject({ code: 'ForeignObject', cause: expect.objectContaining({ message: 'AlreadyExists' }) as Error });
	const gone = await takeDown(directory, cloud, { kinds: new Map([[Anchor.type, Anchor as unknown as Kind<Cloud>], [Part.type, Part as unknown as Kind<Cloud>]]) });
	expect([gone.failed, cloud.tags]).toEqual([new Map(), []]);
});

test('a known scope is not looked at where it is wanted as it is recorded', async () => {
	const [directory, cloud, looked] = [temporaryDirectory(), new Cloud(), new Array<string>()];
	await bringUp(directory, cloud, [stackOf(noting([]))]);
	const known = new Set(['main']);
	expect(actions(await bringUp(directory, cloud, [stackOf(noting(looked))], { known }))).toEqual({ anchor: 'none', part: 'none' });
	expect(looked).toEqual([]);
	expect(actions(await bringUp(directory, cloud, [stackOf(noting(looked), 2)], { known }))).toEqual({ anchor: 'none', part: 'update' });
	expect(looked).toEqual(['part']);
	expect((await entriesOf(directory))['part']).toMatchObject({ inputs: { size: 2 } });
});

