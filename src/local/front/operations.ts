/** Operations that laws ask for, of the protocols that keep their name in method and path. Source: botocore's service models. */
const efs: readonly (readonly [method: string, path: RegExp, operation: string])[] = [
	['POST', /^\/file-systems$/, 'CreateFileSystem'],
	['GET', /^\/file-systems$/, 'DescribeFileSystems'],
	['PUT', /^\/file-systems\/[^/]+$/, 'UpdateFileSystem'],
	['DELETE', /^\/file-systems\/[^/]+$/, 'DeleteFileSystem'],
	['PUT', /^\/file-systems\/[^/]+\/policy$/, 'PutFileSystemPolicy'],
	['GET', /^\/file-systems\/[^/]+\/policy$/, 'DescribeFileSystemPolicy'],
	['DELETE', /^\/file-systems\/[^/]+\/policy$/, 'DeleteFileSystemPolicy'],
	['POST', /^\/mount-targets$/, 'CreateMountTarget'],
	['GET', /^\/mount-targets$/, 'DescribeMountTargets'],
	['DELETE', /^\/mount-targets\/[^/]+$/, 'DeleteMountTarget'],
	['GET', /^\/mount-targets\/[^/]+\/security-groups$/, 'DescribeMountTargetSecurityGroups'],
	['PUT', /^\/mount-targets\/[^/]+\/security-groups$/, 'ModifyMountTargetSecurityGroups'],
	['POST', /^\/access-points$/, 'CreateAccessPoint'],
	['GET', /^\/access-points$/, 'DescribeAccessPoints'],
	['DELETE', /^\/access-points\/[^/]+$/, 'DeleteAccessPoint'],
];

/** Query parameters that name a setting of a bucket: two puts of such at the same time are answered 409 by AWS. */
const settings = new Set(['accelerate', 'acl', 'cors', 'encryption', 'lifecycle', 'logging', 'notification', 'ownershipControls', 'policy', 'publicAccessBlock', 'replication', 'requestPayment', 'tagging', 'versioning', 'website', 'object-lock', 'intelligent-tiering', 'analytics', 'inventory', 'metrics']);

const scheduler: Readonly<Record<string, string>> = { POST: 'CreateSchedule', PUT: 'UpdateSchedule', GET: 'GetSchedule', DELETE: 'DeleteSchedule' };

/** @returns the operation, or an empty text where no law asks for it */
export function nameRestOperation(service: string, method: string, url: URL): string {
	if (service === 's3') return nameS3Operation(method, url);
	if (service === 'route53') return method === 'POST' && /\/hostedzone\/[^/]+\/rrset\/?$/.test(url.pathname) ? 'ChangeResourceRecordSets' : '';
	if (service === 'scheduler') return /^\/schedules\/[^/]+$/.test(url.pathname) ? (scheduler[method] ?? '') : '';
	if (service !== 'elasticfilesystem') return '';
	const path = url.pathname.replace(/^\/2015-02-01/, '').replace(/\/$/, '');
	return efs.find(([verb, pattern]) => verb === method && pattern.test(path))?.[2] ?? '';
}

/** `PutBucketSetting` and `DeleteBucketSetting` stand for all of S3's sub-resources of a bucket. */
function nameS3Operation(method: string, url: URL): string {
	const { bucket, key } = bucketAndKey(url);
	if (bucket === '') return method === 'GET' ? 'ListBuckets' : '';
	if (key !== '') return method === 'PUT' && [...url.searchParams.keys()].every((name) => name === 'x-id' || name.startsWith('X-Amz-')) ? 'PutObject' : 'ObjectOperation';
	const setting = [...url.searchParams.keys()].some((name) => settings.has(name));
	if (setting && (method === 'PUT' || method === 'DELETE')) return method === 'PUT' ? 'PutBucketSetting' : 'DeleteBucketSetting';
	if (method === 'PUT') return 'CreateBucket';
	if (method === 'HEAD') return 'HeadBucket';
	if (method === 'GET' && url.searchParams.has('policy')) return 'GetBucketPolicy';
	return method === 'DELETE' ? 'DeleteBucket' : 'BucketOperation';
}

/** Path-style addresses only: `/bucket/key…`. */
export function bucketAndKey(url: URL): { bucket: string; key: string } {
	const [, bucket = '', key = ''] = /^\/([^/]*)\/?(.*)$/s.exec(url.pathname) ?? [];
	return { bucket: decodeURIComponent(bucket), key };
}
