import { readFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { UserError } from '../../errors.ts';
import { packageRoot } from '../../package.ts';
import { ImagePullError } from '../ecs/runtime.ts';
import { airflowImage } from './airflow-image.ts';
import { type AwsRequest, ecrImage, isEcrImage } from './ecr-images.ts';
import { airflowEnvironment, airflowVersion } from './environments.ts';
import type { Image } from './image.ts';
import type { Installer } from './installer.ts';

/** The official image's name, with its tag. */
const official = /^(?:docker\.io\/)?apache\/airflow(?::([^@]+))?$/;

/**
 * Makes an image usable on this machine.
 * @throws ImagePullError where it is none of the supported ones, or what it needs cannot be installed
 */
export async function pullImage(image: string, request: AwsRequest, on: Installer): Promise<Image> {
	try {
		if (isEcrImage(image)) {
			const { digest, context } = await ecrImage(image, request, on);
			return airflowImage(digest, await airflowEnvironment(on, context), context);
		}
		const [whole, tag = 'latest'] = official.exec(image) ?? [];
		if (whole === undefined) {
			throw new ImagePullError(`the process runtime cannot run ${image}: it knows apache/airflow and images of this account's ECR repositories that carry a build context`);
		}
		return await officialImage(tag, on);
	} catch (error) {
		throw error instanceof UserError ? new ImagePullError([error.message, error.hint].filter(Boolean).join('. Try: '), { cause: error }) : error;
	}
}

/** The sample `airflow/` folder of this package installs what the official image of its version holds. */
async function officialImage(tag: string, on: Installer): Promise<Image> {
	const context = join(packageRoot, 'airflow');
	const requirements = await readFile(join(context, 'requirements.txt'));
	const version = airflowVersion(requirements.toString());
	if (version === undefined || !(tag === version || tag.startsWith(`${version}-`) || tag === `slim-${version}`)) {
		throw new ImagePullError(`the process runtime runs apache/airflow:${version} only, not ${tag}`);
	}
	const digest = `sha256:${createHash('sha256').update(requirements).digest('hex')}`;
	return airflowImage(digest, await airflowEnvironment(on, context), context);
}
