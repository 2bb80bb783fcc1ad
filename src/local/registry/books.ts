import { createHash } from 'node:crypto';
import { AwsError } from '../front/failure.ts';
import type { JsonRecord } from '../front/call.ts';
import type { Moto } from '../moto.ts';

export interface Manifest {
	readonly text: string;
	readonly mediaType: string;
	readonly digest: string;
}

/** What a client of the registry is told instead: https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes */
export class RegistryError extends Error {
	readonly status: number;
	readonly code: string;
	constructor(status: number, code: string, message: string) {
		super(message);
		this.status = status;
		this.code = code;
	}
}

export const digestOf = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;

/** What ECR knows of images: repositories, manifests and tags are kept by moto alone, so that API and registry agree. */
export class ImageBooks {
	readonly #moto: Pick<Moto, 'json'>;
	readonly #account: string;

	constructor(moto: Pick<Moto, 'json'>, account: string) {
		this.#moto = moto;
		this.#account = account;
	}

	/** @throws RegistryError where there is none of the name */
	async repository(region: string, name: string): Promise<{ immutable: boolean }> {
		const { repositories } = (await this.#ask(region, 'DescribeRepositories', { repositoryNames: [name] })) as { repositories?: { imageTagMutability?: string }[] };
		return { immutable: repositories?.[0]?.imageTagMutability === 'IMMUTABLE' };
	}

	/** @param reference a tag or a digest */
	async manifest(region: string, repositoryName: string, reference: string): Promise<Manifest | undefined> {
		const imageIds = [isDigest(reference) ? { imageDigest: reference } : { imageTag: reference }];
		const { images } = (await this.#ask(region, 'BatchGetImage', { repositoryName, imageIds })) as { images?: { imageManifest: string; imageManifestMediaType?: string }[] };
		const image = images?.[0];
		return image && { text: image.imageManifest, mediaType: image.imageManifestMediaType ?? '', digest: digestOf(image.imageManifest) };
	}

	/** @throws RegistryError where the tag is taken and cannot be moved */
	async put(region: string, repositoryName: string, reference: string, { text, mediaType, digest }: Manifest): Promise<void> {
		const imageTag = isDigest(reference) ? {} : { imageTag: reference };
		await this.#ask(region, 'PutImage', { repositoryName, imageManifest: text, imageManifestMediaType: mediaType, imageDigest: digest, ...imageTag }).catch((error: unknown) => {
			// The same image under the same name: pushing it again changes nothing.
			if (!(error instanceof RegistryError && error.code === 'ImageAlreadyExistsException')) throw error;
		});
	}

	async tags(region: string, repositoryName: string): Promise<string[]> {
		const { imageIds } = (await this.#ask(region, 'ListImages', { repositoryName })) as { imageIds?: { imageTag?: string }[] };
		return (imageIds ?? []).flatMap(({ imageTag }) => imageTag ?? []).toSorted();
	}

	async #ask(region: string, operation: string, request: object): Promise<JsonRecord> {
		try {
			return await this.#moto.json({ service: 'ecr', region, operation }, 'AmazonEC2ContainerRegistry_V20150921', request);
		} catch (error) {
			if (!(error instanceof AwsError)) throw error;
			if (error.code !== 'RepositoryNotFoundException') throw new RegistryError(400, error.code, error.message);
			const { repositoryName, repositoryNames } = request as { repositoryName?: string; repositoryNames?: readonly string[] };
			throw new RegistryError(404, 'NAME_UNKNOWN', `The repository with name '${repositoryName ?? repositoryNames?.[0]}' does not exist in the registry with id '${this.#account}'`);
		}
	}
}

export const isDigest = (reference: string): boolean => reference.startsWith('sha256:');
