import {
	type BucketLifecycleConfiguration,
	GetBucketEncryptionCommand,
	GetBucketLifecycleConfigurationCommand,
	GetBucketOwnershipControlsCommand,
	GetBucketPolicyCommand,
	GetBucketTaggingCommand,
	GetBucketVersioningCommand,
	GetPublicAccessBlockCommand,
	type OwnershipControls,
	type PublicAccessBlockConfiguration,
	PutBucketEncryptionCommand,
	PutBucketLifecycleConfigurationCommand,
	PutBucketOwnershipControlsCommand,
	PutBucketPolicyCommand,
	PutBucketTaggingCommand,
	PutBucketVersioningCommand,
	PutPublicAccessBlockCommand,
	S3Client,
	type ServerSideEncryptionConfiguration,
	type Tag,
	type VersioningConfiguration,
} from '@aws-sdk/client-s3';
import type { Aws } from '../aws/clients.ts';
import type { Context } from '../engine/resource.ts';
import { samePolicy } from './policy-document.ts';
import { inBucket } from './s3.ts';
import { ignoring, tagList } from './support.ts';

export type SettingProps = { bucket: string; noncurrentVersionDays: number };

/** One sub-resource of a bucket. */
export interface Setting {
	readonly name: string;
	readonly actions: { readonly read: string; readonly put: string };
	isRight(ctx: Context<Aws>, props: SettingProps): Promise<boolean>;
	put(ctx: Context<Aws>, props: SettingProps): Promise<unknown>;
}

type Where = ReturnType<typeof inBucket>;
interface Definition<T> {
	name: string;
	actions: Setting['actions'];
	/** What S3 answers where nothing was put. */
	absent?: string;
	wanted: (ctx: Context<Aws>, props: SettingProps) => T;
	read: (s3: S3Client, where: Where) => Promise<T | undefined>;
	put: (s3: S3Client, where: Where, value: T) => Promise<unknown>;
	same?: (found: T, wanted: T) => boolean;
	/** What to put where others may have put their own beside ours. */
	merge?: (found: T, wanted: T) => T;
}

const everything: PublicAccessBlockConfiguration = { BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true };

