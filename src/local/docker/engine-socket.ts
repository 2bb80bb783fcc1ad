import { execa } from 'execa';
import { Exit, UserError } from '../../errors.ts';
import { Engine } from './engine.ts';

const usual = 'unix:///var/run/docker.sock';

interface EngineInfo {
	readonly OperatingSystem: string;
	readonly SecurityOptions: readonly string[] | null;
	readonly NCPU: number;
}

export interface FoundEngine {
	readonly engine: Engine;
	/** How many processors it has. */
	readonly processors: number;
}

/**
 * The engine that the user's `docker` talks to: DOCKER_HOST, the context in use, else the usual socket.
 * @throws UserError where it does not answer, or runs where neither addresses nor directories of this machine are
 */
export async function findEngine(env: NodeJS.ProcessEnv): Promise<FoundEngine> {
	const host = env['DOCKER_HOST'] || (await contextHost(env)) || usual;
	const path = /^unix:\/\/(\/.+)$/.exec(host)?.[1];
	if (path === undefined) throw elsewhere(`it is at ${host}`);
	const engine = new Engine(path);
	const { OperatingSystem, SecurityOptions, NCPU } = await engine.ask<EngineInfo>('GET', '/info');
	if (OperatingSystem === 'Docker Desktop') throw elsewhere('Docker Desktop runs it in a virtual machine');
	if (SecurityOptions?.some((option) => option.includes('name=rootless'))) throw elsewhere('it is rootless, and the addresses of its containers cannot be reached');
	return { engine, processors: NCPU };
}

async function contextHost(env: NodeJS.ProcessEnv): Promise<string | undefined> {
	const asked = await execa('docker', ['context', 'inspect', '--format', '{{.Endpoints.docker.Host}}'], { env, extendEnv: false, reject: false, timeout: 10_000 });
	return asked.failed ? undefined : asked.stdout.trim();
}

function elsewhere(why: string): UserError {
	return new UserError('EngineElsewhere', `the Docker runtime needs an engine of this machine's own: ${why}`, { hint: 'point DOCKER_HOST at the socket of an engine that runs here as root (unix:///var/run/docker.sock), or do without: airflow-deploy up --local', exit: Exit.usage });
}
