import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Climate, climates, weather } from './climate.ts';
import { planOf, randoms } from './plan.ts';
import { record, type Recording, referencesOf } from './recording.ts';
import { play, type Result, type Scenario } from './scenario.ts';
import { Stage } from './stage.ts';

/** A few scenarios of the whole matrix (`npm run test:crash`): one of each sort, always the same, and one weather. */
const seed = 8;
const sorts = ['life', 'lost answers', 'power', 'release'];
const login = climates.filter(({ name }) => name === 'the login of IAM Identity Center ends');

let stages: Stage[];
let recording: Recording;
beforeAll(async () => {
	stages = await Promise.all(Array.from({ length: 3 }, () => Stage.open()));
	const [first] = stages;
	if (first) recording = await record(first);
}, 300_000);
afterAll(() => Promise.all(stages.map((stage) => stage.close())));

/** Each stage plays what it takes next: most of the time is waiting. */
async function playAll(items: readonly (Scenario | Climate)[]): Promise<Result[]> {
	const [queue, results, references] = [[...items], [] as Result[], referencesOf(recording)];
	const one = (stage: Stage, item: Scenario | Climate): Promise<Result> => ('acts' in item ? play(stage, item, references) : weather(stage, item, references, randoms(seed)));
	await Promise.all(stages.map(async (stage) => {
		for (let item = queue.shift(); item; item = queue.shift()) results.push(await one(stage, item));
	}));
	return results;
}

test('struck anywhere, it is brought up and taken down: nothing is left, nothing there twice, nothing asked', async () => {
	const plan = planOf(recording, seed, 1);
	const scenarios = sorts.flatMap((sort) => plan.filter(({ id }) => new RegExp(`^${sort} \\d+$`).test(id)).slice(0, 1));
	const results = await playAll([...login, ...scenarios]);
	expect(results).toHaveLength(sorts.length + 1);
	for (const result of results) expect(result).toMatchObject({ leftovers: [], duplicates: [], failures: [], unmet: [] });
	const expired = expect.stringContaining('credentials have expired') as string;
	expect(results.find(({ id }) => id === login[0]?.name)?.gaveUp).toEqual([expired, expired]);
}, 300_000);
