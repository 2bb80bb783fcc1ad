import { CloudWatchLogsClient, type FilteredLogEvent, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import type { Aws } from '../aws/clients.ts';
import type { ComponentLogs, LogEvent } from './event.ts';
import { Pace } from './pace.ts';

export interface PageOptions {
	/** Milliseconds since 1970, inclusive. */
	readonly from: number;
	/** A filter of CloudWatch Logs, which spares what it does not let through. */
	readonly pattern?: string | undefined;
	readonly signal: AbortSignal;
}

/** Reads log groups; all calls of one reader share one pace. */
export class LogReader {
	readonly #client: CloudWatchLogsClient;
	readonly #pace: Pace;
	readonly #missing = new Set<string>();

	constructor(aws: Aws) {
		this.#client = aws.client(CloudWatchLogsClient);
		this.#pace = Pace.of(aws.region);
	}

	/** Log groups that were not there when they were last asked for. */
	get missing(): ReadonlySet<string> {
		return this.#missing;
	}

	/** Events of one group from a time on, page by page, oldest first; nothing where the group is missing. Pages may be empty. */
	async *pages(group: ComponentLogs, { from, pattern, signal }: PageOptions): AsyncGenerator<LogEvent[]> {
		let nextToken: string | undefined;
		do {
			await this.#pace.turn(signal);
			// AWS interleaves streams whatever is asked; emulators do so when told.
			const input = { logGroupName: group.logGroupName, startTime: Math.max(0, from), interleaved: true, filterPattern: pattern, nextToken };
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
	}
}

function eventOf({ component, logGroupName }: ComponentLogs, { logStreamName = '', timestamp = 0, ingestionTime = timestamp, eventId = '', message = '' }: FilteredLogEvent): LogEvent {
	return { component, logGroupName, logStreamName, timestamp, ingestionTime, eventId, message };
}
