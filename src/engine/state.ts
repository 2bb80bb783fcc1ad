import { randomBytes } from 'node:crypto';
import type { Entries, Entry, StateView } from './entry.ts';
import { FORMAT, readState, assertSame } from './state-reader.ts';
import { disk, removeFile, replaceFile, type Storage } from './storage.ts';

export type { Entries, Entry, StateView } from './entry.ts';
export { assertSame, readState } from './state-reader.ts';

/** What a state belongs to: tool, account, region, project, environment; `nonce` where it is known already. */
export type Header = Readonly<Record<string, string>>;

/**
 * The record of one scope (`shared` or an environment). Open it under its lock. The object never knows more than the disk:
 * a change counts once it is written.
 */
export class StateFile implements StateView {
	readonly path: string;
	/** As given to `open`, and the nonce. */
	readonly header: Header;
	readonly #storage: Storage;
	#entries: Entries;
	#queue: Promise<void> = Promise.resolve();

	private constructor(path: string, header: Header, entries: Entries, storage: Storage) {
		this.path = path;
		this.header = header;
		this.#entries = entries;
		this.#storage = storage;
	}

	/**
	 * Reads the file, or starts a new one in memory: it is written with the first change.
	 * @param header compared with the file's, but for `tool`; a file without `nonce` gets a random one (16 hex digits)
	 * @throws UserError `StateUnreadable`, `StateTooNew`, `StateMismatch`; the file is never touched then
	 */
	static async open(path: string, header: Header, storage: Storage = disk): Promise<StateFile> {
		const found = await readState(path, header, storage);
		if (found) assertSame(path, found.header, header);
		const nonce = found?.header['nonce'] ?? header['nonce'] ?? randomBytes(8).toString('hex');
		return new StateFile(path, { ...header, nonce }, found?.entries ?? {}, storage);
	}

	/** Starts a new state where an unreadable one may lie, which is kept beside it as `<path>.<time>.bak`. */
	static async startOver(path: string, header: Header, storage: Storage = disk): Promise<StateFile> {
		const kept = `${path}.${new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '')}.bak`;
		await storage.rename(path, kept).catch(() => {});
		return StateFile.open(path, header, storage);
	}

	get nonce(): string {
		return this.header['nonce'] ?? '';
	}

	/** What is on disk now. */
	get entries(): Entries {
		return this.#entries;
	}

	/**
	 * Changes the record and returns once it is on disk. Changes are applied one at a time, in order; one that cannot be
	 * written leaves file and object as they were.
	 * @throws UserError `StateNotWritten`
	 */
	update(change: (entries: Record<string, Entry>) => void): Promise<void> {
		const next = this.#queue.then(async () => {
			const entries = { ...this.#entries };
			change(entries);
			const text = JSON.stringify({ format: FORMAT, ...this.header, resources: entries }, null, '\t');
			await replaceFile(this.path, `${text}\n`, this.#storage);
			this.#entries = entries;
		});
		this.#queue = next.catch(() => {});
		return next;
	}

	/** Waits for the last change; a state that records nothing leaves no file. */
	async close(): Promise<void> {
		await this.#queue;
		if (Object.keys(this.#entries).length === 0) await removeFile(this.path, this.#storage);
	}
}
