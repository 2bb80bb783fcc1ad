import { expect, test } from 'vitest';
import { contextFor, type Look } from '../../src/engine/context.ts';
import type { Event } from '../../src/engine/events.ts';
import type { Entry } from '../../src/engine/state.ts';

const entry = (id: string, tag: string): Entry => ({ type: 'T', status: 'ready', id, inputs: {}, hash: '', dependsOn: [], tag, token: 't', startedAt: '' });

test('a kind sees its plain key, the tags of its generation, and older generations but for itself', () => {
	const events: Event[] = [];
	const look: Look<string> = {
		aws: 'clients',
		states: new Map([['main', { header: {}, entries: { net: entry('c', 'net~3'), 'net~1': entry('a', 'net'), 'net~2': entry('b', 'net~2'), 'netting~1': entry('x', 'netting') } }]]),
		tagsFor: (scope, tag) => ({ identity: { scope, tag }, tags: { scope, tag, owner: 'ann' } }),
		limit: 1,
		signal: new AbortController().signal,
		emit: (event) => events.push(event),
	};
	const ctx = contextFor(look, { scope: 'main', key: 'net' }, entry('c', 'net~3'));
	expect(ctx).toMatchObject({ aws: 'clients', scope: 'main', key: 'net', identity: { scope: 'main', tag: 'net~3' }, tags: { owner: 'ann' }, token: 't', superseded: new Set(['a', 'b']) });
	expect(contextFor(look, { scope: 'main', key: 'net~1' }, entry('a', 'net'))).toMatchObject({ key: 'net', superseded: new Set(['b']) });
	ctx.note('waits');
	expect(events).toEqual([{ type: 'note', key: 'net', message: 'waits' }]);
});
