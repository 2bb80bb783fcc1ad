import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BatchDeleteImageCommand, CreateRepositoryCommand, DescribeImagesCommand, DescribeRepositoriesCommand, ECRClient, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr';
import { DescribeTaskDefinitionCommand, ECSClient, ListTaskDefinitionsCommand } from '@aws-sdk/client-ecs';
import { execa, type Result } from 'execa';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { type StubEndpoint, startStubEndpoint } from '../environment/stub-endpoint.ts';
import { standInLabel } from '../images/stand-ins.ts';

/** An account with a real registry. Tasks are stand-ins, containers of them are tested elsewhere. */
let account: StubEndpoint;
let ecr: ECRClient;
let host: string;
let configuration: string;
beforeAll(async () => {
	account = await startStubEndpoint({ registry: true });
	ecr = account.client(ECRClient);
	host = new URL(account.url).host;
	configuration = await mkdtemp(join(tmpdir(), 'airflow-deploy-docker-test-'));
});
afterEach(() => void vi.unstubAllEnvs());
afterAll(async () => {
	const { stdout } = await execa('docker', ['image', 'ls', '--quiet', '--filter', `reference=${host}/*`]);
	for (const id of new Set(stdout.split('\n').filter(Boolean))) await execa('docker', ['image', 'rm', '--force', id], { reject: false });
	await account.close();
	await rm(configuration, { recursive: true });
});

type Steps = { steps: { key: string; action: string; seconds: number }[] };
const imageStep = ({ steps }: Steps) => steps.find(({ key }) => key === 'image');
const docker = (...args: readonly string[]): Promise<Result<{ all: true }>> => execa('docker', args, { env: { DOCKER_CONFIG: configuration }, all: true, reject: false }) as never;

async function login(region = 'us-east-1'): Promise<Result<{ all: true }>> {
	const { authorizationData } = await account.client(ECRClient, region).send(new GetAuthorizationTokenCommand({}));
	const [user = '', password = ''] = Buffer.from(authorizationData?.[0]?.authorizationToken ?? '', 'base64').toString().split(':');
	return execa('docker', ['login', '--username', user, '--password-stdin', host], { env: { DOCKER_CONFIG: configuration }, input: password, all: true, reject: false }) as never;
}

test('up builds the image, pushes it, and runs it by its digest; the registry gives it back', async () => {
	const laptop = await account.laptop('builder');
	const { exit, document } = await account.json<Steps>(laptop, ['up']);
	expect(exit).toBe(0);
	expect(imageStep(document)?.action).toBe('run');
	process.stdout.write(`image, built and pushed: ${imageStep(document)?.seconds.toFixed(1)} s\n`);
	const { repositories } = await ecr.send(new DescribeRepositoriesCommand({}));
	const { repositoryName = '', repositoryUri = '' } = repositories?.[0] ?? {};
	const { imageDetails } = await ecr.send(new DescribeImagesCommand({ repositoryName }));
	expect(imageDetails).toHaveLength(1);
	const { imageDigest } = imageDetails?.[0] ?? {};
	expect(await imagesOfTasks()).toEqual([`${repositoryUri}@${imageDigest}`]);

	await login();
	const pulled = await docker('pull', `${host}/${repositoryName}@${imageDigest}`);
	expect(pulled.all).toContain(`Digest: ${imageDigest}`);
	const { stdout } = await execa('docker', ['image', 'inspect', '--format', `{{index .Config.Labels "${standInLabel}"}}`, `${host}/${repositoryName}@${imageDigest}`]);
	expect(stdout).toBe('apache/airflow:2.5.3-python3.10');
});

async function imagesOfTasks(): Promise<string[]> {
	const ecs = account.client(ECSClient);
	const { taskDefinitionArns = [] } = await ecs.send(new ListTaskDefinitionsCommand({}));
	const found = await Promise.all(taskDefinitionArns.map((taskDefinition) => ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition }))));
	return [...new Set(found.flatMap(({ taskDefinition }) => taskDefinition?.containerDefinitions ?? []).map(({ image = '' }) => image))];
}

test('an image that is there is neither built nor pushed: by the same laptop, by another, without an engine', async () => {
	const pushed = await pushes();
	vi.stubEnv('DOCKER_HOST', 'unix:///nowhere/docker.sock');
	const again = await account.json<Steps>(join(account.directory, 'builder'), ['deploy']);
	expect(imageStep(again.document)?.action).toBe('none');
	const other = await account.laptop('other');
	expect((await account.run(other, ['state', 'recover', '--yes'])).exit).toBe(0);
	expect((await account.json(other, ['deploy'])).exit).toBe(0);
	expect(await pushes()).toEqual(pushed);
});

