import { expect, test } from 'vitest';
import { type Check, CheckFailed, type Finding, type Result } from '../../src/validate/check.ts';
import { perform } from '../../src/validate/perform.ts';
import { deployedAt, sessionOf } from './sample.ts';

const check = (name: string, run: () => Promise<Finding>, more: Partial<Check> = {}): Check => ({ name, proves: `${name} works`, needs: [], run, ...more });
const fine = async (): Promise<Finding> => ({ detail: 'fine' });
const broken = async (): Promise<Finding> => {
	throw new CheckFailed('broken: a wire is cut', { hint: 'solder it', lines: ['spark'] });
};

async function resultsOf(checks: readonly Check[], signal = new AbortController().signal): Promise<Result[]> {
	const results: Result[] = [];
	await perform(checks, sessionOf(deployedAt(null), { signal }), results, { end: () => {} });
	return results;
}

test('a check whose needs have failed is not checked, and so are those that need it', async () => {
	const results = await resultsOf([check('a', broken), check('b', fine, { needs: ['a'] }), check('c', fine, { needs: ['b'] }), check('d', fine)]);
	expect(results.map(({ name, verdict }) => `${name} ${verdict}`)).toEqual(['a failed', 'b not-checked', 'c not-checked', 'd passed']);
	expect(results[0]).toMatchObject({ detail: 'broken: a wire is cut', hint: 'solder it', lines: ['spark'] });
	expect(results[1]?.detail).toBe('not checked: it needs a');
});

test('a check that needs one that was never made is not checked', async () => {
	expect(await resultsOf([check('a', fine, { needs: ['ghost'] })])).toMatchObject([{ verdict: 'not-checked' }]);
});

test('what has nothing to check blocks nobody', async () => {
	expect(await resultsOf([check('a', async () => ({ detail: 'not deployed', leftOut: true })), check('b', fine, { needs: ['a'] })])).toMatchObject([{ verdict: 'left-out' }, { verdict: 'passed' }]);
});

test('anything thrown is a failure', async () => {
	const thrown = async (): Promise<Finding> => {
		throw new Error('page.goto: Timeout 20000ms exceeded\nCall log:\n  - navigating');
	};
	expect(await resultsOf([check('a', thrown)])).toMatchObject([{ verdict: 'failed', detail: 'page.goto: Timeout 20000ms exceeded', lines: ['Call log:', '  - navigating'] }]);
});

test('Ctrl-C ends what runs at once, and only what must is still done', async () => {
	const interrupt = new AbortController();
	const endless = (): Promise<Finding> => {
		interrupt.abort();
		return new Promise(() => {});
	};
	const results = await resultsOf([check('a', fine), check('b', endless), check('c', fine), check('d', fine, { always: true })], interrupt.signal);
	expect(results.map(({ verdict }) => verdict)).toEqual(['passed', 'not-checked', 'not-checked', 'passed']);
});
