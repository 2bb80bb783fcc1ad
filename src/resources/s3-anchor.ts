import { hostname, userInfo } from 'node:os';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { Aws } from '../aws/clients.ts';
import { type Context, defineResource, type JsonObject } from '../engine/resource.ts';
import { UserError } from '../errors.ts';
import { canonical } from './canonical.ts';
import { nonceOf } from './ownership.ts';
import { retrying } from './retrying.ts';
import { bucketArn, inBucket } from './s3.ts';
import { emptyPrefix } from './s3-empty.ts';
import { ignoring, required } from './support.ts';

type Props = { bucket: string; options: JsonObject };
type Outputs = { bucket: string; key: string; nonce: string; createdAt: string; options: JsonObject };

/** What `anchors/<environment>.json` holds. `options` are the environment's options that are no secrets. */
export interface AnchorDocument {
	readonly format: 1;
	readonly project: string;
	readonly environment: string;
	readonly nonce: string;
	/** ISO 8601. */
	readonly createdAt: string;
	/** `user@host`, for people. */
	readonly createdBy: string;
	readonly options: JsonObject;
}

/** 409 and 412 of a conditional write: somebody else writes it too. NoSuchBucket: the bucket was made a moment ago. */
const conflict = { passing: /^(ConditionalRequestConflict|PreconditionFailed|NoSuchBucket)/, why: 'another write of the anchor is under way', atMost: 45 };

/**
 * The object that says to whom an environment (or what is shared) belongs: written on condition that there is none, so
 * one creator wins, and a lost state can be rebuilt from it.
 */
export const Anchor = defineResource<Aws, Props, Outputs>({
	type: 'AirflowDeploy::Anchor',
	standsOn: ['AWS::S3::Bucket'],
	immutable: ['bucket'],
	replacement: 'delete-first',
	opensScope: true,
	permissions: [
		{ actions: ['s3:GetObject', 's3:GetObjectVersion'], on: [`${bucketArn}/anchors/*`] },
		{ actions: ['s3:ListBucket', 's3:ListBucketVersions'], on: [bucketArn] },
		// The lease lies beside the anchor.
		{ actions: ['s3:PutObject'], on: [`${bucketArn}/anchors/*`] },
		{ actions: ['s3:DeleteObject', 's3:DeleteObjectVersion'], on: [`${bucketArn}/anchors/*`] },
	],

	id: ({ bucket, key }) => `${bucket}/${key}`,

	async find(ctx, { bucket }) {
		const found = await read(ctx.aws, bucket, ctx.scope);
		return found && ours(ctx, bucket, found.document);
	},

	async create(ctx, { bucket, options }) {
		const document = newDocument(ctx, options);
		const written = await retrying(ctx, () => ignoring(['PreconditionFailed'], put(ctx.aws, bucket, document, { IfNoneMatch: '*' })), conflict);
		return ours(ctx, bucket, written ? document : required(await read(ctx.aws, bucket, ctx.scope)).document);
	},

	matches: (props, { options }) => canonical(props.options) === canonical(options),

	async update(ctx, { bucket, options }) {
		const change = async (): Promise<Outputs> => {
			const { document, etag } = required(await read(ctx.aws, bucket, ctx.scope));
			const outputs = ours(ctx, bucket, document);
			await put(ctx.aws, bucket, { ...document, options }, { IfMatch: etag });
			return { ...outputs, options };
		};
		return retrying(ctx, change, conflict);
	},

	async remove(ctx, { bucket, key }) {
		const found = await ignoring(['NoSuchBucket'], read(ctx.aws, bucket, ctx.scope));
		if (!found) return;
		if (found.document.nonce !== nonceOf(ctx)) return ctx.note(`s3://${bucket}/${key} belongs to another environment by now: left alone`);
		await emptyPrefix(ctx, bucket, key);
	},

	exists: async (ctx, { bucket, nonce }) => (await ignoring(['NoSuchBucket'], read(ctx.aws, bucket, ctx.scope)))?.document.nonce === nonce,
});

/**
 * The anchor of an environment or of `shared`, undefined where there is none (or no bucket).
 * @throws what S3 answers, e.g. AccessDenied where the bucket is not this account's
 */
export async function readAnchor(aws: Aws, bucket: string, environment: string): Promise<AnchorDocument | undefined> {
	return (await read(aws, bucket, environment))?.document;
}

/** The environments that have an anchor, and `shared`; none where there is no bucket. */
export async function listAnchors(aws: Aws, bucket: string): Promise<string[]> {
	const list = new ListObjectsV2Command({ ...inBucket(aws, bucket), Prefix: prefix });
	const answer = await ignoring(['NoSuchBucket'], aws.client(S3Client).send(list));
	const names = answer?.Contents?.map(({ Key = '' }) => Key.slice(prefix.length)) ?? [];
	return names.filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -'.json'.length));
}

const prefix = 'anchors/';

function anchorKey(environment: string): string {
	return `${prefix}${environment}.json`;
}

async function read(aws: Aws, bucket: string, environment: string): Promise<{ document: AnchorDocument; etag: string } | undefined> {
	const command = new GetObjectCommand({ ...inBucket(aws, bucket), Key: anchorKey(environment) });
	const answer = await ignoring(['NoSuchKey', 'NoSuchBucket'], aws.client(S3Client).send(command));
	if (!answer) return undefined;
	return { document: JSON.parse(await required(answer.Body).transformToString()) as AnchorDocument, etag: required(answer.ETag) };
}

function put(aws: Aws, bucket: string, document: AnchorDocument, condition: { IfNoneMatch: string } | { IfMatch: string }): Promise<object> {
	const body = `${JSON.stringify(document, null, '\t')}\n`;
	return aws.client(S3Client).send(new PutObjectCommand({ ...inBucket(aws, bucket), Key: anchorKey(document.environment), Body: body, ContentType: 'application/json', ...condition }));
}

function newDocument(ctx: Context, options: JsonObject): AnchorDocument {
	return {
		format: 1,
		project: required(ctx.identity['airflow-deploy:project']),
		environment: ctx.scope,
		nonce: nonceOf(ctx),
		createdAt: new Date().toISOString(),
		createdBy: `${userInfo().username}@${hostname()}`,
		options,
	};
}

function ours(ctx: Context, bucket: string, { nonce, createdAt, createdBy, options }: AnchorDocument): Outputs {
	if (nonce === nonceOf(ctx)) return { bucket, key: anchorKey(ctx.scope), nonce, createdAt, options };
	throw new UserError('AnchorExists', `${ctx.scope} exists already: it was made by ${createdBy} at ${createdAt}, and this working directory has no state of it`, {
		hint: `airflow-deploy state recover`,
	});
}
