import { closeSync, existsSync, openSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Violation } from '../models/check.ts';

/** One request, as it was judged. */
export interface RecordedRequest {
	readonly service: string;
	readonly operation: string;
	readonly userAgent: string;
	/** What the service's model does not allow, e.g. `RoleName: Member must have length less than or equal to 64`. */
	readonly violations: readonly string[];
	/** ARN of the caller, and what it was asked to be allowed; only with `--iam`. */
	readonly caller?: string;
	readonly decisions?: readonly Decision[];
}

export interface Decision {
	/** `ecs:RunTask` */
	readonly action: string;
	readonly resource: string;
	readonly allowed: boolean;
}

/** Beside the endpoint's directory, so that it outlives the endpoint. */
const requestRecord = (directory: string): string => join(dirname(directory), 'requests.jsonl');

/** Every request, a JSON object a line, in a file that somebody has put there before the endpoint started. */
export class RequestRecord {
	readonly #file: number | undefined;

	constructor(directory: string) {
		const path = requestRecord(directory);
		this.#file = existsSync(path) ? openSync(path, 'a') : undefined;
	}

	note(request: RecordedRequest): void {
		if (this.#file !== undefined) writeSync(this.#file, `${JSON.stringify(request)}\n`);
	}

	close(): void {
		if (this.#file !== undefined) closeSync(this.#file);
	}
}

export function violationText({ path, constraint }: Violation): string {
	return `${path.join('.')}: ${constraint}`;
}
