import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { ImagePullError } from '../../../src/local/ecs/runtime.ts';
import { type AwsRequest, ecrImage } from '../../../src/local/runtime/ecr-images.ts';
import { type ImageSources, pullImage } from '../../../src/local/runtime/images.ts';
import { type Installer, installer } from '../../../src/local/runtime/installer.ts';
import { temporaryDirectory } from './support.ts';

const digest = `sha256:${'ab'.repeat(32)}`;
const repository = '000000000000.dkr.ecr.eu-west-1.amazonaws.com/airflow-shared';

async function archive(): Promise<Buffer> {
	const folder = await temporaryDirectory();
	await mkdir(join(folder, 'image'));
	await writeFile(join(folder, 'requirements.txt'), 'apache-airflow==2.5.3\n');
	await writeFile(join(folder, 'image', 'program.py'), 'print("hello")\n');
	const { stdout } = await execa('tar', ['-cz', '-C', folder, '.'], { encoding: 'buffer' });
	return Buffer.from(stdout);
}

interface Asked {
	readonly region: string;
	readonly target: string;
	readonly body: unknown;
}

/** ECR and S3 that hold one image. */
async function account(asked: Asked[], manifest: object = { annotations: { 'airflow-deploy:context': 's3://bucket/images/0123.tar.gz' } }, status = 200): Promise<AwsRequest> {
	const content = await archive();
	return (service, region, { target, body }) => {
		asked.push({ region, target, body: body === undefined ? undefined : JSON.parse(body) });
		const images = [{ imageId: { imageDigest: digest }, imageManifest: JSON.stringify(manifest) }];
		return Promise.resolve(service === 's3' ? { status, body: content } : { status: 200, body: Buffer.from(JSON.stringify({ images })) });
	};
}

const cache = async (): Promise<ReturnType<typeof installer>> => installer(() => {}, { ...process.env, XDG_CACHE_HOME: await temporaryDirectory() });

test('an image is found by tag or digest, and its build context unpacked into the cache once', async () => {
	const asked: Asked[] = [];
	const on = await cache();
	const request = await account(asked);
	const image = await ecrImage(`${repository}:0123`, request, on);
	expect(image.digest).toBe(digest);
	expect((await readdir(image.context)).sort()).toEqual(['image', 'requirements.txt']);
	expect(await readFile(join(image.context, 'image', 'program.py'), 'utf8')).toBe('print("hello")\n');
	expect(await ecrImage(`${repository}@${digest}`, request, on)).toEqual(image);
	const common = { registryId: '000000000000', repositoryName: 'airflow-shared' };
	expect(asked).toEqual([
		{ region: 'eu-west-1', target: '/', body: { ...common, imageIds: [{ imageTag: '0123' }] } },
		{ region: 'eu-west-1', target: '/bucket/images/0123.tar.gz', body: undefined },
		{ region: 'eu-west-1', target: '/', body: { ...common, imageIds: [{ imageDigest: digest }] } },
		{ region: 'eu-west-1', target: '/bucket/images/0123.tar.gz', body: undefined },
	]);
});

test('an image that is not in the repository is worded as ECS words it', async () => {
	const request: AwsRequest = () => Promise.resolve({ status: 200, body: Buffer.from('{"images":[],"failures":[{"failureCode":"ImageNotFound"}]}') });
	const failure = ecrImage(`${repository}:gone`, request, await cache());
	await expect(failure).rejects.toThrow(ImagePullError);
	await expect(failure).rejects.toThrow(`failed to resolve ref ${repository}:gone: ${repository}:gone: not found`);
});

test('a repository that does not exist is the same', async () => {
	const request: AwsRequest = () => Promise.resolve({ status: 400, body: Buffer.from('{"__type":"RepositoryNotFoundException"}') });
	await expect(ecrImage(`${repository}:x`, request, await cache())).rejects.toThrow(/not found/);
});

test('an image with layers only, and a missing context, say what is missing', async () => {
	await expect(ecrImage(`${repository}:x`, await account([], { layers: [] }), await cache())).rejects.toThrow(/names no build context/);
	await expect(ecrImage(`${repository}:x`, await account([], undefined, 404), await cache())).rejects.toThrow('s3://bucket/images/0123.tar.gz cannot be read: S3 answered 404');
});

async function sources(installer: Installer): Promise<ImageSources> {
	return { installer, request: await account([]), python: 'python3', postgres: () => Promise.reject(new Error('not asked')) };
}

test.each(['nginx:latest', 'apache/airflow:2.9.0', 'apache/airflow', 'apache/airflow:2.5.30', 'postgres:16', 'postgres:150', 'postgres', 'somebody/postgres:15', 'public.ecr.aws/docker/library/redis:7'])('%s is refused with what is supported', async (image) => {
	const failure = pullImage(image, await sources(await cache()));
	await expect(failure).rejects.toThrow(ImagePullError);
	await expect(failure).rejects.toThrow(/the process runtime (runs|cannot run) .*(apache\/airflow:2|postgres:15)/);
});

test('what the user can mend is told in the reason', async () => {
	const on = installer(() => {}, { PATH: await temporaryDirectory(), HOME: await temporaryDirectory(), XDG_CACHE_HOME: await temporaryDirectory() });
	const failure = pullImage('apache/airflow:2.5.3-python3.10', await sources(on));
	await expect(failure).rejects.toThrow(ImagePullError);
	await expect(failure).rejects.toThrow(/needs Python 3 or uv: neither is on PATH. Try: apt-get install python3/);
});
