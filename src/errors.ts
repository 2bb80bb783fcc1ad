/** The exit codes of every command; other people's scripts rely on them. */
export const Exit = {
	ok: 0,
	failed: 1,
	usage: 2,
	unclean: 3,
	locked: 4,
	execFailed: 125,
	interrupted: 130,
} as const;
export type ExitCode = (typeof Exit)[keyof typeof Exit];

/**
 * Something the user can act on. The message says what happened and why ("what: why"), the hint is a command to run.
 * Anything thrown that is not a UserError is a defect of this tool.
 */
export class UserError extends Error {
	/** Stable name for scripts, e.g. `EnvironmentLocked`; the `code` of the JSON error document. */
	readonly code: string;
	readonly hint: string | undefined;
	readonly exit: ExitCode;

	constructor(code: string, message: string, options: { hint?: string; exit?: ExitCode; cause?: unknown } = {}) {
		super(message, options.cause === undefined ? {} : { cause: options.cause });
		this.name = 'UserError';
		this.code = code;
		this.hint = options.hint;
		this.exit = options.exit ?? Exit.failed;
	}
}
