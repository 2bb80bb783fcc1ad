import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';

const module = 'github.com/aws/session-manager-plugin';
const version = 'v0.0.0-20260401221635-b79d06c1d3a2';
/** The plugin's sources have no go.mod; it is written against this version of one of its dependencies. */
const uuid = 'github.com/twinj/uuid@v0.0.0-20151029044442-89173bcdda19';
const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'airflow-deploy', `test-session-manager-plugin-${version}`);

/** Whether AWS's client can be built here. */
export const hasGo = (process.env['PATH'] ?? '').split(':').some((directory) => existsSync(join(directory, 'go')));

/** AWS's own client of data channels, built from its sources once per machine (about a minute). @returns the directory that holds `session-manager-plugin` */
export async function sessionManagerPlugin(): Promise<string> {
	if (existsSync(join(cache, 'session-manager-plugin'))) return cache;
	const work = await mkdtemp(join(tmpdir(), 'airflow-deploy-plugin-'));
	const go = (...args: string[]): Promise<unknown> => execa('go', args, { cwd: work });
	try {
		await writeFile(join(work, 'go.mod'), 'module judge\n\ngo 1.22\n');
		// The main package's own imports alone would not pull in the sessions that register themselves.
		await writeFile(join(work, 'judge.go'), `package main\n\nimport _ "${module}/src/sessionmanagerplugin/session"\n\nfunc main() {}\n`);
		await go('get', `${module}/src/sessionmanagerplugin-main@${version}`);
		await go('get', uuid);
		await go('build', '-o', 'out/session-manager-plugin', `${module}/src/sessionmanagerplugin-main`);
		await mkdir(join(cache, '..'), { recursive: true });
		await rm(cache, { recursive: true, force: true });
		await rename(join(work, 'out'), cache);
	} finally {
		await rm(work, { recursive: true, force: true });
	}
	return cache;
}
