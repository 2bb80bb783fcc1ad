import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '../src/package.ts';

test('no AWS client is bundled with all its operations: that costs each command a tenth of a second', () => {
	const chunks = join(packageRoot, 'dist/chunks');
	const whole = readdirSync(chunks).filter((name) => /class extends (EC2|ECS|RDS|IAM|S3|EFS|ECR|SecretsManager|CloudWatchLogs)Client\{\};createAggregatedClient/.test(readFileSync(join(chunks, name), 'utf8')));
	expect(whole).toEqual([]);
});
