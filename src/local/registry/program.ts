import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { UserError } from '../../errors.ts';
import { install, type Installer } from '../runtime/installer.ts';
import { madeOnce } from '../runtime/made-once.ts';

/** Debian's name of it, and the name in the project's own releases. */
const names = ['docker-registry', 'registry'];

/**
 * The program of github.com/distribution/distribution, version 2 or newer: on PATH, else Debian's, unpacked into the cache.
 * @returns a command
 * @throws UserError `NoRegistry`
 */
export async function registryProgram(on: Installer): Promise<string> {
	for (const name of names) {
		const { failed, stdout } = await execa(name, ['--version'], { env: on.environment, extendEnv: false, reject: false, timeout: 10_000 });
		if (!failed && stdout.includes('distribution')) return name;
	}
	try {
		return join(await madeOnce(join(on.cache, 'docker-registry'), (temporary) => unpack(on, temporary), existsSync), 'usr', 'bin', 'docker-registry');
	} catch (cause) {
		throw new UserError('NoRegistry', 'the Docker runtime keeps images in a real registry, and the program docker-registry is not installed', { hint: 'sudo apt-get install docker-registry', cause });
	}
}

async function unpack(on: Installer, directory: string): Promise<void> {
	on.onProgress('docker-registry: not on PATH, unpacked from its Debian package (about 20 MB, once per machine)');
	await install(on, 'Downloading docker-registry', 'sh', ['-c', 'cd "$1" && apt-get download --quiet docker-registry', 'sh', directory]);
	const [archive = ''] = (await readdir(directory)).filter((name) => name.endsWith('.deb'));
	await install(on, 'Unpacking docker-registry', 'dpkg-deb', ['--extract', join(directory, archive), directory]);
}
