import { describe, expect, test } from 'vitest';
import { expiryAfter } from '../../src/config/ttl.ts';
import type { UserError } from '../../src/errors.ts';

const now = new Date('2026-11-24T12:00:00.789Z');

test.each([
	['1m', '2026-11-24T12:01:00Z'],
	['90m', '2026-11-24T13:30:00Z'],
	['12h', '2026-11-25T00:00:00Z'],
	['3d', '2026-11-27T12:00:00Z'],
	['2w', '2026-12-08T12:00:00Z'],
	['365d', '2027-11-24T12:00:00Z'],
	['none', null],
])('--ttl %s', (text, expected) => {
	expect(expiryAfter(text, now)).toBe(expected);
});

describe('what is no time span', () => {
	test.each([
		['3 parsecs', '--ttl "3 parsecs" is no time span: it takes a number with m, h, d or w, as in 12h or 3d, or none'],
		['', '--ttl "" is no time span: it takes'],
		['1.5d', '--ttl "1.5d" is no time span: it takes'],
		['3D', '--ttl "3D" is no time span: it takes'],
		['0d', '--ttl 0d is no time at all: it takes at least 1m'],
		['-3d', '--ttl -3d lies in the past: it takes'],
		['2026-01-01', '--ttl 2026-01-01 lies in the past, and is a date: it takes'],
		['2030-01-01', '--ttl "2030-01-01" is no time span: it takes'],
		['366d', '--ttl 366d is longer than a year: --ttl none is for a branch that stays'],
		['99999999999999999999w', 'is longer than a year'],
	])('%s', (text, message) => {
		expect(() => expiryAfter(text, now)).toThrow(expect.objectContaining({ code: 'InvalidTtl', exit: 2, message: expect.stringContaining(message) as string } satisfies Partial<UserError>) as Error);
	});
});
