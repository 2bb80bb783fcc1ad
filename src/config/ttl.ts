import { Exit, UserError } from '../errors.ts';

const minutes: Readonly<Record<string, number>> = { m: 1, h: 60, d: 1440, w: 10_080 };
const longest = 365 * 1440;
const written = 'a number with m, h, d or w, as in 12h or 3d, or none';

/** How long a branch stays where nothing is said. */
export const defaultTtl = '7d';

/**
 * When an environment ends that is to stay for so long from now on.
 * @param text `90m`, `12h`, `3d`, `2w`, or `none`
 * @returns ISO 8601 in whole seconds, which is what EventBridge Scheduler takes; null: never
 * @throws UserError `InvalidTtl` (exit 2)
 */
export function expiryAfter(text: string, now: Date): string | null {
	if (text === 'none') return null;
	const [, number = '', unit = ''] = /^(-?\d+)([mhdw])$/.exec(text) ?? [];
	const span = Number(number) * (minutes[unit] ?? 0);
	if (unit === '') throw invalid(Date.parse(text) <= now.getTime() ? `--ttl ${text} lies in the past, and is a date` : `--ttl "${text}" is no time span`, `it takes ${written}`);
	if (span < 0) throw invalid(`--ttl ${text} lies in the past`, `it takes ${written}`);
	if (span === 0) throw invalid(`--ttl ${text} is no time at all`, `it takes at least 1m`);
	if (span > longest) throw invalid(`--ttl ${text} is longer than a year`, `--ttl none is for a branch that stays`);
	return `${new Date(now.getTime() + span * 60_000).toISOString().slice(0, 19)}Z`;
}

export function isPast(expiresAt: string | null, now: Date): boolean {
	return expiresAt !== null && Date.parse(expiresAt) <= now.getTime();
}

function invalid(what: string, why: string): UserError {
	return new UserError('InvalidTtl', `${what}: ${why}`, { hint: 'airflow-deploy branch create --ttl 3d', exit: Exit.usage });
}
