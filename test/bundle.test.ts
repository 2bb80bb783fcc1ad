import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
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
		for (const [, other = ''] of readFileSync(file, 'utf8').matchAll(/(?:from|import)"(\.[^"]+\.js)"/g)) load(join(file, '..', other));
	};
	load(join(dist, 'cli.js'));
	const bytes = [...loaded].reduce((sum, file) => sum + statSync(file).size, 0);
	expect(bytes).toBeLessThan(150_000);
});
