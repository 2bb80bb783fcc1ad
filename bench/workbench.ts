import { existsSync } from 'node:fs';
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../src/package.ts';
import { cli, type Ran, runNode } from './program.ts';

/** A working directory of its own with the sample code base; its variables know nothing of the caller's AWS or settings. */
export class Workbench {
	readonly directory: string;
	readonly #env: NodeJS.ProcessEnv;

	private constructor(directory: string, env: NodeJS.ProcessEnv) {
		this.directory = directory;
		this.#env = env;
	}

	/** @param cache where Python environments are kept; absent: the user's own cache */
	static async make(cache?: string): Promise<Workbench> {
		const directory = await mkdtemp(join(tmpdir(), 'airflow-deploy-bench-'));
		await cp(join(packageRoot, 'airflow'), join(directory, 'airflow'), { recursive: true });
		const own = Object.entries(process.env).filter(([name]) => !/^(AWS_|AIRFLOW_)/.test(name));
		return new Workbench(directory, { ...Object.fromEntries(own), ...(cache === undefined ? {} : { XDG_CACHE_HOME: cache, UV_CACHE_DIR: join(cache, 'uv') }) });
	}

	/** Runs `airflow-deploy`. */
	run(...args: string[]): Promise<Ran> {
		return this.node(cli, ...args);
	}

	node(...args: string[]): Promise<Ran> {
		return runNode(args, { cwd: this.directory, env: this.#env });
	}

	/** The process of the local endpoint. */
	async endpointPid(): Promise<number> {
		const record: unknown = JSON.parse(await readFile(join(this.directory, '.airflow-deploy', 'endpoint', 'endpoint.json'), 'utf8'));
		if (typeof record === 'object' && record !== null && 'pid' in record && typeof record.pid === 'number') return record.pid;
		throw new Error('endpoint.json names no process');
	}

	/** Names of what was installed so far. */
	async installed(): Promise<string[]> {
		const cache = join(this.#env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'airflow-deploy');
		return existsSync(cache) ? (await readdir(cache)).toSorted() : [];
	}

	/** Ends the endpoint, with all that runs behind it, and removes the directory. */
	async dispose(): Promise<void> {
		await this.run('local', 'stop').catch((error: unknown) => process.stderr.write(`${String(error)}\n`));
		await rm(this.directory, { recursive: true, force: true });
	}
}
