import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { dockerBuild, dockerHost, dockerPush } from '../../src/resources/docker.ts';

/** A program called docker that writes down how it was called. */
const recorder = `#!/bin/sh
{ echo "docker $*"; echo "  config \${DOCKER_CONFIG:-the user's} host \${DOCKER_HOST:-default} buildkit \${DOCKER_BUILDKIT:-unset}"; } >> "$CALLS"
case "$1" in
	buildx) [ -n "$BUILDX" ] || exit 1; [ "$2" = version ] || cat > "$CALLS.context" ;;
	image) echo "\${BUILT_FOR:-linux/amd64}" ;;
	version) echo "\${VERSION:-28.2.2}" ;;
	context) echo unix:///run/user.sock ;;
	login) echo "  password $(cat)" >> "$CALLS" ;;
	build) cat > "$CALLS.context"; echo "#1 building"; echo "#2 done" >&2 ;;
	push) [ -z "$REFUSE" ] || { echo "denied: no" >&2; exit 1; }; echo pushed ;;
esac
`;

let directory: string;
const before = { ...process.env };
beforeEach(async () => {
	directory = await mkdtemp(join(tmpdir(), 'docker-test-'));
	await writeFile(join(directory, 'docker'), recorder);
	await chmod(join(directory, 'docker'), 0o755);
	process.env['PATH'] = `${directory}:${before['PATH']}`;
	process.env['CALLS'] = join(directory, 'calls');
	delete process.env['DOCKER_HOST'];
	delete process.env['DOCKER_CONFIG'];
});
afterEach(async () => {
	process.env = { ...before };
	await rm(directory, { recursive: true, force: true });
});

const calls = async (): Promise<string> => readFile(join(directory, 'calls'), 'utf8');
const login = { host: 'unix:///run/user.sock', registry: 'https://1.dkr.ecr.eu-central-1.amazonaws.com', user: 'AWS', password: 'a-token' };

const amd64 = { tag: 'repository:tag', platform: 'linux/amd64', context: Buffer.from('archive'), baseImage: 'mine:1' } as const;

test('builds with BuildKit one plain manifest from the archive alone', async () => {
	process.env['BUILDX'] = 'yes';
	await dockerBuild(amd64, () => {});
	expect(await calls()).toContain('docker buildx build --load --provenance=false --sbom=false --platform linux/amd64 --build-arg BASE_IMAGE=mine:1 --tag repository:tag -\n');
	expect(await readFile(join(directory, 'calls.context'), 'utf8')).toBe('archive');
});

test.each([['20.10.24', '1'], ['28.2.2', '0']])('without buildx docker %s builds with DOCKER_BUILDKIT=%s, and shows what it says', async (version, buildkit) => {
	process.env['VERSION'] = version;
	const lines: string[] = [];
	await dockerBuild(amd64, (line) => lines.push(line));
	expect(await calls()).toContain(`docker build --force-rm --platform linux/amd64 --build-arg BASE_IMAGE=mine:1 --tag repository:tag -\n  config the user's host default buildkit ${buildkit}\n`);
	expect(await readFile(join(directory, 'calls.context'), 'utf8')).toBe('archive');
	expect(lines.toSorted()).toEqual(['#1 building', '#2 done']);
});

test('an image that was built for another architecture is not pushed', async () => {
	process.env['BUILT_FOR'] = 'linux/arm64';
	await expect(dockerBuild(amd64, () => {})).rejects.toMatchObject({ code: 'WrongArchitecture', message: expect.stringMatching(/linux\/arm64.*linux\/amd64/), hint: expect.stringMatching(/BASE_IMAGE.*ARCHITECTURE/) });
});

test('pushes with a configuration of its own, to the engine of the user, the password on standard input', async () => {
	await dockerPush('repository:tag', login, () => {});
	const told = await calls();
	expect(told).toContain('docker login --username AWS --password-stdin https://1.dkr.ecr.eu-central-1.amazonaws.com\n');
	expect(told).toContain('password a-token');
	expect(told).toContain('docker push repository:tag\n');
	expect(told.match(/host unix:\/\/\/run\/user\.sock/g)).toHaveLength(2);
	const [configuration = ''] = /\S+airflow-deploy-docker-\S+/.exec(told) ?? [];
	await expect(readdir(configuration)).rejects.toThrow('ENOENT');
});

test('tells what docker said, and leaves no login behind', async () => {
	process.env['REFUSE'] = 'yes';
	await expect(dockerPush('repository:tag', login, () => {})).rejects.toMatchObject({ code: 'ImageFailed', message: expect.stringContaining('denied: no') });
	const [configuration = ''] = /\S+airflow-deploy-docker-\S+/.exec(await calls()) ?? [];
	await expect(readdir(configuration)).rejects.toThrow('ENOENT');
});

test('finds the engine of the user\'s context, or of DOCKER_HOST', async () => {
	expect(await dockerHost()).toBe('unix:///run/user.sock');
	process.env['DOCKER_HOST'] = 'tcp://127.0.0.1:2375';
	expect(await dockerHost()).toBe('tcp://127.0.0.1:2375');
});

test('without docker or its engine both ways out are named', async () => {
	process.env['PATH'] = join(directory, 'nothing');
	await expect(dockerHost()).rejects.toMatchObject({ code: 'NoDockerEngine', message: expect.stringContaining('not installed'), hint: expect.stringMatching(/Docker.*AIRFLOW_DEPLOY_IMAGE/) });
	await writeFile(join(directory, 'docker'), '#!/bin/sh\necho "Cannot connect to the Docker daemon" >&2\nexit 1\n');
	process.env['PATH'] = `${directory}:${before['PATH']}`;
	await expect(dockerHost()).rejects.toMatchObject({ code: 'NoDockerEngine', message: expect.stringContaining('Cannot connect to the Docker daemon') });
});
