import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { execa } from 'execa';
import { installDebian } from './debian.ts';

/** Images of the tests, and those that they build, stay there from run to run. */
export const engineCache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'airflow-deploy', 'docker');

/**
 * A Docker engine to test with: the one that answers, else Debian's, installed where it is missing and started here with a
 * data directory of its own. As root only.
 * @returns ends the engine, if it was started here
 */
export async function startEngine(): Promise<() => Promise<void>> {
	if (await answers()) return async () => {};
	await installDebian('dockerd', 'docker.io');
	await mkdir(engineCache, { recursive: true });
	const log = openSync(join(engineCache, 'dockerd.log'), 'w');
	const places = ['--data-root', join(engineCache, 'data'), '--exec-root', join(engineCache, 'exec'), '--pidfile', join(engineCache, 'dockerd.pid')];
	// Not for other machines: the default socket of this one only.
	const engine = spawn('dockerd', [...places, '--host', 'unix:///var/run/docker.sock'], { stdio: ['ignore', log, log], detached: true });
	while (!(await answers())) {
		if (!isAlive(engine)) throw new Error(`dockerd ended: ${(await readFile(join(engineCache, 'dockerd.log'), 'utf8')).slice(-2000)}`);
		await pause(250);
	}
	return async () => {
		if (!isAlive(engine)) return;
		engine.kill('SIGTERM');
		await once(engine, 'exit');
	};
}

const isAlive = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode === null && signalCode === null;

async function answers(): Promise<boolean> {
	const { failed } = await execa('docker', ['version', '--format', '{{.Server.Version}}'], { reject: false, timeout: 20_000 });
	return !failed;
}
