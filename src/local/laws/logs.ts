import type { Account, Laws } from '../account.ts';
import { type Call, json, type JsonRecord, memberOf } from '../front/call.ts';
import { type Answer, AwsError } from '../front/failure.ts';
import type { TailRequest } from '../live-tail/session.ts';

/** CloudWatch Logs API reference, PutRetentionPolicy. */
const retentions = new Set([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]);
/** CloudWatch Logs API reference, PutLogEvents. */
const batch = { events: 10_000, bytes: 1_048_576, bytesPerEvent: 26, spanMilliseconds: 24 * 3_600_000 };

export function logsLaws(account: Account): Laws {
	return {
		PutRetentionPolicy: {
			before(call) {
				const days = json(call)['retentionInDays'];
				if (typeof days !== 'number' || !retentions.has(days)) throw new AwsError('InvalidParameterException', `1 validation error detected: Value '${String(days)}' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: [${[...retentions].join(', ')}]`);
			},
		},
		PutLogEvents: { before: checkBatch, after: (call, answer) => tell(account, call, answer) },
		CreateLogGroup: { before: (call) => forgetTags(account, call) },
		// moto remembers the tags of a group that is gone.
		ListTagsForResource: { before: (call) => requireGroup(account, call, /log-group:([^:]+)$/.exec(memberOf(json(call), 'resourceArn') ?? '')?.[1] ?? '') },
		StartLiveTail: { before: (call) => startLiveTail(account, call) },
	};
}

/** A group that is made again has the tags of its own creation only. */
async function forgetTags({ moto, id }: Account, call: Call): Promise<void> {
	const { region } = call;
	const resourceArn = `arn:aws:logs:${region}:${id}:log-group:${memberOf(json(call), 'logGroupName') ?? ''}`;
	const ask = (operation: string, more: JsonRecord = {}): Promise<JsonRecord> => moto.json({ service: 'logs', region, operation }, 'Logs_20140328', { resourceArn, ...more });
	const tagKeys = Object.keys(((await ask('ListTagsForResource').catch(() => ({}))) as { tags?: object }).tags ?? {});
	const isThere = await requireGroup({ moto } as Account, call, memberOf(json(call), 'logGroupName') ?? '').then(() => true, () => false);
	if (tagKeys.length > 0 && !isThere) await ask('UntagResource', { tagKeys });
}

async function requireGroup({ moto }: Account, { region }: Call, name: string): Promise<void> {
	const { logGroups } = await moto.json({ service: 'logs', region, operation: 'DescribeLogGroups' }, 'Logs_20140328', { logGroupNamePrefix: name });
	if (!(logGroups as JsonRecord[]).some(({ logGroupName }) => logGroupName === name)) throw new AwsError('ResourceNotFoundException', 'The specified log group does not exist.');
}

async function startLiveTail(account: Account, call: Call): Promise<Answer> {
	const { tails } = account;
	const request = json(call) as unknown as TailRequest;
	const groups = tails.groupsOf(call.region, { ...request, logGroupIdentifiers: request.logGroupIdentifiers ?? [] });
	for (const name of groups) await requireGroup(account, call, name);
	return { status: 200, headers: { 'content-type': 'application/vnd.amazon.eventstream' }, body: Buffer.alloc(0), stream: tails.begin(call.region, request) };
}

function tell({ tails }: Account, call: Call, answer: Answer): Answer {
	const { logGroupName: group = '', logStreamName: stream = '', logEvents: events = [] } = json(call) as { logGroupName?: string; logStreamName?: string; logEvents?: { timestamp: number; message: string }[] };
	if (answer.status < 400) tails.put({ region: call.region, group, stream, events });
	return answer;
}

function checkBatch(call: Call): void {
	const events = (json(call)['logEvents'] ?? []) as JsonRecord[];
	const times = events.map((event) => Number(event['timestamp']));
	const bytes = events.reduce((sum, event) => sum + Buffer.byteLength(memberOf(event, 'message') ?? '') + batch.bytesPerEvent, 0);
	if (events.length === 0 || events.length > batch.events) throw new AwsError('InvalidParameterException', `1 validation error detected: Value at 'logEvents' failed to satisfy constraint: Member must have length between 1 and ${batch.events}`);
	if (bytes > batch.bytes) throw new AwsError('InvalidParameterException', `Upload too large: ${bytes} bytes exceeds limit of ${batch.bytes}`);
	if (times.some((time, index) => index > 0 && time < (times[index - 1] ?? 0))) throw new AwsError('InvalidParameterException', 'Log events in a single PutLogEvents request must be in chronological order.');
	if ((times.at(-1) ?? 0) - (times[0] ?? 0) > batch.spanMilliseconds) throw new AwsError('InvalidParameterException', 'The batch of log events in a single PutLogEvents request cannot span more than 24 hours.');
}
