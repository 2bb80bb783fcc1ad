/** Those who wait for a condition: it is looked at again whenever somebody says that something has changed. */
export class Waiters {
	readonly #waiting = new Set<() => void>();

	async until(condition: () => boolean): Promise<void> {
		while (!condition()) await new Promise<void>((resolve) => this.#waiting.add(resolve));
	}

	wake(): void {
		for (const resolve of this.#waiting) resolve();
		this.#waiting.clear();
	}
}
