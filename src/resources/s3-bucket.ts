import {
	AbortMultipartUploadCommand,
	BucketAlreadyExists,
	type BucketLocationConstraint,
	CreateBucketCommand,
	DeleteBucketCommand,
	GetBucketTaggingCommand,
	HeadBucketCommand,
	ListMultipartUploadsCommand,
	ListObjectsV2Command,
	S3Client,
} from '@aws-sdk/client-s3';
import type { Aws } from '../aws/clients.ts';
import { type Context, defineResource } from '../engine/resource.ts';
import { UserError } from '../errors.ts';
import { nonceIn, nonceOf, notOurs } from './ownership.ts';
import { retrying } from './retrying.ts';
import { bucketArn, inBucket, statusOf } from './s3.ts';
import { listAnchors, readAnchor } from './s3-anchor.ts';
import { emptyPrefix } from './s3-empty.ts';
import { foreign, ignoring, required, tagList, until } from './support.ts';

type Props = { name: string };
type Outputs = { name: string; arn: string };

/**
 * The project's bucket, the very first object. Its identity is its name and its account; whose it is among the
 * installations of one account is decided by `anchors/shared.json`, written next.
 */
export const Bucket = defineResource<Aws, Props, Outputs>({
	type: 'AWS::S3::Bucket',
	immutable: ['name'],
	permissions: [
		{ actions: ['s3:ListBucket', 's3:GetBucketTagging'], on: [bucketArn] },
		{ actions: ['s3:GetObject'], on: [`${bucketArn}/anchors/*`] },
		{ actions: ['s3:CreateBucket', 's3:TagResource', 's3:PutBucketTagging'], on: [bucketArn], for: 'up' },
		{ actions: ['s3:ListBucketVersions', 's3:ListBucketMultipartUploads', 's3:DeleteBucket'], on: [bucketArn], for: 'teardown' },
		{ actions: ['s3:DeleteObject', 's3:DeleteObjectVersion', 's3:AbortMultipartUpload'], on: [`${bucketArn}/*`], for: 'teardown' },
	],

	id: ({ name }) => name,
	arn: ({ arn }) => arn,

	async find(ctx, { name }, recorded) {
		if (!(await isThere(ctx, name))) return undefined;
		if (!recorded && !(await isOfThisTool(ctx, name))) throw foreign('bucket', name);
		return outputsOf(ctx, name);
	},

	async create(ctx, { name }) {
		const { region } = ctx.aws;
		// us-east-1 is the default and refused as a constraint.
		const where = region === 'us-east-1' ? {} : { LocationConstraint: region as BucketLocationConstraint };
		const command = new CreateBucketCommand({ Bucket: name, CreateBucketConfiguration: { ...where, Tags: tagList(ctx.tags) } });
		const busy = { passing: /^OperationAborted/, why: 'waiting until S3 gives the name of the deleted bucket free', atMost: 900 };
		try {
			await retrying(ctx, () => ignoring(['BucketAlreadyOwnedByYou'], ctx.aws.client(S3Client).send(command)), busy);
		} catch (error) {
			throw error instanceof BucketAlreadyExists ? taken(name, error) : error;
		}
		return outputsOf(ctx, name);
	},

	async wait(ctx, outputs) {
		await until(ctx, () => isThere(ctx, outputs.name), 'bucket to become visible');
		return outputs;
	},

	/** @throws UserError `ForeignObject`, `BucketInUse`: then nothing was deleted */
	async remove(ctx, { name }) {
		if (!(await isThere(ctx, name))) return;
		await assertRemovable(ctx, name);
		await abortUploads(ctx, name);
		// Who still writes (a log shipper, a running upload) may fill it again between the two calls.
		await until(
			ctx,
			async () => {
				await emptyPrefix(ctx, name, '');
				return (await ignoring(['BucketNotEmpty'], deleteBucket(ctx, name))) === true || 'somebody still writes to the bucket';
			},
			`bucket ${name} to be empty`,
			{ atMost: 300 },
		);
		await until(ctx, async () => !(await isThere(ctx, name)), `bucket ${name} to be gone`);
	},

	exists: (ctx, { name }) => isThere(ctx, name),
});

function outputsOf({ aws }: Context<Aws>, name: string): Outputs {
	return { name, arn: `arn:${aws.partition}:s3:::${name}` };
}

function taken(name: string, cause: unknown): UserError {
	return new UserError('ForeignObject', `bucket ${name} cannot be used: the name belongs to another AWS account, or s3:ListBucket on it is denied`, {
		hint: 'choose another AIRFLOW_DEPLOY_PROJECT',
		cause,
	});
}

async function isThere({ aws }: Context<Aws>, name: string): Promise<boolean> {
	try {
		await aws.client(S3Client).send(new HeadBucketCommand(inBucket(aws, name)));
		return true;
	} catch (error) {
		if (statusOf(error) === 404) return false;
		throw statusOf(error) === 403 ? taken(name, error) : error;
	}
}

/** Made by some installation of this tool, or so new that nothing tells: a bucket of the account with other things in it is not. */
async function isOfThisTool(ctx: Context<Aws>, name: string): Promise<boolean> {
	if ((await nonceOfBucket(ctx, name)) !== undefined) return true;
	return (await readAnchor(ctx.aws, name, 'shared')) !== undefined || (await keysIn(ctx, name)).length === 0;
}

async function nonceOfBucket({ aws }: Context<Aws>, name: string): Promise<string | undefined> {
	return nonceIn((await ignoring(['NoSuchTagSet'], aws.client(S3Client).send(new GetBucketTaggingCommand(inBucket(aws, name)))))?.TagSet);
}

async function keysIn({ aws }: Context<Aws>, name: string): Promise<string[]> {
	const { Contents } = await aws.client(S3Client).send(new ListObjectsV2Command({ ...inBucket(aws, name), MaxKeys: 100 }));
	return (Contents ?? []).map(({ Key }) => required(Key));
}

/** The shared anchor decides, then the tags; without both, only an empty bucket is removed. */
async function assertRemovable(ctx: Context<Aws>, name: string): Promise<void> {
	const nonce = (await readAnchor(ctx.aws, name, 'shared'))?.nonce ?? (await nonceOfBucket(ctx, name));
	if (nonce === undefined && (await keysIn(ctx, name)).length > 0) throw notOurs(`bucket ${name}`, 'it holds objects, but neither an anchor nor our tags');
	if (nonce !== undefined && nonce !== nonceOf(ctx)) throw notOurs(`bucket ${name}`, 'its anchor or nonce tag is that of another installation');
	const environments = (await listAnchors(ctx.aws, name)).filter((scope) => scope !== 'shared');
	if (environments.length > 0) {
		throw new UserError('BucketInUse', `bucket ${name} was left alone: it still serves ${environments.join(', ')}`, { hint: `airflow-deploy teardown --env ${environments[0]}` });
	}
}

async function abortUploads({ aws }: Context<Aws>, name: string): Promise<void> {
	let more = true;
	while (more) {
		const { Uploads, IsTruncated } = await aws.client(S3Client).send(new ListMultipartUploadsCommand(inBucket(aws, name)));
		for (const { Key, UploadId } of Uploads ?? []) {
			await ignoring(['NoSuchUpload'], aws.client(S3Client).send(new AbortMultipartUploadCommand({ ...inBucket(aws, name), Key, UploadId })));
		}
		more = IsTruncated === true;
	}
}

async function deleteBucket({ aws }: Context<Aws>, name: string): Promise<true> {
	await ignoring(['NoSuchBucket'], aws.client(S3Client).send(new DeleteBucketCommand(inBucket(aws, name))));
	return true;
}
