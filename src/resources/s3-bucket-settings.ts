import { DeleteBucketPolicyCommand, GetBucketPolicyCommand, GetBucketTaggingCommand, PutBucketTaggingCommand, S3Client } from '@aws-sdk/client-s3';
import type { Aws } from '../aws/clients.ts';
import { type Context, defineResource } from '../engine/resource.ts';
import { retrying } from './retrying.ts';
import { bucketArn, inBucket } from './s3.ts';
import { type Setting, type SettingProps, settings } from './s3-settings.ts';
import { ignoring, tagList } from './support.ts';

/** `missing`: names of settings that are not as the props say that the outputs repeat. */
type Outputs = SettingProps & { missing: string[] };

/** All settings of a bucket as one object: AWS answers 409 when two are put at the same time. */
export const BucketSettings = defineResource<Aws, SettingProps, Outputs>({
	type: 'AWS::S3::BucketSettings',
	standsOn: ['AWS::S3::Bucket'],
	immutable: ['bucket'],
	permissions: [
		{ actions: settings.map(({ actions }) => actions.read), on: [bucketArn] },
		{ actions: settings.map(({ actions }) => actions.put), on: [bucketArn], for: 'up' },
		{ actions: ['s3:DeleteBucketPolicy'], on: [bucketArn] },
	],

	id: ({ bucket }) => bucket,

	/** Exists once the policy is there: it is the last but the tags, and has no default. */
	async find(ctx, props) {
		if (!(await hasPolicy(ctx, props.bucket))) return undefined;
		return { ...props, missing: (await wrong(ctx, props)).map(({ name }) => name) };
	},

	create: (ctx, props) => put(ctx, props, settings),
	matches: ({ noncurrentVersionDays }, outputs) => outputs.missing.length === 0 && outputs.noncurrentVersionDays === noncurrentVersionDays,
	update: async (ctx, props) => put(ctx, props, await wrong(ctx, props)),

	/** All tags of a bucket are put together: those of others stay. */
	async tag(ctx, { bucket }, { set, gone }) {
		const where = inBucket(ctx.aws, bucket);
		const s3 = ctx.aws.client(S3Client);
		const found = await ignoring(['NoSuchTagSet'], s3.send(new GetBucketTaggingCommand(where)));
		const others = (found?.TagSet ?? []).filter(({ Key = '' }) => !gone.includes(Key) && !Object.hasOwn(set, Key) && !Key.startsWith('aws:'));
		await retrying(ctx, () => s3.send(new PutBucketTaggingCommand({ ...where, Tagging: { TagSet: [...others, ...tagList(set)] } })), busy);
	},

	/** The tags stay: they say to whom the bucket belongs until it is gone. */
	async remove({ aws }, { bucket }) {
		await ignoring(['NoSuchBucket'], aws.client(S3Client).send(new DeleteBucketPolicyCommand(inBucket(aws, bucket))));
	},

	exists: (ctx, { bucket }) => hasPolicy(ctx, bucket),
});

const busy = { passing: /^(OperationAborted|NoSuchBucket)/, why: 'waiting until S3 is done with the last change of this bucket' };

async function wrong(ctx: Context<Aws>, props: SettingProps): Promise<Setting[]> {
	const right = await Promise.all(settings.map((setting) => setting.isRight(ctx, props)));
	return settings.filter((_setting, index) => !right[index]);
}

async function put(ctx: Context<Aws>, props: SettingProps, chosen: readonly Setting[]): Promise<Outputs> {
	for (const setting of chosen) {
		ctx.note(setting.name);
		await retrying(ctx, () => setting.put(ctx, props), busy);
	}
	return { ...props, missing: [] };
}

async function hasPolicy({ aws }: Context<Aws>, bucket: string): Promise<boolean> {
	return (await ignoring(['NoSuchBucketPolicy', 'NoSuchBucket'], aws.client(S3Client).send(new GetBucketPolicyCommand(inBucket(aws, bucket))))) !== undefined;
}
