import { DeleteBucketPolicyCommand, GetBucketPolicyCommand, S3Client } from '@aws-sdk/client-s3';
import type { Aws } from '../aws/clients.ts';
import { type Context, defineResource } from '../engine/resource.ts';
import { retrying } from './retrying.ts';
import { bucketArn, inBucket } from './s3.ts';
import { type SettingProps, settings } from './s3-settings.ts';
import { ignoring } from './support.ts';

/** `missing`: names of settings that are not as wanted. */
type Outputs = { bucket: string; missing: string[] };

/** All settings of a bucket as one object: AWS answers 409 when two are put at the same time. */
export const BucketSettings = defineResource<Aws, SettingProps, Outputs>({
	type: 'AWS::S3::BucketSettings',
	immutable: ['bucket'],
	permissions: [
		{ actions: settings.map(({ actions }) => actions.read), on: [bucketArn] },
		{ actions: settings.map(({ actions }) => actions.put), on: [bucketArn], for: 'up' },
		{ actions: ['s3:DeleteBucketPolicy'], on: [bucketArn] },
	],

	id: ({ bucket }) => bucket,

	/** Exists once the policy is there: all but it and the tags have defaults that count as put. */
	async find(ctx, props) {
		if (!(await hasPolicy(ctx, props.bucket))) return undefined;
		const right = await Promise.all(settings.map((setting) => setting.isRight(ctx, props)));
		return { bucket: props.bucket, missing: settings.filter((_setting, index) => !right[index]).map(({ name }) => name) };
	},

	create: (ctx, props) => put(ctx, props, settings.map(({ name }) => name)),
	matches: (_props, { missing }) => missing.length === 0,
	update: (ctx, props, { missing }) => put(ctx, props, missing),

	/** The tags stay: they say to whom the bucket belongs until it is gone. */
	async remove({ aws }, { bucket }) {
		await ignoring(['NoSuchBucket'], aws.client(S3Client).send(new DeleteBucketPolicyCommand(inBucket(aws, bucket))));
	},

	exists: (ctx, { bucket }) => hasPolicy(ctx, bucket),
});

const busy = { passing: /^(OperationAborted|NoSuchBucket)/, why: 'waiting until S3 is done with the last change of this bucket' };

async function put(ctx: Context<Aws>, props: SettingProps, names: readonly string[]): Promise<Outputs> {
	for (const setting of settings.filter(({ name }) => names.includes(name))) {
		ctx.note(setting.name);
		await retrying(ctx, () => setting.put(ctx, props), busy);
	}
	return { bucket: props.bucket, missing: [] };
}

async function hasPolicy({ aws }: Context<Aws>, bucket: string): Promise<boolean> {
	return (await ignoring(['NoSuchBucketPolicy', 'NoSuchBucket'], aws.client(S3Client).send(new GetBucketPolicyCommand(inBucket(aws, bucket))))) !== undefined;
}
