import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ImagePullError } from '../ecs/runtime.ts';
import { install, type Installer } from './installer.ts';
import { madeOnce } from './made-once.ts';

/** A call of an AWS service at this endpoint; `target` is the path with its query. Answers of 400 and above are returned too. */
export type AwsRequest = (
	service: 'ecr' | 's3',
	region: string,
	request: { readonly method: 'GET' | 'POST'; readonly target: string; readonly headers: Readonly<Record<string, string>>; readonly body?: string },
) => Promise<{ readonly status: number; readonly body: Buffer }>;

/** The annotation of an image manifest that names the build context in S3, where there is no registry to hold layers. */
const contextAnnotation = 'airflow-deploy:context';

/** `<account>.dkr.ecr.<region>.<suffix>/<repository>` with a tag or a digest. */
const reference = /^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.[a-z.]+\/([^:@]+)(?::([^@]+))?(?:@(sha256:[0-9a-f]{64}))?$/;

export interface EcrImage {
	readonly digest: string;
	/** The unpacked build context, in the cache. */
	readonly context: string;
}

export const isEcrImage = (image: string): boolean => reference.test(image);

/**
 * Resolves an image of an ECR repository to its build context: BatchGetImage, the manifest's annotation, GetObject.
 * @throws ImagePullError as the container agent words it, where an image, annotation or object is missing
 */
export async function ecrImage(image: string, request: AwsRequest, on: Installer): Promise<EcrImage> {
	const [, account, region = '', repositoryName, tag = 'latest', digest] = reference.exec(image) ?? [];
	const imageIds = [digest === undefined ? { imageTag: tag } : { imageDigest: digest }];
	const asked = { registryId: account, repositoryName, imageIds };
	const answer = await request('ecr', region, {
		method: 'POST',
		target: '/',
		headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'AmazonEC2ContainerRegistry_V20150921.BatchGetImage' },
		body: JSON.stringify(asked),
	});
	const found = answer.status < 400 ? (JSON.parse(answer.body.toString()) as Found).images?.[0] : undefined;
	if (found === undefined) {
		throw new ImagePullError(`pull image manifest has been retried 1 time(s): failed to resolve ref ${image}: ${image}: not found`);
	}
	const object = annotation(found.imageManifest);
	if (object === undefined) {
		throw new ImagePullError(`${image}: the process runtime has no layers, and this manifest names no build context (${contextAnnotation})`);
	}
	return { digest: found.imageId.imageDigest, context: await unpacked(object, region, request, on) };
}

interface Found {
	readonly images?: readonly { readonly imageId: { readonly imageDigest: string }; readonly imageManifest: string }[];
}

function annotation(manifest: string): string | undefined {
	return (JSON.parse(manifest) as { annotations?: Record<string, string> }).annotations?.[contextAnnotation];
}

/** Into `images/` of the cache; named by the archive's content, so that it never changes. */
async function unpacked(url: string, region: string, request: AwsRequest, on: Installer): Promise<string> {
	const target = url.replace(/^s3:\//, '');
	const { status, body } = await request('s3', region, { method: 'GET', target: encodeURI(target), headers: {} });
	if (status !== 200) {
		throw new ImagePullError(`the build context ${url} cannot be read: S3 answered ${status}`);
	}
	const hash = createHash('sha256').update(body).digest('hex').slice(0, 16);
	return madeOnce(join(on.cache, 'images', hash), async (temporary) => {
		const archive = join(temporary, '.context.tar.gz');
		await writeFile(archive, body);
		await install(on, `Unpacking ${url}`, 'tar', ['-xzf', archive, '-C', temporary, '--no-same-owner']);
		await rm(archive);
	}, existsSync);
}
