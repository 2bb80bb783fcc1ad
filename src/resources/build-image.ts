import { DescribeImagesCommand, ECRClient, GetAuthorizationTokenCommand, PutImageCommand } from '@aws-sdk/client-ecr';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { Aws } from '../aws/clients.ts';
import { isLoopback } from '../aws/loopback.ts';
import { type Context, defineAction } from '../engine/resource.ts';
import { imageArchive } from './image-context.ts';
import { ignoring, required, until } from './support.ts';

type Props = {
	repositoryName: string;
	/** Without a tag: `<account>.dkr.ecr.<region>.<suffix>/<name>`. */
	repositoryUri: string;
	bucket: string;
	/** The local folder with the Dockerfile. */
	folder: string;
	/** Of `imageContext`; the image's tag. */
	hash: string;
	architecture: 'X86_64' | 'ARM64';
	/** Other than the Dockerfile's own, or null. */
	baseImage: string | null;
};
type Outputs = { image: string; tag: string };

const repositories = ['arn:{partition}:ecr:{region}:{account}:repository/{project}-*'];

/** The image in ECR under the hash of what it is built from, referred to by its digest. */
export const BuildImage = defineAction<Aws, Props, Outputs>({
	type: 'AirflowDeploy::BuildImage',
	permissions: [
		{ actions: ['ecr:GetAuthorizationToken'], on: ['*'], for: 'up' },
		{
			actions: ['ecr:DescribeImages', 'ecr:BatchCheckLayerAvailability', 'ecr:InitiateLayerUpload', 'ecr:UploadLayerPart', 'ecr:CompleteLayerUpload', 'ecr:PutImage', 'ecr:BatchGetImage'],
			on: repositories,
			for: 'up',
		},
		{ actions: ['s3:PutObject'], on: ['arn:{partition}:s3:::{project}-{account}-{region}/images/*'], for: 'up' },
	],

	async find(ctx, { repositoryName, repositoryUri, hash }) {
		const digest = await imageDigest(ctx.aws, repositoryName, hash);
		return digest === undefined ? undefined : { image: `${repositoryUri}@${digest}`, tag: hash };
	},

	async current(ctx, { repositoryName, repositoryUri, hash }, { image }) {
		const digest = await imageDigest(ctx.aws, repositoryName, hash);
		return digest !== undefined && image === `${repositoryUri}@${digest}`;
	},

	async run(ctx, props) {
		const { repositoryName, repositoryUri, hash } = props;
		const there = seenDigest(ctx, repositoryName, hash) ?? (await imageDigest(ctx.aws, repositoryName, hash));
		const digest = there ?? (await make(ctx, props)) ?? (await shownDigest(ctx, repositoryName, hash));
		return { image: `${repositoryUri}@${digest}`, tag: hash };
	},
});

/** What was there before the first create is not looked for again by the same run. */
const seen = new WeakMap<Aws, { repositoryName: string; hash: string; digest: string }>();

function seenDigest({ aws }: Context<Aws>, repositoryName: string, hash: string): string | undefined {
	const image = seen.get(aws);
	return image?.repositoryName === repositoryName && image.hash === hash ? image.digest : undefined;
}

/**
 * Before the first create: whether the image exists, needs no engine, or can be built here.
 * @throws UserError `NoDockerEngine`
 */
export async function imageCanBeBuilt(aws: Aws, { repositoryName, hash }: { repositoryName: string; hash: string }): Promise<void> {
	const digest = await imageDigest(aws, repositoryName, hash);
	if (digest !== undefined) return void seen.set(aws, { repositoryName, hash, digest });
	const { registry } = await authorization(aws);
	if (await hasRegistry(registry)) await (await docker()).dockerHost();
}

/** Undefined where the repository or the tag does not exist. */
async function imageDigest(aws: Aws, repositoryName: string, imageTag: string): Promise<string | undefined> {
	const ask = new DescribeImagesCommand({ repositoryName, imageIds: [{ imageTag }] });
	const answer = await ignoring(['ImageNotFoundException', 'RepositoryNotFoundException'], aws.client(ECRClient).send(ask));
	return answer?.imageDetails?.[0]?.imageDigest;
}

