import type { Config } from './settings.ts';

/** Where people reach the web page, without trailing slash; undefined where it has no name: then it is plain HTTP at an address that changes. */
export function pageUrl({ domain }: Pick<Config, 'domain'>): string | undefined {
	return domain === undefined ? undefined : `https://${domain}`;
}
