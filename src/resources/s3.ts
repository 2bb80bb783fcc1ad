import type { Aws } from '../aws/clients.ts';

export const bucketArn = 'arn:{partition}:s3:::{project}-{account}-{region}';

/** Every call on our bucket says whose it must be: names are global, and a foreign bucket answers 403 then. */
export function inBucket(aws: Aws, bucket: string): { Bucket: string; ExpectedBucketOwner: string } {
	return { Bucket: bucket, ExpectedBucketOwner: aws.account };
}

/** The HTTP status of an SDK error; answers to HEAD carry no code. */
export function statusOf(error: unknown): number | undefined {
	return (error as { $metadata?: { httpStatusCode?: number } } | undefined)?.$metadata?.httpStatusCode;
}
