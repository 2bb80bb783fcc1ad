import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { assertComplete, sampleFolder } from '../../src/environment/source-folder.ts';
import { temporaryDirectory } from './options.ts';

function source(): string {
	const folder = join(temporaryDirectory(), 'code');
	cpSync(sampleFolder, folder, { recursive: true });
	return folder;
}

/** What is said about it, beside what is thrown. */
function remarksOn(folder: string, image?: string): string[] {
	const said: string[] = [];
	assertComplete({ source: folder, image }, (line) => void said.push(line));
	return said;
}

test('the sample is complete', () => {
	expect(remarksOn(source())).toEqual([]);
});

test('what the containers run by must be there; of an image that is given, nobody sees the programs', () => {
	const folder = source();
	rmSync(join(folder, 'image'), { recursive: true });
	expect(() => remarksOn(folder)).toThrow(/^code\/ lacks image\/airflow_deploy\/__init__\.py and \d+ more, which/);
	expect(remarksOn(folder, 'registry/airflow:1')).toEqual([]);
	rmSync(join(folder, 'config/log_config.py'));
	expect(() => remarksOn(folder, 'registry/airflow:1')).toThrow('code/ lacks config/log_config.py, which');
});

test('programs of another version are remarked on, and so is nothing that is the user’s', () => {
	const folder = source();
	writeFileSync(join(folder, 'config/log_config.py'), '');
	expect(remarksOn(folder)).toEqual([]);
	writeFileSync(join(folder, 'image/airflow_deploy/init.py'), '');
	expect(remarksOn(folder)).toEqual([expect.stringMatching(/^image\/airflow_deploy\/init\.py of code\/ is not what airflow-deploy \S+ comes with: .*airflow-deploy init brings it up to date$/)]);
});
