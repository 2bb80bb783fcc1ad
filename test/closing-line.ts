import type { Reporter, TestModule } from 'vitest/node';

/** Ends the run with one line that any reader of logs understands: `N passed, N failed, N skipped`. */
// oxlint-disable-next-line import/no-default-export -- vitest loads reporters from the default export
export default class ClosingLine implements Reporter {
	onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
		const tests = modules.flatMap((module) => [...module.children.allTests()]);
		const count = (state: string): number => tests.filter((test) => test.result().state === state).length;
		const brokenFiles = modules.filter((module) => module.state() === 'failed' && ![...module.children.allTests('failed')].length).length;
		process.stdout.write(`${count('passed')} passed, ${count('failed') + brokenFiles + errors.length} failed, ${count('skipped')} skipped\n`);
	}
}