/** The digest of an image that was pushed a moment ago: reads may lag. */
async function shownDigest(ctx: Context<Aws>, repositoryName: string, tag: string): Promise<string> {
	let digest: string | undefined;
	await until(ctx, async () => (digest = await imageDigest(ctx.aws, repositoryName, tag)) !== undefined, 'ECR to show the image', { atMost: 60 });
	return required(digest);
}

/** @returns the digest, where what made it knows it */
async function make(ctx: Context<Aws>, props: Props): Promise<string | undefined> {
	const login = await authorization(ctx.aws);
	if (!(await hasRegistry(login.registry))) return putContext(ctx, props);
	await buildAndPush(ctx, props, login);
	return undefined;
}

interface Login {
	readonly registry: string;
	readonly user: string;
	readonly password: string;
}

async function authorization(aws: Aws): Promise<Login> {
	const { authorizationData } = await aws.client(ECRClient).send(new GetAuthorizationTokenCommand({}));
	const { proxyEndpoint, authorizationToken } = required(authorizationData?.[0]);
	const [user = '', password = ''] = Buffer.from(required(authorizationToken), 'base64').toString().split(':');
	return { registry: required(proxyEndpoint), user, password };
}

/** ECR always has one; an endpoint on this machine says by its own address whether there is a registry behind it. */
async function hasRegistry(registry: string): Promise<boolean> {
	if (!isLoopback(registry)) return true;
	try {
		const { status } = await fetch(new URL('/v2/', registry), { signal: AbortSignal.timeout(5000) });
		return status === 200 || status === 401;
	} catch {
		return false;
	}
}

/** What runs programs is loaded when one is run: it would cost each command some milliseconds. */
function docker(): Promise<typeof import('./docker.ts')> {
	return import('./docker.ts');
}

/** Named after where the token logs in: that of AWS is the repository's own host, that of an endpoint on this machine is its address. */
async function buildAndPush(ctx: Context<Aws>, { repositoryName, hash, folder, architecture, baseImage }: Props, login: Login): Promise<void> {
	const { dockerBuild, dockerHost, dockerPush } = await docker();
	const host = await dockerHost();
	const tag = `${new URL(login.registry).host}/${repositoryName}:${hash}`;
	const platform = architecture === 'ARM64' ? 'linux/arm64' : 'linux/amd64';
	await dockerBuild({ tag, platform, baseImage, context: await imageArchive(folder) }, (line) => ctx.note(line));
	await dockerPush(tag, { ...login, host }, (line) => ctx.note(line));
}

/** The well-known descriptor of `{}`: https://github.com/opencontainers/image-spec/blob/main/manifest.md */
const empty = { mediaType: 'application/vnd.oci.empty.v1+json', size: 2, digest: 'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a' };

/** Without a registry the image is what it would be built from: the archive in the bucket, and a manifest that names it. */
async function putContext(ctx: Context<Aws>, { bucket, folder, hash, repositoryName, baseImage }: Props): Promise<string | undefined> {
	const key = `images/${hash}.tar.gz`;
	const archive = await imageArchive(folder);
	await ctx.aws.client(S3Client).send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: archive, ContentType: 'application/gzip', ExpectedBucketOwner: ctx.aws.account }));
	const manifest = {
		schemaVersion: 2,
		mediaType: 'application/vnd.oci.image.manifest.v1+json',
		config: empty,
		layers: [],
		annotations: { 'airflow-deploy:context': `s3://${bucket}/${key}`, ...(baseImage === null ? {} : { 'airflow-deploy:base-image': baseImage }) },
	};
	const put = new PutImageCommand({ repositoryName, imageTag: hash, imageManifest: JSON.stringify(manifest), imageManifestMediaType: manifest.mediaType });
	return (await ignoring(['ImageAlreadyExistsException'], ctx.aws.client(ECRClient).send(put)))?.image?.imageId?.imageDigest;
}
