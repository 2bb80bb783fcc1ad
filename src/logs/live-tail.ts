import { CloudWatchLogsClient, type LiveTailSessionLogEvent, StartLiveTailCommand, type StartLiveTailResponseStream } from '@aws-sdk/client-cloudwatch-logs';
import type { Aws } from '../aws/clients.ts';
import type { ComponentLogs, LogEvent } from './event.ts';

export interface TailListener {
	/** The session has begun: what is written from now on is delivered. */
	onStart(): void;
	onEvents(events: LogEvent[]): void;
	/** CloudWatch Logs left lines out: more than 500 in a second. */
	onSampled(): void;
}

/** A session lasts three hours at most, and takes ten log groups. */
const mostGroups = 10;

/**
 * One session of StartLiveTail, until it ends or breaks.
 * @returns whether it had begun: false where the endpoint has none, or this caller may not use it
 */
export async function tailLive(aws: Aws, groups: readonly ComponentLogs[], listener: TailListener, end: AbortSignal): Promise<boolean> {
	let began = false;
	// Its own: the listeners of hundreds of sessions would stay at the other.
	const signal = AbortSignal.any([end]);
	try {
		const command = new StartLiveTailCommand({ logGroupIdentifiers: groups.slice(0, mostGroups).map(({ arn }) => arn) });
		const { responseStream } = await aws.client(CloudWatchLogsClient).send(command, { abortSignal: signal });
		for await (const part of untilAborted(responseStream, signal)) {
			if (part.sessionStart !== undefined) {
				began = true;
				listener.onStart();
			}
			deliver(part, groups, listener);
		}
	} catch {
		// Refused, broken or timed out: whoever follows reads on by FilterLogEvents.
	}
	return began;
}

function deliver({ sessionUpdate }: StartLiveTailResponseStream, groups: readonly ComponentLogs[], listener: TailListener): void {
	const events = sessionUpdate?.sessionResults?.flatMap((event) => eventOf(groups, event) ?? []) ?? [];
	if (events.length > 0) listener.onEvents(events);
	if (sessionUpdate?.sessionMetadata?.sampled === true) listener.onSampled();
}

function eventOf(groups: readonly ComponentLogs[], { logGroupIdentifier = '', logStreamName = '', timestamp = 0, ingestionTime = timestamp, message = '' }: LiveTailSessionLogEvent): LogEvent | undefined {
	// `account:name`, an ARN, or the name alone: no name has a colon in it.
	const name = logGroupIdentifier.replace(/:\*$/, '').split(':').at(-1);
	const group = groups.find(({ logGroupName }) => logGroupName === name);
	return group && { component: group.component, logGroupName: group.logGroupName, logStreamName, timestamp, ingestionTime, eventId: null, message };
}

/** The SDK aborts the request, not the stream of its answer. */
async function* untilAborted<T>(stream: AsyncIterable<T> | undefined, signal: AbortSignal): AsyncGenerator<T> {
	if (stream === undefined) return;
	const parts = stream[Symbol.asyncIterator]();
	const aborted = new Promise<{ done: true; value: undefined }>((resolve) => signal.addEventListener('abort', () => resolve({ done: true, value: undefined }), { once: true }));
	while (!signal.aborted) {
		const { done, value } = await Promise.race([parts.next(), aborted]);
		if (done === true) break;
		yield value;
	}
	void parts.return?.();
}
