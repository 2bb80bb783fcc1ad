import { constants, existsSync, readFileSync } from 'node:fs';
import { access, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { UserError } from '../../errors.ts';

let made = 0;

/**
 * Makes a directory that others may want at the same moment, in this process or another: `make` fills a temporary
 * directory beside it, which is renamed when complete, so that what is there under its name is whole. Waits while
 * somebody else makes it; what an interrupted maker left is removed. Should two processes start in the same
 * instant, both may make it, and the first rename counts.
 * @throws UserError where the place cannot be written to, or whatever `make` throws
 * @param usable tells whether an existing directory may be used; a broken one is made again.
 */
export async function madeOnce(
	directory: string,
	make: (temporary: string) => Promise<void>,
	usable: (directory: string) => boolean = existsSync,
): Promise<string> {
	await makeWritable(dirname(directory));
	await untilNobodyMakes(directory);
	if (usable(directory)) {
		return directory;
	}
	const temporary = `${directory}.${process.pid}-${startOf(process.pid)}-${made++}.tmp`;
	try {
		await mkdir(temporary);
		if ((await makers(directory))[0] !== basename(temporary)) {
			await rm(temporary, { recursive: true });
			return await madeOnce(directory, make, usable);
		}
		await rm(directory, { recursive: true, force: true });
		await make(temporary);
		await renameUnlessThere(temporary, directory);
	} finally {
		await rm(temporary, { recursive: true, force: true });
	}
	return directory;
}

async function makeWritable(directory: string): Promise<void> {
	try {
		await mkdir(directory, { recursive: true });
		await access(directory, constants.W_OK);
	} catch (cause) {
		const { code } = cause as NodeJS.ErrnoException;
		throw new UserError('CacheNotWritable', `${directory} cannot be written to: ${code}`, { hint: 'export XDG_CACHE_HOME=<directory of yours>', cause });
	}
}

async function untilNobodyMakes(directory: string): Promise<void> {
	while ((await makers(directory)).length > 0) {
		await pause(100);
	}
}

/** The temporary directories that living makers fill, in an order that all see alike. Others are removed. */
async function makers(directory: string): Promise<string[]> {
	const siblings = (await readdir(dirname(directory))).filter((name) => name.startsWith(`${basename(directory)}.`) && name.endsWith('.tmp'));
	const abandoned = siblings.filter((name) => !isMakerAlive(name));
	await Promise.all(abandoned.map((name) => rm(join(dirname(directory), name), { recursive: true, force: true })));
	return siblings.filter((name) => !abandoned.includes(name)).sort();
}

/** A process id alone may meanwhile belong to another process; with its start time it is unique until the next boot. */
function isMakerAlive(name: string): boolean {
	const [, pid, start] = /\.(\d+)-(\d+)-\d+\.tmp$/.exec(name) ?? [];
	return pid !== undefined && start === startOf(Number(pid));
}

/** Field 22 of /proc/PID/stat: start time in clock ticks after boot. */
function startOf(pid: number): string | undefined {
	try {
		return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[19];
	} catch {
		return undefined;
	}
}

async function renameUnlessThere(from: string, to: string): Promise<void> {
	try {
		await rename(from, to);
	} catch (error) {
		if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) {
			throw error;
		}
	}
}
