import { DeleteObjectsCommand, GetObjectCommand, ListObjectVersionsCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { Aws } from '../aws/clients.ts';
import { type Holder, parseHolder } from '../engine/lock-holder.ts';
import { inBucket } from './s3.ts';
import { ignoring, required } from './support.ts';

/** Where a lease lies: beside the scope's anchor. */
export interface LeasePlace {
	readonly aws: Aws;
	readonly bucket: string;
	readonly scope: string;
}

/** What somebody wrote; each renewal gives it another ETag. */
export interface LeaseSeen {
	/** Undefined for one that this version cannot read. */
	readonly holder: Holder | undefined;
	readonly etag: string;
}

/** Undefined where there is none. */
export async function readLease({ aws, bucket, scope }: LeasePlace): Promise<LeaseSeen | undefined> {
	const get = new GetObjectCommand({ ...inBucket(aws, bucket), Key: keyOf(scope) });
	const answer = await ignoring(['NoSuchKey', 'NoSuchBucket'], aws.client(S3Client).send(get));
	return answer && { holder: parseHolder(await required(answer.Body).transformToString()), etag: required(answer.ETag) };
}

/**
 * Writes the lease where it is as the condition says.
 * @returns its new ETag; undefined where somebody else's write came first
 */
export async function writeLease({ aws, bucket, scope }: LeasePlace, holder: Holder, condition: { IfNoneMatch: '*' } | { IfMatch: string }): Promise<string | undefined> {
	// An ETag is a hash of the content: without something new in it a renewal would not show.
	const Body = JSON.stringify({ ...holder, renewal: crypto.randomUUID() });
	const put = new PutObjectCommand({ ...inBucket(aws, bucket), Key: keyOf(scope), Body, ContentType: 'application/json', ...condition });
	const answer = await ignoring(['PreconditionFailed', 'ConditionalRequestConflict', 'NoSuchKey'], aws.client(S3Client).send(put));
	return answer && required(answer.ETag);
}

/** Deletes the lease with the versions that its renewals left. */
export async function deleteLease({ aws, bucket, scope }: LeasePlace): Promise<void> {
	const s3 = aws.client(S3Client);
	const list = new ListObjectVersionsCommand({ ...inBucket(aws, bucket), Prefix: keyOf(scope) });
	const answer = await ignoring(['NoSuchBucket'], s3.send(list));
	const Objects = [...(answer?.Versions ?? []), ...(answer?.DeleteMarkers ?? [])].map(({ Key, VersionId }) => ({ Key: required(Key), VersionId }));
	if (Objects.length > 0) await ignoring(['NoSuchBucket'], s3.send(new DeleteObjectsCommand({ ...inBucket(aws, bucket), Delete: { Objects, Quiet: true } })));
}

function keyOf(scope: string): string {
	return `anchors/${scope}.lease`;
}
