import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { supervise, type Supervised } from '../runtime/supervisor.ts';

export interface StoreOptions {
	readonly command: string;
	/** Of the supervisor. */
	readonly python: string;
	/** Of the endpoint: the program's settings and socket. */
	readonly directory: string;
	/** In the user's cache: an engine sends each layer once per machine, not once per endpoint. */
	readonly layers: string;
	readonly log: (line: string) => void;
}

/** The program that keeps layers and checks manifests, behind a socket that only its owner reaches. */
export interface Store {
	readonly socketPath: string;
	stop(): Promise<void>;
}

/** What nobody has pushed for so long is removed. */
const keptDays = 30;

/**
 * Starts it and resolves when it listens.
 * @throws Error with its last words where it ends before
 */
export async function startStore({ command, python, directory, layers, log }: StoreOptions): Promise<Store> {
	await mkdir(layers, { recursive: true });
	await prune(join(layers, 'docker', 'registry', 'v2', 'blobs', 'sha256'), Date.now() - keptDays * 86_400_000);
	const settings = join(directory, 'registry.json');
	await writeFile(settings, JSON.stringify(settingsOf(layers)), { mode: 0o600 });
	const lines: string[] = [];
	const program = await new Promise<Supervised>((resolve, reject) => {
		const environment = { PATH: process.env['PATH'] ?? '', REGISTRY_HTTP_SECRET: randomBytes(16).toString('hex') };
		const child = supervise({
			python,
			command: [command, 'serve', settings],
			environment,
			directory,
			onLine: (line) => {
				lines.push(line);
				if (line.includes('listening on')) resolve(child);
				else if (/level=(?:warn|error|fatal|panic)/.test(line)) log(`registry: ${line}`);
			},
		});
		void child.exited.then((code) => reject(new Error(`docker-registry ended with ${code}: ${lines.slice(-3).join(' ')}`)));
	});
	return {
		// By way of its working directory: a path of a socket has 107 characters at most.
		socketPath: `/proc/${program.pid}/cwd/${socket}`,
		async stop() {
			program.signal('SIGTERM');
			await program.exited;
		},
	};
}

/** Relative to the program's working directory. */
const socket = 'registry.sock';

/** https://distribution.github.io/distribution/about/configuration; JSON is YAML. */
function settingsOf(rootdirectory: string): object {
	return {
		version: 0.1,
		log: { level: 'info', accesslog: { disabled: true } },
		storage: { filesystem: { rootdirectory }, delete: { enabled: true } },
		http: { net: 'unix', addr: socket, relativeurls: true },
	};
}

/** Whoever wants a layer that is gone is told so and sends it again. */
async function prune(blobs: string, before: number): Promise<void> {
	const groups = await readdir(blobs).catch((): string[] => []);
	const digests = (await Promise.all(groups.map(async (group) => (await readdir(join(blobs, group))).map((digest) => join(blobs, group, digest))))).flat();
	await Promise.all(digests.map(async (digest) => {
		const written = await stat(join(digest, 'data')).catch(() => undefined);
		if (written !== undefined && written.mtimeMs < before) await rm(digest, { recursive: true, force: true });
	}));
}