/** In the order in which they are put. */
export const settings: readonly Setting[] = [
	setting<PublicAccessBlockConfiguration>({
		name: 'public access block',
		actions: { read: 's3:GetBucketPublicAccessBlock', put: 's3:PutBucketPublicAccessBlock' },
		absent: 'NoSuchPublicAccessBlockConfiguration',
		wanted: () => everything,
		read: async (s3, where) => (await s3.send(new GetPublicAccessBlockCommand(where))).PublicAccessBlockConfiguration,
		put: (s3, where, PublicAccessBlockConfiguration) => s3.send(new PutPublicAccessBlockCommand({ ...where, PublicAccessBlockConfiguration })),
	}),
	setting<OwnershipControls>({
		name: 'ownership',
		actions: { read: 's3:GetBucketOwnershipControls', put: 's3:PutBucketOwnershipControls' },
		absent: 'OwnershipControlsNotFoundError',
		wanted: () => ({ Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] }),
		read: async (s3, where) => (await s3.send(new GetBucketOwnershipControlsCommand(where))).OwnershipControls,
		put: (s3, where, OwnershipControls) => s3.send(new PutBucketOwnershipControlsCommand({ ...where, OwnershipControls })),
	}),
	setting<ServerSideEncryptionConfiguration>({
		name: 'encryption',
		actions: { read: 's3:GetEncryptionConfiguration', put: 's3:PutEncryptionConfiguration' },
		absent: 'ServerSideEncryptionConfigurationNotFoundError',
		wanted: () => ({ Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }] }),
		read: async (s3, where) => (await s3.send(new GetBucketEncryptionCommand(where))).ServerSideEncryptionConfiguration,
		put: (s3, where, ServerSideEncryptionConfiguration) => s3.send(new PutBucketEncryptionCommand({ ...where, ServerSideEncryptionConfiguration })),
	}),
	setting<VersioningConfiguration>({
		name: 'versioning',
		actions: { read: 's3:GetBucketVersioning', put: 's3:PutBucketVersioning' },
		wanted: () => ({ Status: 'Enabled' }),
		read: (s3, where) => s3.send(new GetBucketVersioningCommand(where)),
		put: (s3, where, VersioningConfiguration) => s3.send(new PutBucketVersioningCommand({ ...where, VersioningConfiguration })),
	}),
	setting<BucketLifecycleConfiguration>({
		name: 'lifecycle',
		actions: { read: 's3:GetLifecycleConfiguration', put: 's3:PutLifecycleConfiguration' },
		absent: 'NoSuchLifecycleConfiguration',
		wanted: (_ctx, { noncurrentVersionDays }) => ({
			Rules: [
				{
					ID: 'noncurrent-versions',
					Status: 'Enabled',
					Filter: { Prefix: '' },
					NoncurrentVersionExpiration: { NoncurrentDays: noncurrentVersionDays },
					Expiration: { ExpiredObjectDeleteMarker: true },
					AbortIncompleteMultipartUpload: { DaysAfterInitiation: noncurrentVersionDays },
				},
			],
		}),
		read: async (s3, where) => {
			const { Rules } = await s3.send(new GetBucketLifecycleConfigurationCommand(where));
			return { Rules };
		},
		put: (s3, where, LifecycleConfiguration) => s3.send(new PutBucketLifecycleConfigurationCommand({ ...where, LifecycleConfiguration })),
	}),
	setting<string>({
		name: 'TLS-only policy',
		actions: { read: 's3:GetBucketPolicy', put: 's3:PutBucketPolicy' },
		absent: 'NoSuchBucketPolicy',
		wanted: ({ aws }, { bucket }) => tlsOnly(`arn:${aws.partition}:s3:::${bucket}`),
		read: async (s3, where) => (await s3.send(new GetBucketPolicyCommand(where))).Policy,
		put: (s3, where, Policy) => s3.send(new PutBucketPolicyCommand({ ...where, Policy })),
		same: (found, wanted) => samePolicy(JSON.parse(found), JSON.parse(wanted)),
	}),
	setting<Tag[]>({
		name: 'tags',
		actions: { read: 's3:GetBucketTagging', put: 's3:PutBucketTagging' },
		absent: 'NoSuchTagSet',
		wanted: ({ tags }) => tagList(tags),
		read: async (s3, where) => (await s3.send(new GetBucketTaggingCommand(where))).TagSet,
		put: (s3, where, TagSet) => s3.send(new PutBucketTaggingCommand({ ...where, Tagging: { TagSet } })),
		same: (found, wanted) => wanted.every(({ Key, Value }) => found.some((tag) => tag.Key === Key && tag.Value === Value)),
		merge: (found, wanted) => [...found.filter(({ Key }) => !wanted.some((tag) => tag.Key === Key) && !Key?.startsWith('aws:')), ...wanted],
	}),
];

function setting<T>({ name, actions, absent, wanted, read, put, same = contains, merge }: Definition<T>): Setting {
	const found = ({ aws }: Context<Aws>, bucket: string): Promise<T | undefined> => ignoring(absent === undefined ? [] : [absent], read(aws.client(S3Client), inBucket(aws, bucket)));
	return {
		name,
		actions,
		async isRight(ctx, props) {
			const value = await found(ctx, props.bucket);
			return value !== undefined && same(value, wanted(ctx, props));
		},
		async put(ctx, props) {
			const value = merge && (await found(ctx, props.bucket));
			const want = wanted(ctx, props);
			return put(ctx.aws.client(S3Client), inBucket(ctx.aws, props.bucket), merge && value !== undefined ? merge(value, want) : want);
		},
	};
}

/** Whether `found` says all that `wanted` says; S3 adds members of its own. */
function contains(found: unknown, wanted: unknown): boolean {
	if (typeof wanted !== 'object' || wanted === null) return found === wanted;
	if (typeof found !== 'object' || found === null) return false;
	if (Array.isArray(wanted) && (!Array.isArray(found) || found.length !== wanted.length)) return false;
	return Object.entries(wanted).every(([name, value]) => contains((found as Record<string, unknown>)[name], value));
}

function tlsOnly(arn: string): string {
	return JSON.stringify({
		Version: '2012-10-17',
		Statement: [{ Sid: 'TlsOnly', Effect: 'Deny', Principal: '*', Action: 's3:*', Resource: [arn, `${arn}/*`], Condition: { Bool: { 'aws:SecureTransport': 'false' } } }],
	});
}
