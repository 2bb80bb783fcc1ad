import type { Session } from './session.ts';

/** One thing that a careful person would look at, as data. */
export interface Check {
	/** Stable, for scripts: `login`, `run:tutorial`. */
	readonly name: string;
	/** What a pass proves, as a sentence without a full stop. */
	readonly proves: string;
	/** Names of checks without which this one says nothing. */
	readonly needs: readonly string[];
	/** Runs even after Ctrl-C. */
	readonly always?: true;
	/** @throws CheckFailed, or whatever the page, Airflow or AWS threw: both are failures of the check */
	run(session: Session): Promise<Finding>;
}

export interface Finding {
	/** What was seen, in one line. */
	readonly detail: string;
	/** Lines that prove it. */
	readonly lines?: readonly string[];
	/** There was nothing to check, and the detail says why. */
	readonly leftOut?: true;
}

/** The thing looked at is not as it should be. The message says what is wrong and why; the hint is what to do about it. */
export class CheckFailed extends Error {
	readonly hint: string | undefined;
	/** The end of the log that tells why. */
	readonly lines: readonly string[];

	constructor(message: string, { hint, lines = [], cause }: { hint?: string | undefined; lines?: readonly string[]; cause?: unknown } = {}) {
		super(message, cause === undefined ? {} : { cause });
		this.name = 'CheckFailed';
		this.hint = hint;
		this.lines = lines;
	}
}

/** `not-checked`: what it needs has failed, or the run was interrupted; nothing is proved, so it counts as a failure. */
type Verdict = 'passed' | 'failed' | 'not-checked' | 'left-out';

/** How a check ended. */
export interface Result {
	readonly name: string;
	readonly proves: string;
	readonly verdict: Verdict;
	/** Since the validation began. */
	readonly startSeconds: number;
	readonly seconds: number;
	readonly detail: string;
	readonly hint?: string | undefined;
	readonly lines: readonly string[];
	/** PNG of the page when the check ended. */
	readonly screenshot?: Buffer | undefined;
}

export function isOk({ verdict }: Pick<Result, 'verdict'>): boolean {
	return verdict === 'passed' || verdict === 'left-out';
}
