import type { Asked, Part, Reading, Rules } from './asked.ts';
import { isTagged, textAt } from './asked.ts';

const bucketArn = ({ partition, request }: Reading): string => `arn:${partition}:s3:::${textAt(request, 'Bucket') ?? '*'}`;
const onBucket = (action: string): Part => (reading) => [{ action: `s3:${action}`, resource: bucketArn(reading), keys: { 's3:prefix': textAt(reading.request, 'Prefix') } }];
const onObject = (action: string, versioned = action): Part => (reading) => [{ action: `s3:${textAt(reading.request, 'VersionId') === undefined ? action : versioned}`, resource: `${bucketArn(reading)}/${textAt(reading.request, 'Key') ?? '*'}` }];

/** Who may not list a bucket is not told that an object is missing (S3 API reference, GetObject, "Permissions"). */
const reading: Part = async (call) => {
	const [bucket, key, version] = ['Bucket', 'Key', 'VersionId'].map((member) => textAt(call.request, member));
	if (await call.look.objectThere(bucket ?? '', key ?? '', version)) return onObject('GetObject', 'GetObjectVersion')(call);
	return [...(await onObject('GetObject', 'GetObjectVersion')(call)), { action: 's3:ListBucket', resource: bucketArn(call) }];
};

/** Each object of the batch by itself. */
const batch: Part = (reading) => {
	const { Objects = [] } = (reading.request['Delete'] ?? {}) as { Objects?: { Key?: string; VersionId?: string }[] };
	return Objects.map(({ Key = '', VersionId }): Asked => ({ action: VersionId === undefined ? 's3:DeleteObject' : 's3:DeleteObjectVersion', resource: `${bucketArn(reading)}/${Key}` }));
};
const creation: Part = (reading) => ['s3:CreateBucket', ...(isTagged(reading) ? ['s3:TagResource'] : [])].map((action) => ({ action, resource: bucketArn(reading) }));
const source: Part = ({ partition, request }) => [{ action: 's3:GetObject', resource: `arn:${partition}:s3:::${decodeURIComponent(textAt(request, 'CopySource') ?? '').replace(/^\//, '')}` }];

/** Actions on buckets that are not named like their operations. */
const others: Readonly<Record<string, string>> = {
	DeleteBucketEncryption: 'PutEncryptionConfiguration',
	DeleteBucketLifecycle: 'PutLifecycleConfiguration',
	DeleteBucketOwnershipControls: 'PutBucketOwnershipControls',
	DeleteBucketTagging: 'PutBucketTagging',
	DeletePublicAccessBlock: 'PutBucketPublicAccessBlock',
	GetBucketEncryption: 'GetEncryptionConfiguration',
	GetBucketLifecycleConfiguration: 'GetLifecycleConfiguration',
	GetPublicAccessBlock: 'GetBucketPublicAccessBlock',
	HeadBucket: 'ListBucket',
	ListMultipartUploads: 'ListBucketMultipartUploads',
	ListObjectVersions: 'ListBucketVersions',
	ListObjects: 'ListBucket',
	ListObjectsV2: 'ListBucket',
	PutBucketEncryption: 'PutEncryptionConfiguration',
	PutBucketLifecycleConfiguration: 'PutLifecycleConfiguration',
	PutPublicAccessBlock: 'PutBucketPublicAccessBlock',
};

/** Service Authorization Reference, "Amazon S3", and S3 User Guide, "Required permissions for Amazon S3 API operations". */
export const s3Rules: Rules = {
	CreateBucket: [creation],
	DeleteObjects: [batch],
	GetObject: [reading],
	HeadObject: [reading],
	PutObject: [onObject('PutObject')],
	CopyObject: [onObject('PutObject'), source],
	DeleteObject: [onObject('DeleteObject', 'DeleteObjectVersion')],
	CreateMultipartUpload: [onObject('PutObject')],
	UploadPart: [onObject('PutObject')],
	CompleteMultipartUpload: [onObject('PutObject')],
	AbortMultipartUpload: [onObject('AbortMultipartUpload')],
	ListParts: [onObject('ListMultipartUploadParts')],
	ListBuckets: [() => [{ action: 's3:ListAllMyBuckets', resource: '*' }]],
	...Object.fromEntries(Object.entries(others).map(([operation, action]) => [operation, [onBucket(action)]])),
};

/** All other operations on a bucket or an object: named like their actions. */
export const s3Rest: Part = (reading) => (textAt(reading.request, 'Key') === undefined ? onBucket(reading.operation) : onObject(reading.operation))(reading);
