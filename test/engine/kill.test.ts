import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import pLimit from 'p-limit';
import { expect, test } from 'vitest';
import { Cloud, stacks } from './cloud.ts';
import { actions, bringUp, takeDown, temporaryDirectory } from './runs.ts';

const complete = ['leaf', 'left', 'net', 'revision', 'right'];
const cloudIn = (directory: string) => new Cloud(join(directory, 'cloud.json'));

async function child(program: string, what: string, directory: string, fatal: number): Promise<{ killed: boolean; moments: number }> {
	const running = spawn(process.execPath, [program, what, directory, String(fatal)], { stdio: ['ignore', 'ignore', 'inherit'] });
	const [code, signal] = (await once(running, 'exit')) as [number | null, NodeJS.Signals | null];
	const killed = signal === 'SIGKILL';
	if (!killed && code !== 0) throw new Error(`the run before moment ${fatal} failed`);
	return { killed, moments: killed ? fatal : Number(await readFile(join(directory, 'moments'), 'utf8')) };
}

/** Whatever moment a run died at: the next one completes it without duplicates, and a removal leaves nothing. */
async function recovers(directory: string, generation: number): Promise<void> {
	const [copy, cloud] = [`${directory}-removed`, cloudIn(directory)];
	await cp(directory, copy, { recursive: true });
	await removes(copy);
	const outcome = await bringUp(directory, cloud, stacks(generation));
	expect([outcome.failed, outcome.skipped, cloud.tags]).toEqual([new Map(), [], complete]);
	const { net, revision } = Object.fromEntries(Object.values(cloud.world.things).map(({ tag, props }) => [tag, props]));
	expect([net?.['cidr'], revision?.['image']], 'none of the replaced objects was taken for the new one').toEqual([`10.${generation}.0.0/16`, `image:${generation}`]);
	const again = await bringUp(directory, cloud, stacks(generation));
	expect(new Set(Object.values(actions(again)))).toEqual(new Set(['none']));
	await removes(directory);
}

async function removes(directory: string): Promise<void> {
	const cloud = cloudIn(directory);
	expect([(await takeDown(directory, cloud)).failed, cloud.tags]).toEqual([new Map(), []]);
	expect((await readdir(join(directory, 'state'))).filter((file) => file.endsWith('.json'))).toEqual([]);
}

test.each([
	{ what: 'up:1', before: [], generation: 1, atLeast: 40 },
	{ what: 'up:2', before: ['up:1'], generation: 2, atLeast: 60 },
	{ what: 'down', before: ['up:1'], generation: 1, atLeast: 30 },
])('$what after $before, killed before and after every call and every write', async ({ what, before, generation, atLeast }) => {
	const directory = temporaryDirectory();
	const program = join(directory, 'child.mjs');
	await build({ entryPoints: [fileURLToPath(new URL('./child.ts', import.meta.url))], outfile: program, bundle: true, platform: 'node', format: 'esm', logLevel: 'error' });
	const [start, dry] = [join(directory, 'start'), join(directory, 'dry')];
	await mkdir(start);
	for (const step of before) await child(program, step, start, 0);
	await cp(start, dry, { recursive: true });
	const { moments } = await child(program, what, dry, 0);
	expect(moments).toBeGreaterThanOrEqual(atLeast);
	const limit = pLimit(3);
	const all = Array.from({ length: moments }, (_, index) =>
		limit(async () => {
			const here = join(directory, `at-${index + 1}`);
			await cp(start, here, { recursive: true });
			const { killed } = await child(program, what, here, index + 1);
			await recovers(here, generation);
			return killed;
		}),
	);
	expect((await Promise.all(all)).every(Boolean)).toBe(true);
}, 120_000);
