import { expect, test } from 'vitest';
import { contextFor, type Look } from '../../src/engine/context.ts';
import type { Event } from '../../src/engine/events.ts';
import type { Entry } from '../../src/engine/state.ts';

const entry = (id: string): Entry => ({ type: 'T', status: 'ready', id, inputs: {}, hash: '', dependsOn: [], token: 't', startedAt: '' });

test('a kind sees its plain key and its tags, and what it replaced but for itself', () => {
	const events: Event[] = [];
	const look: Look<string> = {
		aws: 'clients',
		states: new Map([['main', { header: {}, entries: { net: entry('c'), 'net~1': entry('a'), 'net~2': entry('b'), 'netting~1': entry('x') } }]]),
		tagsFor: (scope, key) => ({ identity: { scope, key }, tags: { scope, key, owner: 'ann' } }),
		limit: 1,
		signal: new AbortController().signal,
		emit: (event) => events.push(event),
	};
	const ctx = contextFor(look, { scope: 'main', key: 'net' }, entry('c'));
	expect(ctx).toMatchObject({ aws: 'clients', scope: 'main', key: 'net', identity: { scope: 'main', key: 'net' }, tags: { owner: 'ann' }, token: 't', superseded: new Set(['a', 'b']) });
	expect(contextFor(look, { scope: 'main', key: 'net~1' }, entry('a'))).toMatchObject({ key: 'net', identity: { key: 'net' }, superseded: new Set(['b']) });
	ctx.note('waits');
	expect(events).toEqual([{ type: 'note', key: 'net', message: 'waits' }]);
});
