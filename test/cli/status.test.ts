import { EventEmitter } from 'node:events';
import { describe, expect, test, vi } from 'vitest';
import * as control from '../../src/local/control.ts';
import { run } from './run.ts';

describe('status --watch', () => {
	test('tells a pipe what changes, a line each, and ends well by Ctrl-C', async () => {
		const signals = new EventEmitter();
		const looks = vi.spyOn(control, 'endpointStatus');
		const ended = run(['status', '--local', '--watch'], { signals });
		// The second look has told what it saw when the third begins.
		await vi.waitFor(() => expect(looks.mock.calls.length).toBeGreaterThan(2), { timeout: 20_000 });
		signals.emit('SIGINT');
		const { exit, stdout, stderr } = await ended;
		expect(stdout).toMatch(/^\d\d:\d\d:\d\d {2}absent\n$/);
		expect(stderr).toBe('');
		expect(exit).toBe(0);
	});

	test.each([['--json'], ['--timeline']])('excludes %s', async (flag) => {
		const { exit, stderr } = await run(['status', '--watch', flag]);
		expect(exit).toBe(2);
		expect(stderr).toContain(`cannot be used with ${flag}`);
	});
});

test('status --timeline without a record says so', async () => {
	const { exit, stderr } = await run(['status', '--local', '--timeline']);
	expect(exit).toBe(1);
	expect(stderr).toContain('no up of main is recorded in this working directory');
});
