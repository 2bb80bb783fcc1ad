import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { climates, weather } from './climate.ts';
import { planOf, randoms } from './plan.ts';
import { record, type Recording, referencesOf } from './recording.ts';
import { play, type Result, type Scenario } from './scenario.ts';
import { Stage } from './stage.ts';

/** A few scenarios of the whole matrix (`npm run test:crash`): one of each sort, always the same. */
const seed = 8;
const sorts = ['life', 'lost answers', 'power', 'release', 'branch'];
const passing = ['a session token that ends', 'the login of IAM Identity Center ends'];

let stages: Stage[];
let recording: Recording;
beforeAll(async () => {
	stages = await Promise.all(Array.from({ length: 3 }, () => Stage.open()));
	recording = await record(on(0));
}, 300_000);
afterAll(() => Promise.all(stages.map((stage) => stage.close())));

function on(index: number): Stage {
	const stage = stages[index];
	if (!stage) throw new Error('there are fewer stages');
	return stage;
}

const clean = { leftovers: [], duplicates: [], failures: [], unmet: [] };

/** Each stage plays what it takes next: most of the time is waiting. */
async function onAll<T>(items: readonly T[], one: (stage: Stage, item: T) => Promise<Result>): Promise<Result[]> {
	const [queue, results] = [[...items], [] as Result[]];
	await Promise.all(stages.map(async (stage) => {
		for (let item = queue.shift(); item !== undefined; item = queue.shift()) results.push(await one(stage, item));
	}));
	return results;
}

describe('struck, and brought up and taken down again', () => {
	test('leaves nothing, nothing twice, and asks nothing', async () => {
		const plan = planOf(recording, seed, 1);
		const scenarios = sorts.flatMap((sort): Scenario[] => plan.filter(({ id }) => new RegExp(`^${sort} \\d+$`).test(id)).slice(0, 1));
		expect(scenarios).toHaveLength(sorts.length);
		const results = await onAll(scenarios, (stage, scenario) => play(stage, scenario, referencesOf(recording)));
		for (const result of results) expect(result).toMatchObject(clean);
	}, 240_000);

	test('a login that ends in the middle is said in one line, and the next run goes on', async () => {
		const results = await onAll(climates.filter(({ name }) => passing.includes(name)), (stage, climate) => weather(stage, climate, referencesOf(recording), randoms(seed)));
		for (const result of results) expect(result).toMatchObject({ leftovers: [], duplicates: [], failures: [], gaveUp: [expect.stringContaining('credentials have expired'), expect.stringContaining('credentials have expired')] });
		expect(results).toHaveLength(passing.length);
	}, 240_000);
});
