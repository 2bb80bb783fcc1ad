import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Holder, isDead, parseHolder } from './lock-holder.ts';
import { codeOf, explainWrite } from './storage.ts';

/** Puts a lock file in its place, complete from the first moment; false where there is one already. */
export async function place(path: string, holder: Holder): Promise<boolean> {
	const temporary = `${path}.${crypto.randomUUID()}`;
	try {
		await mkdir(dirname(path), { recursive: true, mode: 0o700 });
		await writeFile(temporary, JSON.stringify(holder), { mode: 0o600 });
		await link(temporary, path);
		return true;
	} catch (error) {
		if (codeOf(error) === 'EEXIST' && (await readIfThere(temporary)) !== undefined) return false;
		throw explainWrite(error, path);
	} finally {
		await rm(temporary, { force: true }).catch(() => {});
	}
}

/**
 * Replaces a dead holder's lock. Only who holds the claim on that very lock may do it, and the claim's file then becomes the
 * lock, so two that find the same dead holder cannot both win. A claim whose maker died is taken over in the same way.
 */
export async function takeOver(path: string, dead: Holder, me: Holder): Promise<boolean> {
	const claim = `${path}.${dead.id ?? dead.pid}`;
	if (!(await place(claim, me))) {
		const rival = parseHolder((await readIfThere(claim)) ?? '');
		if (!rival || !(await isDead(rival)) || !(await takeOver(claim, rival, me))) return false;
	}
	const current = parseHolder((await readIfThere(path)) ?? '');
	if (current?.id === dead.id && current?.pid === dead.pid) {
		await rename(claim, path);
		return true;
	}
	await rm(claim, { force: true });
	return false;
}

/** The file's text, or undefined where there is none. */
export async function readIfThere(path: string): Promise<string | undefined> {
	try {
		return await readFile(path, 'utf8');
	} catch (error) {
		if (['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '')) return undefined;
		throw error;
	}
}
