import { CloudWatchLogsClient, type FilteredLogEvent, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import type { Aws } from '../aws/clients.ts';
import { UserError } from '../errors.ts';
import type { ComponentLogs, LogEvent } from './event.ts';
import { Pace } from './pace.ts';

export interface PageOptions {
	/** Milliseconds since 1970, inclusive. */
	readonly from: number;
	/** A filter of CloudWatch Logs, which spares what it does not let through. */
	readonly pattern?: string | undefined;
	/** Only streams whose names begin so. */
	readonly streamPrefix?: string | undefined;
	readonly signal: AbortSignal;
}

/** Reads log groups; all calls of one reader share one pace. */
export class LogReader {
	readonly #client: CloudWatchLogsClient;
	readonly #pace: Pace;
	readonly #groups: readonly ComponentLogs[];
	readonly #missing = new Set<string>();

	/** @param pace of all readers of this account and region */
	constructor(aws: Aws, groups: readonly ComponentLogs[], pace: Pace = Pace.of(aws.region)) {
		this.#client = aws.client(CloudWatchLogsClient);
		this.#pace = pace;
		this.#groups = groups;
	}

	/**
	 * Events of one of the groups from a time on, page by page, oldest first; nothing where it is missing. Pages may be empty.
	 * @throws UserError where all groups are missing
	 */
	async *pages(group: ComponentLogs, { from, pattern, streamPrefix, signal }: PageOptions): AsyncGenerator<LogEvent[]> {
		let nextToken: string | undefined;
		do {
			await this.#pace.turn(signal);
			// AWS interleaves streams whatever is asked; emulators do so when told.
			const input = { logGroupName: group.logGroupName, startTime: Math.max(0, from), interleaved: true, filterPattern: pattern, logStreamNamePrefix: streamPrefix, nextToken };
			const answer = await this.#client.send(new FilterLogEventsCommand(input), { abortSignal: signal }).catch((error: unknown) => this.#ifMissing(group, error));
			if (answer === undefined) return;
			this.#missing.delete(group.logGroupName);
			yield (answer.events ?? []).map((event) => eventOf(group, event));
			nextToken = answer.nextToken;
		} while (nextToken !== undefined);
	}

	#ifMissing({ logGroupName }: ComponentLogs, error: unknown): undefined {
		if (!(error instanceof Error) || error.name !== 'ResourceNotFoundException') throw error;
		this.#missing.add(logGroupName);
		if (this.#missing.size < this.#groups.length) return;
		throw new UserError('LogGroupsGone', `AWS shows none of the log groups any more: ${[...this.#missing].join(', ')}`, { hint: 'airflow-deploy status', cause: error });
	}
}

function eventOf({ component, logGroupName }: ComponentLogs, { logStreamName = '', timestamp = 0, ingestionTime = timestamp, eventId = '', message = '' }: FilteredLogEvent): LogEvent {
	return { component, logGroupName, logStreamName, timestamp, ingestionTime, eventId, message };
}
