import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { packageRoot } from '../src/package.ts';

test('no AWS client is bundled with all its operations: that costs each command a tenth of a second', () => {
	const chunks = join(packageRoot, 'dist/chunks');
	const whole = readdirSync(chunks).filter((name) => /class extends (EC2|ECS|RDS|IAM|S3|EFS|ECR|SecretsManager|CloudWatchLogs)Client\{\};createAggregatedClient/.test(readFileSync(join(chunks, name), 'utf8')));
	expect(whole).toEqual([]);
});

test('the help loads the command line alone: no schemas, no AWS client, nothing that runs other programs', () => {
	const dist = join(packageRoot, 'dist');
	const loaded = new Set<string>();
	const load = (file: string): void => {
		if (loaded.has(file)) return;
		loaded.add(file);
		for (const [, other = ''] of readFileSync(file, 'utf8').matchAll(/require\("(\.[^"]+)"\)/g)) load(join(file, '..', other));
	};
	load(join(dist, 'cli.cjs'));
	const bytes = [...loaded].reduce((sum, file) => sum + statSync(file).size, 0);
	expect(bytes).toBeLessThan(150_000);
});

test('compiled code is kept for the next run, which loads it; a damaged one is compiled again', async () => {
	const cache = await mkdtemp(join(tmpdir(), 'code-'));
	const help = async (): Promise<string> => (await execa(process.execPath, [join(packageRoot, 'bin/airflow-deploy.js'), '--help'], { env: { XDG_CACHE_HOME: cache } })).stdout;
	const code = join(cache, 'airflow-deploy/code', `${process.version}-${process.arch}`);
	const kept = (): Record<string, number> => Object.fromEntries(readdirSync(code).map((name) => [name, statSync(join(code, name)).ino]));
	try {
		const first = await help();
		const written = kept();
		expect(Object.keys(written).length).toBeGreaterThan(0);
		expect(await help()).toBe(first);
		expect(kept()).toEqual(written);
		for (const name of Object.keys(written)) writeFileSync(join(code, name), 'no code');
		expect(await help()).toBe(first);
		expect(kept()).not.toEqual(written);
		await chmod(code, 0o500);
		expect(await help()).toBe(first);
	} finally {
		await chmod(code, 0o700);
		await rm(cache, { recursive: true });
	}
});

test('the bundle has no import() left, which a script with kept code does not have', () => {
	const dist = join(packageRoot, 'dist');
	const files = ['cli.cjs', ...readdirSync(join(dist, 'chunks')).map((name) => `chunks/${name}`)];
	expect(files.filter((file) => /[^.\w]import\(/.test(readFileSync(join(dist, file), 'utf8')))).toEqual([]);
});
