import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { madeOnce } from '../../src/local/runtime/made-once.ts';
import { engineCache } from './engine.ts';

const module = 'github.com/docker/compose/v2';
const version = 'v2.40.3';

/**
 * Has `docker compose`: the user's plugin, else one that Go builds, once per machine (Debian 12 has version 1 only, which is
 * another program). Sets DOCKER_CONFIG where it is ours.
 */
export async function ensureCompose(onProgress: (line: string) => void): Promise<void> {
	if (!(await execa('docker', ['compose', 'version'], { reject: false })).failed) return;
	process.env['DOCKER_CONFIG'] = await madeOnce(join(engineCache, `compose-${version}`), async (directory) => {
		onProgress(`docker compose ${version}: built with Go, some minutes`);
		const source = await execa('go', ['mod', 'download', '-json', `${module}@${version}`], { cwd: '/' });
		const { Dir } = JSON.parse(source.stdout) as { Dir: string };
		// Of its own directory, because its go.mod replaces modules.
		await execa('go', ['build', '-mod=readonly', '-trimpath', '-ldflags', `-s -w -X ${module}/internal.Version=${version}`, '-o', join(directory, 'cli-plugins', 'docker-compose'), './cmd'], { cwd: Dir });
	}, existsSync);
}