async function pushes(): Promise<unknown[]> {
	const { repositories = [] } = await ecr.send(new DescribeRepositoriesCommand({}));
	const all = await Promise.all(repositories.map(({ repositoryName }) => ecr.send(new DescribeImagesCommand({ repositoryName }))));
	return all.flatMap(({ imageDetails = [] }) => imageDetails.map(({ imageDigest, imagePushedAt }) => [imageDigest, imagePushedAt]));
}

test('with a warm cache a changed image is built and pushed in seconds, and each task has the new digest', async () => {
	const laptop = join(account.directory, 'builder');
	await writeFile(join(laptop, 'airflow', 'image', 'changed.py'), `# ${Math.random()}\n`);
	const { exit, document } = await account.json<Steps>(laptop, ['deploy']);
	expect(exit).toBe(0);
	const seconds = imageStep(document)?.seconds ?? Infinity;
	process.stdout.write(`image with a warm cache: ${seconds.toFixed(1)} s\n`);
	// 10 s are promised of an idle machine.
	expect(seconds).toBeLessThan(30);
	expect(await pushes()).toHaveLength(2);
});

test('what the build said is shown where it fails', async () => {
	const laptop = join(account.directory, 'builder');
	const dockerfile = join(laptop, 'airflow', 'Dockerfile');
	const before = await readFile(dockerfile, 'utf8');
	await writeFile(dockerfile, `${before}\nRUN echo the reason in these words >&2 && exit 7\n`);
	const { exit, stderr } = await account.run(laptop, ['deploy', '--yes']);
	await writeFile(dockerfile, before);
	expect(exit).toBe(1);
	expect((await execa('docker', ['ps', '--all', '--no-trunc', '--format', '{{.Command}}'])).stdout).not.toContain('the reason in these words');
	expect(stderr).toMatch(/docker could not build the image:[\s\S]*the reason in these words/);
});

test('without an engine nothing is made, and both ways out are named', async () => {
	const laptop = await mkdtemp(join(account.directory, 'no-engine-'));
	await cp(join(account.directory, 'builder', 'airflow'), join(laptop, 'airflow'), { recursive: true });
	vi.stubEnv('DOCKER_HOST', 'unix:///nowhere/docker.sock');
	const { exit, stdout } = await account.run(laptop, ['up', '--yes', '--json'], { env: { AIRFLOW_DEPLOY_PROJECT: 'engineless' } });
	expect(exit).toBe(1);
	expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'NoDockerEngine', hint: expect.stringMatching(/Docker.*AIRFLOW_DEPLOY_IMAGE/) } });
	const { repositories = [] } = await ecr.send(new DescribeRepositoriesCommand({}));
	expect(repositories.filter(({ repositoryName }) => repositoryName?.startsWith('engineless'))).toEqual([]);
});

test('a base image of another architecture is found before anything runs on it', async () => {
	const { exit, stderr } = await account.run(join(account.directory, 'builder'), ['deploy', '--yes'], { env: { AIRFLOW_DEPLOY_ARCHITECTURE: 'ARM64' } });
	expect(exit).toBe(1);
	expect(stderr).toMatch(/docker could not build the image|the image was built for linux\/amd64/);
});

test("the registry lets in who has a token, to repositories that are there, as ECR does", async () => {
	const small = 'airflow-deploy-stand-in/python';
	const [found = ''] = (await execa('docker', ['image', 'ls', '--format', '{{.Repository}}:{{.Tag}}', small])).stdout.split('\n');
	const named = async (name: string): Promise<string> => (await execa('docker', ['tag', found, `${host}/${name}`]), `${host}/${name}`);
	await docker('logout', host);
	expect((await docker('push', await named('fixed:1'))).all).toContain('no basic auth credentials');
	await login();
	expect((await docker('push', await named('missing:1'))).all).toContain("name unknown: The repository with name 'missing' does not exist in the registry with id '000000000000'");

	await ecr.send(new CreateRepositoryCommand({ repositoryName: 'fixed', imageTagMutability: 'IMMUTABLE' }));
	expect((await docker('push', await named('fixed:1'))).failed).toBe(false);
	expect((await docker('push', await named('fixed:1'))).all).toContain("cannot be overwritten because the tag is immutable");
	const { imageDetails } = await ecr.send(new DescribeImagesCommand({ repositoryName: 'fixed' }));
	expect(imageDetails).toMatchObject([{ imageTags: ['1'] }]);

	await ecr.send(new BatchDeleteImageCommand({ repositoryName: 'fixed', imageIds: [{ imageTag: '1' }] }));
	expect((await docker('pull', `${host}/fixed:1`)).all).toContain('manifest unknown: Requested image not found');
	await login('eu-west-1');
	expect((await docker('push', `${host}/fixed:1`)).all).toContain('does not exist in the registry');
});
