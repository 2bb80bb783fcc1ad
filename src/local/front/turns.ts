/** Runs what has the same key one after the other, in the order of arrival. */
export class Turns {
	readonly #last = new Map<string, Promise<unknown>>();

	async take<T>(key: string, work: () => Promise<T>): Promise<T> {
		const before = this.#last.get(key) ?? Promise.resolve();
		const mine = before.then(work);
		// A failure is its caller's; the next one starts all the same.
		const ended = mine.catch(() => {});
		this.#last.set(key, ended);
		try {
			return await mine;
		} finally {
			if (this.#last.get(key) === ended) this.#last.delete(key);
		}
	}
}
