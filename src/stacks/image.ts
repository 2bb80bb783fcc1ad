import type { Aws } from '../aws/clients.ts';
import type { Node, Stack } from '../engine/stack.ts';
import { BuildImage } from '../resources/build-image.ts';
import { GivenImage } from '../resources/given-image.ts';
import type { StackInputs } from './inputs.ts';
import type { Shared } from './shared.ts';

/** The image of all containers: the user's own, or built from the source folder under its content hash. */
export function addImage(stack: Stack<Aws>, { config, imageHash }: StackInputs, shared: Shared, anchor: Node): Node<{ image: string }> {
	const { image } = config;
	if (image !== undefined) return stack.add(GivenImage, 'image', { anchor }, () => ({ image }));
	return stack.add(BuildImage, 'image', { anchor, repository: shared.repository, bucket: shared.bucket }, ({ repository, bucket }) => ({
		repositoryName: repository.name,
		repositoryUri: repository.uri,
		bucket: bucket.name,
		folder: config.source,
		hash: imageHash ?? '',
		architecture: config.architecture,
		baseImage: config.baseImage,
	}));
}
