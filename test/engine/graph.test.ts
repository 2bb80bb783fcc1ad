import { array, assert, asyncProperty, integer, nat, tuple, uniqueArray } from 'fast-check';
import { expect, test } from 'vitest';
import { type Edges, reverse, runGraph } from '../../src/engine/graph.ts';

const quiet = new AbortController().signal;

/** Random graphs without cycles: each node comes after some of those before it. */
const graphs = integer({ min: 0, max: 14 })
	.chain((size) => tuple(...Array.from({ length: size }, (_, index) => uniqueArray(nat(Math.max(0, index - 1)), { maxLength: index === 0 ? 0 : 4 }))))
	.map((all): Edges => new Map(all.map((before, index) => [`n${index}`, new Set(before.map((other) => `n${other}`))])));

/** Every node takes a few turns of the event loop, as many as `lengths` says. */
function worker(lengths: readonly number[], failing: ReadonlySet<string> = new Set()) {
	const log: { key: string; moment: 'start' | 'end' }[] = [];
	let [running, peak] = [0, 0];
	const work = async (key: string) => {
		log.push({ key, moment: 'start' });
		peak = Math.max(peak, (running += 1));
		for (let turn = 0; turn < (lengths[Number(key.slice(1))] ?? 1); turn += 1) await new Promise(setImmediate);
		running -= 1;
		log.push({ key, moment: 'end' });
		if (failing.has(key)) throw new Error(key);
	};
	const place = (key: string, moment: 'start' | 'end') => log.findIndex((item) => item.key === key && item.moment === moment);
	return { work, log, place, peak: () => peak };
}

const lengths = array(integer({ min: 1, max: 4 }), { minLength: 14, maxLength: 14 });

test('every node starts after all before it have ended, and never more than the limit run', async () => {
	await assert(
		asyncProperty(graphs, lengths, integer({ min: 1, max: 5 }), async (before, lengths, limit) => {
			const { work, place, peak } = worker(lengths);
			const { done, skipped, failed } = await runGraph(before, limit, quiet, work);
			expect([new Set(done), skipped, failed.size]).toEqual([new Set(before.keys()), [], 0]);
			for (const [key, others] of before) for (const other of others) expect(place(key, 'start')).toBeGreaterThan(place(other, 'end'));
			expect(peak()).toBeLessThanOrEqual(limit);
		}),
	);
});

test('after a failure nothing starts, nothing that depends on it ever did, and what runs is awaited', async () => {
	await assert(
		asyncProperty(graphs, lengths, nat(13), integer({ min: 1, max: 5 }), async (before, lengths, bad, limit) => {
			const failing = `n${bad % Math.max(1, before.size)}`;
			const { work, log, place } = worker(lengths, new Set([failing]));
			const { done, skipped, failed } = await runGraph(before, limit, quiet, work);
			expect([...done, ...skipped, ...failed.keys()].toSorted()).toEqual([...before.keys()].toSorted());
			expect(log.filter(({ moment }) => moment === 'start')).toHaveLength(done.length + failed.size);
			expect(log.filter(({ moment }) => moment === 'end')).toHaveLength(done.length + failed.size);
			const ended = place(failing, 'end');
			expect(log.filter(({ moment }, index) => moment === 'start' && ended >= 0 && index > ended)).toEqual([]);
			for (const key of done) for (const other of before.get(key) ?? []) expect(done).toContain(other);
		}),
	);
});

test('an aborted signal starts nothing more', async () => {
	await assert(
		asyncProperty(graphs, lengths, nat(13), async (before, lengths, at) => {
			const abort = new AbortController();
			const { work, log } = worker(lengths);
			let started = 0;
			const { done, skipped, failed } = await runGraph(before, 2, abort.signal, (key) => {
				started += 1;
				if (started === at) abort.abort();
				return work(key);
			});
			expect(failed.size).toBe(0);
			expect(done.length + skipped.length).toBe(before.size);
			expect(log.filter(({ moment }) => moment === 'start')).toHaveLength(abort.signal.aborted ? at : before.size);
		}),
	);
});

test('there are no levels: a node waits for its own needs only', async () => {
	const { work, place } = worker([1, 9, 1]);
	await runGraph(new Map([['n0', new Set()], ['n1', new Set()], ['n2', new Set(['n0'])]]), 9, quiet, work);
	expect(place('n2', 'start')).toBeLessThan(place('n1', 'end'));
});

test('reversed twice is the same, and edges to strangers count as done', async () => {
	await assert(asyncProperty(graphs, async (before) => { expect(reverse(reverse(before))).toEqual(before); }));
	expect((await runGraph(new Map([['a', new Set(['stranger'])]]), 1, quiet, async () => {})).done).toEqual(['a']);
});

test('nodes that wait for each other are a defect, not a success', async () => {
	await expect(runGraph(new Map([['a', new Set(['b'])], ['b', new Set(['a'])]]), 1, quiet, async () => {})).rejects.toThrow('these wait for each other: a, b');
});
