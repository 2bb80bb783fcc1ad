import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { down, up } from '../../src/engine/engine.ts';
import { StateFile } from '../../src/engine/state.ts';
import { disk, type Storage } from '../../src/engine/storage.ts';
import { Cloud, kinds, stacks } from './cloud.ts';

/**
 * A run in a process of its own that is killed at a given moment: before or after a call of the cloud, or a write of the state.
 * Arguments: what to do (`up:1`, `up:2`, `down`), the directory, the moment's number. Without reaching it, it writes how
 * many moments there were.
 */
const [what = '', directory = '', fatal = ''] = process.argv.slice(2);
let moments = 0;

function moment(): void {
	moments += 1;
	if (moments === Number(fatal)) process.kill(process.pid, 'SIGKILL');
}

const storage: Storage = {
	...disk,
	async rename(from, to) {
		moment();
		await disk.rename(from, to);
		moment();
	},
};
const cloud = new Cloud(join(directory, 'cloud.json'));
cloud.around = moment;
const states = new Map(await Promise.all(['shared', 'main'].map(async (scope) => [scope, await StateFile.open(join(directory, 'state', `${scope}.json`), { environment: scope }, storage)] as const)));
const run = {
	aws: cloud,
	states,
	kinds,
	tagsFor: (_: string, key: string) => ({ identity: { key }, tags: { key } }),
	limit: 4,
	signal: new AbortController().signal,
	settle: { unclear: 0, missing: 0, pause: 0 },
	emit: () => {},
};
const outcome = what === 'down' ? await down(run, [...states.keys()]) : await up(stacks(Number(what.slice(3))), run);
for (const state of states.values()) await state.close();
for (const [key, error] of outcome.failed) console.error(key, error);
writeFileSync(join(directory, 'moments'), String(moments));
process.exitCode = outcome.failed.size;
