import { DeleteObjectsCommand, GetObjectCommand, ListObjectVersionsCommand, type ObjectIdentifier, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
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

export interface LeaseWritten {
	readonly etag: string;
	/** Of the object, in a bucket that keeps versions. */
	readonly version: string | undefined;
}

/** Undefined where there is none. */
export async function readLease({ aws, bucket, scope }: LeasePlace): Promise<LeaseSeen | undefined> {
	const get = new GetObjectCommand({ ...inBucket(aws, bucket), Key: keyOf(scope) });
	const answer = await ignoring(['NoSuchKey', 'NoSuchBucket'], aws.client(S3Client).send(get));
	return answer && { holder: parseHolder(await required(answer.Body).transformToString()), etag: required(answer.ETag) };
}

/**
 * Writes the lease where it is as the condition says.
 * @returns its new ETag and version; undefined where somebody else's write came first
 */
export async function writeLease({ aws, bucket, scope }: LeasePlace, holder: Holder, condition: { IfNoneMatch: '*' } | { IfMatch: string }): Promise<LeaseWritten | undefined> {
	// An ETag is a hash of the content: without something new in it a renewal would not show.
	const Body = JSON.stringify({ ...holder, renewal: crypto.randomUUID() });
	const put = new PutObjectCommand({ ...inBucket(aws, bucket), Key: keyOf(scope), Body, ContentType: 'application/json', ...condition });
	const answer = await ignoring(['PreconditionFailed', 'ConditionalRequestConflict', 'NoSuchKey'], aws.client(S3Client).send(put));
	return answer && { etag: required(answer.ETag), version: answer.VersionId };
}

/** Deletes the lease with the versions that its renewals left. @param known all of them, where they are known */
export async function deleteLease(place: LeasePlace, known?: readonly string[]): Promise<void> {
	const { aws, bucket, scope } = place;
	const Objects = known?.map((VersionId) => ({ Key: keyOf(scope), VersionId })) ?? (await versionsOf(place));
	if (Objects.length > 0) await ignoring(['NoSuchBucket'], aws.client(S3Client).send(new DeleteObjectsCommand({ ...inBucket(aws, bucket), Delete: { Objects, Quiet: true } })));
}

async function versionsOf({ aws, bucket, scope }: LeasePlace): Promise<ObjectIdentifier[]> {
	const list = new ListObjectVersionsCommand({ ...inBucket(aws, bucket), Prefix: keyOf(scope) });
	const answer = await ignoring(['NoSuchBucket'], aws.client(S3Client).send(list));
	return [...(answer?.Versions ?? []), ...(answer?.DeleteMarkers ?? [])].map(({ Key, VersionId }) => ({ Key: required(Key), VersionId }));
}

function keyOf(scope: string): string {
	return `anchors/${scope}.lease`;
}
