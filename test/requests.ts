import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inject } from 'vitest';
import type { RecordedRequest } from '../src/local/front/request-record.ts';

declare module 'vitest' {
	interface ProvidedContext {
		/** A file with a line for each endpoint of the run: `{ checked, violations }`. */
		readonly requestTotals: string;
	}
}

/** Marks requests that are wrong on purpose. */
export const badInput = 'bad-input-test';

const path = (parent: string): string => join(parent, 'requests.jsonl');

/** Has the endpoints of `<parent>/endpoint` write down every request. */
export function recordRequests(parent: string): void {
	writeFileSync(path(parent), '');
}

export function recordedRequests(parent: string): RecordedRequest[] {
	if (!existsSync(path(parent))) return [];
	const lines = readFileSync(path(parent), 'utf8').split('\n').filter((line) => line !== '');
	return lines.map((line) => JSON.parse(line) as RecordedRequest);
}

/** Counts them for the end of the run. @throws where one of them, but those wrong on purpose, is not what its service's model allows */
export function checkRequests(parent: string): void {
	const meant = recordedRequests(parent).filter(({ userAgent }) => !userAgent.includes(badInput));
	const wrong = meant.filter(({ violations }) => violations.length > 0);
	appendFileSync(inject('requestTotals'), `${JSON.stringify({ checked: meant.length, violations: wrong.length })}\n`);
	if (wrong.length > 0) throw new Error(`requests that AWS's service models do not allow:\n${wrong.map(({ service, operation, violations }) => `${service} ${operation}: ${violations.join('; ')}`).join('\n')}`);
}
