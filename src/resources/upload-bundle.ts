import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DeleteObjectsCommand, GetObjectCommand, PutObjectCommand, paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3';
import pLimit from 'p-limit';
import type { Aws } from '../aws/clients.ts';
import { type Context, defineAction } from '../engine/resource.ts';
import { type Bundle, readBundle } from './bundle-files.ts';
import { emptyPrefix } from './s3-empty.ts';
import { ignoring } from './support.ts';

type Props = {
	bucket: string;
	environment: string;
	/** The local folder that holds `dags/`. */
	source: string;
	/** Hash of the bundle: another one repeats the upload. */
	bundle: string;
};
type Outputs = { bucket: string; environment: string; bundle: string; restart: string; files: number; sent: number; deleted: number };

const filesPrefix = (environment: string): string => `${environment}/files/`;
const manifestKey = (environment: string): string => `${environment}/manifest.json`;

/** Changed files to S3 by content, then the manifest that names them: running containers follow the manifest. */
export const UploadBundle = defineAction<Aws, Props, Outputs>({
	type: 'AirflowDeploy::UploadBundle',
	permissions: [
		{ actions: ['s3:ListBucket', 's3:ListBucketVersions'], on: ['arn:{partition}:s3:::{project}-{account}-{region}'] },
		{ actions: ['s3:GetObject', 's3:PutObject'], on: ['arn:{partition}:s3:::{project}-{account}-{region}/*'], for: 'up' },
		{ actions: ['s3:DeleteObject', 's3:DeleteObjectVersion'], on: ['arn:{partition}:s3:::{project}-{account}-{region}/*'] },
	],

	async current(ctx, { bucket, environment, bundle }) {
		return (await readManifest(ctx, bucket, environment))?.bundle === bundle;
	},

	async run(ctx, { bucket, environment, source }, previous) {
		const bundle = await readBundle(source);
		// What an interrupted first run has sent is sent once more.
		const there = previous ? await listing(ctx, bucket, environment) : new Map<string, string>();
		const changed = [...bundle.files].filter(([path, { md5 }]) => there.get(path) !== md5).map(([path]) => path);
		const gone = [...there.keys()].filter((path) => !bundle.files.has(path));
		await send(ctx, { bucket, environment, source }, bundle, changed);
		await discard(ctx, bucket, gone.map((path) => filesPrefix(environment) + path));
		await writeManifest(ctx, bucket, environment, bundle);
		return { bucket, environment, bundle: bundle.hash, restart: bundle.restart, files: bundle.files.size, sent: changed.length, deleted: gone.length };
	},

	async remove(ctx, { bucket, environment }) {
		await emptyPrefix(ctx, bucket, `${environment}/`);
		await emptyPrefix(ctx, bucket, `status/${environment}.json`);
	},
});

export interface Manifest {
	format: 1;
	bundle: string;
	restart: string;
	files: Record<string, { sha256: string; size: number }>;
}

/** The manifest of the bundle that was uploaded last, or undefined where there is none (or no bucket). */
export async function readManifest(ctx: Pick<Context<Aws>, 'aws'>, bucket: string, environment: string): Promise<Manifest | undefined> {
	const get = new GetObjectCommand({ Bucket: bucket, Key: manifestKey(environment), ExpectedBucketOwner: ctx.aws.account });
	const answer = await ignoring(['NoSuchKey', 'NoSuchBucket'], ctx.aws.client(S3Client).send(get));
	const text = await answer?.Body?.transformToString();
	return text === undefined ? undefined : (JSON.parse(text) as Manifest);
}

/** Paths and ETags (MD5) of the files that are in the bucket. */
async function listing(ctx: Context<Aws>, bucket: string, environment: string): Promise<Map<string, string>> {
	const prefix = filesPrefix(environment);
	const found = new Map<string, string>();
	const pages = paginateListObjectsV2({ client: ctx.aws.client(S3Client) }, { Bucket: bucket, Prefix: prefix, ExpectedBucketOwner: ctx.aws.account });
	for await (const page of pages) {
		for (const { Key = '', ETag = '' } of page.Contents ?? []) found.set(Key.slice(prefix.length), ETag.replaceAll('"', ''));
	}
	return found;
}

async function send(ctx: Context<Aws>, { bucket, environment, source }: Omit<Props, 'bundle'>, bundle: Bundle, paths: readonly string[]): Promise<void> {
	const limit = pLimit(16);
	let sent = 0;
	const put = async (path: string): Promise<void> => {
		await ctx.aws.client(S3Client).send(
			new PutObjectCommand({
				Bucket: bucket,
				Key: filesPrefix(environment) + path,
				Body: await readFile(join(source, path)),
				Metadata: { sha256: bundle.files.get(path)?.sha256 ?? '' },
				ExpectedBucketOwner: ctx.aws.account,
			}),
		);
		ctx.note(`${(sent += 1)} of ${paths.length} changed files sent`);
	};
	await Promise.all(paths.map((path) => limit(put, path)));
}

async function discard(ctx: Context<Aws>, bucket: string, keys: readonly string[]): Promise<void> {
	for (let at = 0; at < keys.length; at += 1000) {
		const Objects = keys.slice(at, at + 1000).map((Key) => ({ Key }));
		await ctx.aws.client(S3Client).send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true }, ExpectedBucketOwner: ctx.aws.account }));
	}
}

async function writeManifest(ctx: Context<Aws>, bucket: string, environment: string, bundle: Bundle): Promise<void> {
	const files = Object.fromEntries([...bundle.files].map(([path, { sha256, size }]) => [path, { sha256, size }]));
	const manifest: Manifest = { format: 1, bundle: bundle.hash, restart: bundle.restart, files };
	await ctx.aws.client(S3Client).send(
		new PutObjectCommand({
			Bucket: bucket,
			Key: manifestKey(environment),
			Body: JSON.stringify(manifest),
			ContentType: 'application/json',
			ExpectedBucketOwner: ctx.aws.account,
		}),
	);
}
