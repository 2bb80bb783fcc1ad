import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../errors.ts';
import { packageRoot } from '../../package.ts';
import { ImagePullError } from '../ecs/runtime.ts';
import { airflowImage } from './airflow-image.ts';
import { type AwsRequest, ecrImage, isEcrImage } from './ecr-images.ts';
import { airflowEnvironment, airflowVersion } from './environments.ts';
import type { Image } from './image.ts';
import type { Installer } from './installer.ts';
import { mysqlImage, standIn } from './mysql-image.ts';
import { findMysql } from './mysql-server.ts';
import { postgresImage } from './postgres-image.ts';
import type { PostgresProgram } from './postgres-program.ts';

/** What images are made from. */
export interface ImageSources {
	readonly installer: Installer;
	readonly request: AwsRequest;
	/** The Python that runs programs of ours. */
	readonly python: string;
	readonly postgres: () => Promise<PostgresProgram>;
}

/** Official images: by what names a task definition has them, with a tag, and what stands in for them here. */
const official: readonly { readonly name: RegExp; readonly make: (tag: string, from: ImageSources) => Promise<Image> }[] = [
	{ name: /^(?:docker\.io\/)?apache\/airflow(?::([^@]+))?$/, make: officialAirflow },
	{ name: library('postgres'), make: postgres },
	{ name: library('mysql'), make: mysql },
];

const known = 'apache/airflow, postgres:15 and mysql:8 (of public.ecr.aws/docker/library or Docker Hub), and images of this account\'s ECR repositories that carry a build context';

/** Docker's official images have no owner on Docker Hub, and are mirrored in Amazon ECR Public. */
function library(name: string): RegExp {
	return new RegExp(`^(?:public\\.ecr\\.aws/docker/library/|(?:docker\\.io/)?(?:library/)?)${name}(?::([^@]+))?(?:@sha256:[0-9a-f]{64})?$`);
}

/**
 * Makes an image usable on this machine.
 * @throws ImagePullError where it is none of the supported ones, or what it needs cannot be installed
 */
export async function pullImage(image: string, from: ImageSources): Promise<Image> {
	try {
		if (isEcrImage(image)) {
			const { digest, context } = await ecrImage(image, from.request, from.installer);
			return airflowImage(digest, await airflowEnvironment(from.installer, context), context);
		}
		for (const { name, make } of official) {
			const [whole, tag = 'latest'] = name.exec(image) ?? [];
			if (whole !== undefined) return await make(tag, from);
		}
		throw new ImagePullError(`the process runtime cannot run ${image}: it knows ${known}`);
	} catch (error) {
		throw error instanceof UserError ? new ImagePullError([error.message, error.hint].filter(Boolean).join('. Try: '), { cause: error }) : error;
	}
}

/** The sample `airflow/` folder of this package installs what the official image of its version holds. */
async function officialAirflow(tag: string, { installer }: ImageSources): Promise<Image> {
	const context = join(packageRoot, 'airflow');
	const requirements = await readFile(join(context, 'requirements.txt'));
	const version = airflowVersion(requirements.toString());
	if (version === undefined || !(tag === version || tag.startsWith(`${version}-`) || tag === `slim-${version}`)) {
		throw new ImagePullError(`the process runtime runs apache/airflow:${version} only, not ${tag}`);
	}
	const digest = `sha256:${createHash('sha256').update(requirements).digest('hex')}`;
	return airflowImage(digest, await airflowEnvironment(installer, context), context);
}

async function postgres(tag: string, { python, postgres }: ImageSources): Promise<Image> {
	if (!isVersion(tag, '15')) {
		throw new ImagePullError(`the process runtime runs postgres:15 only, not ${tag}`);
	}
	return postgresImage(await postgres(), python);
}

async function mysql(tag: string, { installer: { environment, onProgress }, python }: ImageSources): Promise<Image> {
	if (!isVersion(tag, '8')) {
		throw new ImagePullError(`the process runtime runs mysql:8 only, not ${tag}`);
	}
	const found = await findMysql(environment);
	const notice = standIn(found, tag);
	if (notice !== undefined) onProgress(notice);
	return mysqlImage(found, tag, python);
}

/** Whether a tag is of a version: `8`, `8.0`, `8-bookworm`. */
const isVersion = (tag: string, version: string): boolean => new RegExp(`^${version}(?:[.-]|$)`).test(tag);
