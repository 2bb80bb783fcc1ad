import { defineConfig } from 'vitest/config';

/** End-to-end tests share one running environment, so they go one after another, after everything else. */
export default defineConfig({
	test: {
		reporters: ['default', './test/closing-line.ts'],
		globalSetup: './test/build.ts',
		testTimeout: 30_000,
		hookTimeout: 120_000,
		maxWorkers: 2,
		env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true', NO_COLOR: '1' },
		projects: [
			{ extends: true, test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: ['test/e2e/**', 'test/docker/**'], sequence: { groupOrder: 0 } } },
			{
				extends: true,
				test: { name: 'e2e', include: ['test/e2e/**/*.test.ts'], exclude: ['test/e2e/least-privilege.test.ts'], fileParallelism: false, sequence: { groupOrder: 1 }, testTimeout: 300_000, hookTimeout: 600_000 },
			},
			{
				// By itself, `npm run test:docker`: it needs a Docker engine, which it starts where there is none.
				extends: true,
				test: { name: 'docker', include: ['test/docker/**/*.test.ts'], globalSetup: ['test/docker/setup.ts'], fileParallelism: false, sequence: { groupOrder: 3 }, testTimeout: 300_000, hookTimeout: 900_000 },
			},
			{
				// By itself, `npm run test:least-privilege`: with it the whole would take longer than one waits.
				extends: true,
				test: { name: 'least-privilege', include: ['test/e2e/least-privilege.test.ts'], sequence: { groupOrder: 2 }, testTimeout: 300_000, hookTimeout: 600_000 },
			},
		],
	},
});
