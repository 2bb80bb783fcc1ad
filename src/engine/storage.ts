import * as node from 'node:fs/promises';
import { dirname } from 'node:path';
import { UserError } from '../errors.ts';

/** The part of `node:fs/promises` that records are written with; tests hand in one that fails. */
export type Storage = Pick<typeof node, 'mkdir' | 'open' | 'readFile' | 'rename' | 'rm'>;
export const disk: Storage = node;

/**
 * Replaces a file as a whole: after a crash or a power cut there is the old text or the new one, never a part.
 * The directory is synced too, or the rename itself could be lost.
 * @throws UserError `StateNotWritten` where the disk is full or the place cannot be written; the old file stays
 */
export async function replaceFile(path: string, text: string, storage: Storage = disk): Promise<void> {
	const temporary = temporaryFor(path);
	try {
		await storage.mkdir(dirname(path), { recursive: true, mode: 0o700 });
		await writeSynced(temporary, text, storage);
		await storage.rename(temporary, path);
		await syncDirectory(dirname(path), storage);
	} catch (error) {
		await storage.rm(temporary, { force: true }).catch(() => {});
		throw explainWrite(error, path);
	}
}

/** Removes a file and what an interrupted `replaceFile` left beside it. */
export async function removeFile(path: string, storage: Storage = disk): Promise<void> {
	try {
		await storage.rm(temporaryFor(path), { force: true });
		await storage.rm(path, { force: true });
		await syncDirectory(dirname(path), storage);
	} catch (error) {
		if (codeOf(error) !== 'ENOENT') throw explainWrite(error, path);
	}
}

export function codeOf(error: unknown): string | undefined {
	return error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
}

const reasons: Readonly<Record<string, string>> = {
	ENOSPC: 'the disk is full',
	EDQUOT: 'the disk quota is used up',
	EACCES: 'permission denied',
	EPERM: 'permission denied',
	EROFS: 'the file system is read-only',
	ENOTDIR: 'a part of the path is a file, not a directory',
	EEXIST: 'a part of the path is a file, not a directory',
};

/** A failed write as advice; anything unexpected is passed on as it is. */
export function explainWrite(error: unknown, path: string): unknown {
	const code = codeOf(error) ?? '';
	const reason = reasons[code];
	if (reason === undefined) return error;
	const full = code === 'ENOSPC' || code === 'EDQUOT';
	return new UserError('StateNotWritten', `cannot write ${path}: ${reason} (${code})`, {
		hint: full ? `df -h ${dirname(path)}   # make room, then run the same command again: it goes on where it stopped` : `ls -ld ${dirname(path)}   # it must be a directory that you can write`,
		cause: error,
	});
}

function temporaryFor(path: string): string {
	return `${path}.tmp`;
}

async function writeSynced(path: string, text: string, storage: Storage): Promise<void> {
	const handle = await storage.open(path, 'w', 0o600);
	try {
		await handle.writeFile(text);
		await handle.sync();
	} finally {
		await handle.close();
	}
}

async function syncDirectory(directory: string, storage: Storage): Promise<void> {
	const handle = await storage.open(directory, 'r');
	try {
		await handle.sync();
	} finally {
		await handle.close();
	}
}
