import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { deathFiles, keepDeathFile } from '../../src/environment/death-files.ts';
import { temporaryDirectory } from './options.ts';

test('the newest 50 deaths of an environment are kept, and those of others are left alone', async () => {
	const cwd = temporaryDirectory();
	const of = (environment: string) => ({ cwd, aws: { account: '000000000000', region: 'us-east-1' }, config: { project: 'airflow', environment } }) as unknown as Parameters<typeof deathFiles>[0];
	const [main, fix] = [of('main'), of('main-fix')];
	const nameOf = (index: number, environment: string): string => `deaths/20261124T13${String(index).padStart(4, '0')}Z-airflow-${environment}-webserver-${String(index).padStart(32, '0')}.json`;
	for (let index = 0; index < 3; index += 1) await keepDeathFile(fix, nameOf(index, 'main-fix'), { environment: 'main-fix' });
	for (let index = 0; index < 53; index += 1) await keepDeathFile(main, nameOf(index, 'main'), { environment: 'main' });
	const names = (await readdir(join(cwd, '.airflow-deploy/state/000000000000-us-east-1/deaths'))).map((name) => `deaths/${name}`);
	const expected = [...Array.from({ length: 50 }, (_, index) => nameOf(index + 3, 'main')), ...[0, 1, 2].map((index) => nameOf(index, 'main-fix'))];
	expect(names.toSorted()).toEqual(expected.toSorted());
	expect((await deathFiles(fix)).length).toBe(3);
});
