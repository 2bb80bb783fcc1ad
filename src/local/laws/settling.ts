/** In milliseconds, by id. */
interface Durations {
	readonly creating: (id: string) => number;
	readonly deleting: (id: string) => number;
}

/** Objects that are `creating` or `deleting` for a moment, as AWS's are for minutes. */
export class Settling {
	readonly #milliseconds: Durations;
	readonly #created = new Map<string, number>();
	readonly #deleting = new Set<string>();

	constructor(milliseconds: Durations) {
		this.#milliseconds = milliseconds;
	}

	/** undefined: settled, or never heard of. */
	stateOf(id: string): 'creating' | 'deleting' | undefined {
		if (this.#deleting.has(id)) return 'deleting';
		return performance.now() - (this.#created.get(id) ?? Number.NEGATIVE_INFINITY) < this.#milliseconds.creating(id) ? 'creating' : undefined;
	}

	begin(id: string): void {
		this.#created.set(id, performance.now());
	}

	/** Deletes it after a moment; until `remove` has done so it is `deleting`. */
	end(id: string, remove: () => Promise<unknown>): void {
		this.#deleting.add(id);
		const forget = (): void => void this.#deleting.delete(id);
		setTimeout(() => void remove().then(forget, forget), this.#milliseconds.deleting(id)).unref();
	}
}
