/** One event of CloudWatch Logs, as it is stored. */
export interface LogEvent {
	/** What wrote it: `webserver`, `scheduler`, `task` … */
	readonly component: string;
	readonly logGroupName: string;
	readonly logStreamName: string;
	/** When it was written, by the writer's clock: milliseconds since 1970. */
	readonly timestamp: number;
	/** When CloudWatch Logs got it: task logs are some seconds late. */
	readonly ingestionTime: number;
	/** Null where a live tail delivered it: that has none. */
	readonly eventId: string | null;
	readonly message: string;
}

/** A log group and the component that writes into it. */
export interface ComponentLogs {
	readonly component: string;
	readonly logGroupName: string;
	/** Without `:*` at its end: StartLiveTail refuses that. */
	readonly arn: string;
}

/** Oldest first. Stable: what one writer wrote in the same millisecond keeps its order. */
export function byTime(one: { readonly timestamp: number }, other: { readonly timestamp: number }): number {
	return one.timestamp - other.timestamp;
}
