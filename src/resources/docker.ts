import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa, ExecaError } from 'execa';
import { UserError } from '../errors.ts';

export interface Build {
	/** `<repository>:<tag>` */
	readonly tag: string;
	readonly platform: 'linux/amd64' | 'linux/arm64';
	/** A .tar.gz with the Dockerfile at its top. */
	readonly context: Buffer;
	readonly baseImage: string | null;
}

/**
 * The socket of the user's Docker engine.
 * @throws UserError `NoDockerEngine`
 */
export async function dockerHost(): Promise<string> {
	try {
		await execa('docker', ['version', '--format', '{{.Server.Version}}'], { timeout: 20_000 });
		const { stdout } = await execa('docker', ['context', 'inspect', '--format', '{{.Endpoints.docker.Host}}']);
		return process.env['DOCKER_HOST'] ?? stdout.trim();
	} catch (error) {
		throw new UserError('NoDockerEngine', `the image of Airflow has to be built here, and no Docker engine answers: ${reasonOf(error)}`, {
			hint: 'start or install Docker (https://docs.docker.com/engine/install), or set AIRFLOW_DEPLOY_IMAGE to an image that is already in a registry',
			cause: error,
		});
	}
}

/** Builds with BuildKit where there is any. @throws UserError `ImageFailed`, `WrongArchitecture` */
export async function dockerBuild({ tag, platform, context, baseImage }: Build, onLine: (line: string) => void): Promise<void> {
	const base = baseImage === null ? [] : ['--build-arg', `BASE_IMAGE=${baseImage}`];
	const { command, env } = await builder();
	await run('build the image', [...command, '--platform', platform, ...base, '--tag', tag, '-'], { input: context, env }, onLine);
	await assertBuiltFor(platform, tag);
}

interface Builder {
	readonly command: readonly string[];
	readonly env: Record<string, string>;
}

/**
 * buildx, else BuildKit inside of the command (before its version 23), else the builder from before BuildKit. One plain manifest:
 * with attestations it would be an index, whose children stay in ECR untagged; only buildx makes any, and knows the flags.
 */
async function builder(): Promise<Builder> {
	const buildx = await execa('docker', ['buildx', 'version'], { reject: false, timeout: 20_000 });
	if (!buildx.failed) return { command: ['buildx', 'build', '--load', '--provenance=false', '--sbom=false'], env: {} };
	const { stdout } = await execa('docker', ['version', '--format', '{{.Client.Version}}'], { timeout: 20_000 });
	// Where it fails, that builder leaves a container.
	return { command: ['build', '--force-rm'], env: { DOCKER_BUILDKIT: Number.parseInt(stdout, 10) < 23 ? '1' : '0' } };
}

/** A base image that exists for one architecture only is taken whatever was asked for; Fargate would then end each task with `exec format error`. */
async function assertBuiltFor(platform: Build['platform'], tag: string): Promise<void> {
	const { stdout } = await execa('docker', ['image', 'inspect', '--format', '{{.Os}}/{{.Architecture}}', tag]);
	if (stdout.trim() === platform) return;
	throw new UserError('WrongArchitecture', `the image was built for ${stdout.trim()}, and its tasks run on ${platform}: its base image is not there for ${platform}`, {
		hint: 'set AIRFLOW_DEPLOY_BASE_IMAGE to an image for that architecture, or AIRFLOW_DEPLOY_ARCHITECTURE to what the base image is for',
	});
}

/**
 * Pushes with a configuration of its own: the user's credential store would otherwise keep our token, or refuse it. That
 * configuration knows none of the user's contexts, so the engine is named.
 */
export async function dockerPush(tag: string, login: { host: string; registry: string; user: string; password: string }, onLine: (line: string) => void): Promise<void> {
	const configuration = await mkdtemp(join(tmpdir(), 'airflow-deploy-docker-'));
	const env = { DOCKER_CONFIG: configuration, DOCKER_HOST: login.host };
	try {
		await run('log in to ECR', ['login', '--username', login.user, '--password-stdin', login.registry], { input: login.password, env }, () => {});
		await run('push the image', ['push', tag], { env }, onLine);
	} finally {
		await rm(configuration, { recursive: true, force: true });
	}
}

async function run(what: string, args: readonly string[], options: { input?: Buffer | string; env: Record<string, string> }, onLine: (line: string) => void): Promise<void> {
	const docker = execa('docker', args, { ...options, all: true });
	try {
		for await (const line of docker.iterable({ from: 'all' })) if (line.trim() !== '') onLine(line.trim());
		await docker;
	} catch (error) {
		const lines = error instanceof ExecaError ? (error.all ?? error.shortMessage).split('\n').slice(-20).join('\n') : String(error);
		throw new UserError('ImageFailed', `docker could not ${what}:\n${lines}`, { hint: 'mend it, then run the same command again', cause: error });
	}
}

function reasonOf(error: unknown): string {
	if (!(error instanceof ExecaError)) return String(error);
	return error.code === 'ENOENT' ? 'the program docker is not installed' : (error.stderr || error.shortMessage).trim();
}
