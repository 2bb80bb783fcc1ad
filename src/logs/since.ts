import { Exit, UserError } from '../errors.ts';

const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/**
 * When to begin, milliseconds since 1970: `90s`, `10m`, `2h`, `1d`, `1w` before `now`, or an ISO 8601 time, in UTC unless it names its zone.
 * @throws UserError for other text, exit 2
 */
export function parseSince(text: string, now: number): number {
	const [, amount, unit] = /^(\d+(?:\.\d+)?)([smhdw])$/.exec(text) ?? [];
	if (amount !== undefined && unit !== undefined) return Math.round(now - Number(amount) * (units[unit] ?? 0) * 1000);
	const [, date, time = '00:00', zone = 'Z'] = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?))?(Z|[+-]\d\d:?\d\d)?$/.exec(text) ?? [];
	const at = Date.parse(`${date}T${time}${zone}`);
	if (Number.isNaN(at)) throw new UserError('InvalidSince', `--since: "${text}" is neither an age nor a time`, { hint: `airflow-deploy logs --since 10m   # or 2h, 1d, ${new Date(now).toISOString().slice(0, 13)}:00`, exit: Exit.usage });
	return at;
}
