import { setTimeout as delay } from 'node:timers/promises';
import { CloudWatchLogsClient, DeleteLogGroupCommand } from '@aws-sdk/client-cloudwatch-logs';
import { settled } from '../engine/context.ts';
import type { Entry } from '../engine/state.ts';
import { ignoring } from '../resources/support.ts';
import type { RecoveredDocument, TeardownDocument } from './documents.ts';
import { type Lookalike, looks, valueOf } from './lookalikes.ts';
import { unlessRefused } from './not-checked.ts';
import type { Options } from './options.ts';

/** What was there before, and when it began to go. */
export interface Before {
	readonly recorded: readonly { readonly scope: string; readonly key: string; readonly entry: Entry }[];
	/** Nonces of the scopes that went. */
	readonly nonces: ReadonlyMap<string, string>;
	readonly began: Date;
	/** Ids that are known to stay. */
	readonly left: ReadonlySet<string>;
}

export interface Swept {
	/** Made behind us while we removed, and removed. */
	readonly deleted: TeardownDocument['deleted'];
	readonly left: TeardownDocument['left'];
	/** Similar names, or our tags with another nonce. */
	readonly notOurs: TeardownDocument['notOurs'];
	/** Kinds of objects that were looked for. */
	readonly kinds: number;
}

/**
 * Looks for what nobody has recorded: made behind the removal (a log group by a late line), or left by a record that was lost.
 * Only a log group of a recorded name that came to be during the removal is removed; all else is named.
 */
export async function sweep(options: Options, before: Before): Promise<Swept> {
	const deleted: TeardownDocument['deleted'] = [];
	if (before.nonces.size === 0) return { deleted, left: [], notOurs: [], kinds: 0 };
	const end = performance.now() + settled.unclear * 1000;
	for (;;) {
		const { found, kinds } = await lookAround(options, before);
		const late = found.filter((each) => isLate(each, before));
		for (const { id, type } of late) {
			await ignoring(['ResourceNotFoundException'], options.aws.client(CloudWatchLogsClient).send(new DeleteLogGroupCommand({ logGroupName: id })));
			if (deleted.every((each) => each.id !== id)) deleted.push({ key: keyOf(id, before), type, id });
		}
		const ours = found.filter((each) => isOurs(each, before));
		const isNews = late.length > 0 || ours.some(({ id }) => !before.left.has(id));
		// AWS shows for seconds what is gone.
		if (isNews && performance.now() < end) await delay(settled.pause * 1000, undefined, { signal: options.signal });
		else return { deleted, kinds, left: ours.map(leftOf), notOurs: found.flatMap((each) => strangerOf(each, before)) };
	}
}

async function lookAround({ aws, config, warn }: Options, { nonces }: Before): Promise<{ found: Lookalike[]; kinds: number }> {
	const field = { aws, project: config.project, scopes: [...nonces.keys()], rolePath: config.rolePath };
	const answers = await Promise.all(Object.entries(looks).map(([what, look]) => unlessRefused(warn, `whether ${what} are left`, look(field))));
	return { found: answers.flatMap((answer) => answer ?? []), kinds: answers.filter((answer) => answer !== undefined).length };
}

/** What `state recover` does not take up: of our nonce, and of others. @param known ids that it did */
export async function besides(options: Options, nonces: ReadonlyMap<string, string>, known: ReadonlySet<string | null>): Promise<Pick<RecoveredDocument, 'unrecorded' | 'notOurs'>> {
	const before = { recorded: [], nonces, began: new Date(), left: new Set<string>() };
	const { found } = await lookAround(options, before);
	const others = found.filter(({ id }) => !known.has(id));
	return { unrecorded: others.filter((each) => isOurs(each, before)).map(({ type, id }) => ({ type, id })), notOurs: others.flatMap((each) => strangerOf(each, before)) };
}

/** A line that came late made the group again, without tags. */
function isLate({ type, id, tags, createdAt }: Lookalike, { recorded, began }: Before): boolean {
	return type === 'AWS::Logs::LogGroup' && tags.length === 0 && createdAt !== undefined && createdAt >= began && recorded.some(({ entry }) => entry.type === type && entry.id === id);
}

function keyOf(id: string, { recorded }: Before): string {
	return recorded.find(({ entry }) => entry.id === id)?.key ?? id;
}

function isOurs({ tags }: Lookalike, { nonces }: Before): boolean {
	const nonce = nonces.get(valueOf(tags, 'environment') ?? '');
	return nonce !== undefined && valueOf(tags, 'nonce') === nonce;
}

function leftOf({ type, id, tags }: Lookalike): TeardownDocument['left'][number] {
	const key = tags.find(({ Key }) => Key === 'airflow-deploy:key')?.Value ?? id;
	return { key, type, id, heldBy: null, since: null };
}

/** What other environments of the project have is theirs, and no news. */
function strangerOf(each: Lookalike, before: Before): TeardownDocument['notOurs'] {
	const { type, id, tags } = each;
	const environment = valueOf(tags, 'environment');
	if (isOurs(each, before) || isLate(each, before) || (environment !== undefined && !before.nonces.has(environment))) return [];
	return [{ type, id, why: environment === undefined ? 'its name begins like ours, and it does not carry our tags' : 'another installation made it: its airflow-deploy:nonce differs' }];
}
