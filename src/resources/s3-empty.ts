import { DeleteObjectsCommand, ListObjectVersionsCommand, type ListObjectVersionsCommandOutput, type ObjectIdentifier, S3Client } from '@aws-sdk/client-s3';
import type { Aws } from '../aws/clients.ts';
import type { Context } from '../engine/resource.ts';
import { inBucket } from './s3.ts';
import { ignoring, required } from './support.ts';

/**
 * Deletes every version and delete marker below a prefix (`''`: all of the bucket), noting how many are left.
 * What is written meanwhile stays. A missing bucket is success.
 */
export async function emptyPrefix(ctx: Context<Aws>, bucket: string, prefix: string): Promise<void> {
	await ignoring(['NoSuchBucket'], empty(ctx, bucket, prefix));
}

async function empty(ctx: Context<Aws>, bucket: string, prefix: string): Promise<void> {
	let left = 0;
	for await (const page of versionPages(ctx.aws, bucket, prefix)) left += page.length;
	for await (const page of versionPages(ctx.aws, bucket, prefix)) {
		ctx.note(`deleting: ${Math.max(left, page.length).toLocaleString('en')} object versions left`);
		await deleteVersions(ctx.aws, bucket, page);
		left -= page.length;
	}
}

/** Pages of up to 1,000 versions and delete markers, oldest key first. */
async function* versionPages(aws: Aws, bucket: string, prefix: string): AsyncGenerator<ObjectIdentifier[]> {
	let from: Pick<ListObjectVersionsCommandOutput, 'NextKeyMarker' | 'NextVersionIdMarker' | 'IsTruncated'> | undefined;
	do {
		const page: ListObjectVersionsCommandOutput = await aws
			.client(S3Client)
			.send(new ListObjectVersionsCommand({ ...inBucket(aws, bucket), Prefix: prefix, KeyMarker: from?.NextKeyMarker, VersionIdMarker: from?.NextVersionIdMarker }));
		yield [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])].map(({ Key, VersionId }) => ({ Key: required(Key), VersionId }));
		from = page;
	} while (from.IsTruncated === true);
}

/** @param objects at most 1,000 */
async function deleteVersions(aws: Aws, bucket: string, objects: readonly ObjectIdentifier[]): Promise<void> {
	if (objects.length === 0) return;
	const { Errors } = await aws.client(S3Client).send(new DeleteObjectsCommand({ ...inBucket(aws, bucket), Delete: { Objects: [...objects], Quiet: true } }));
	const [first] = Errors ?? [];
	if (first) throw new Error(`${Errors?.length} objects of bucket ${bucket} could not be deleted, the first ${first.Key}: ${first.Code} ${first.Message}`);
}
