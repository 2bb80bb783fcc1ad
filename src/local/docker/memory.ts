import { setTimeout as delay } from 'node:timers/promises';
import type { Engine } from './engine.ts';

interface Statistics {
	readonly memory_stats: { readonly usage?: number; readonly stats?: Readonly<Record<string, number>> };
}

const lookMilliseconds = 1000;

/**
 * Keeps the containers of a task within its memory. The kernel limits each of them by itself; what they hold together is
 * looked at once a second, and the largest one is killed.
 */
export class TaskMemory {
	readonly #engine: Engine;
	readonly #limit: number;
	readonly #running = new Set<string>();
	readonly #killed = new Set<string>();
	#looking = false;

	/** @param limit bytes */
	constructor(engine: Engine, limit: number) {
		this.#engine = engine;
		this.#limit = limit;
	}

	started(container: string): void {
		this.#running.add(container);
		this.#killed.delete(container);
		if (!this.#looking) void this.#look();
	}

	/** @returns whether it was killed for what the task held */
	ended(container: string): boolean {
		this.#running.delete(container);
		return this.#killed.has(container);
	}

	async #look(): Promise<void> {
		this.#looking = true;
		while (this.#running.size > 1) {
			await delay(lookMilliseconds, undefined, { ref: false });
			const sizes = await Promise.all([...this.#running].map(async (container) => ({ container, size: await this.#size(container) })));
			if (sizes.reduce((sum, { size }) => sum + size, 0) > this.#limit) await this.#kill(sizes.toSorted((one, other) => other.size - one.size)[0]?.container ?? '');
		}
		this.#looking = false;
	}

	async #kill(container: string): Promise<void> {
		if (!this.#running.has(container)) return;
		this.#killed.add(container);
		await this.#engine.ask('POST', `/containers/${container}/kill`).catch(() => {});
	}

	/** Without what the kernel would give back; 0 where that cannot be found out. */
	async #size(container: string): Promise<number> {
		const asked = this.#engine.ask<Statistics>('GET', `/containers/${container}/stats`, { query: { stream: 'false', 'one-shot': 'true' } });
		const { usage = 0, stats = {} } = (await asked.catch((): Statistics => ({ memory_stats: {} }))).memory_stats;
		return usage - (stats['total_inactive_file'] ?? stats['inactive_file'] ?? 0);
	}
}
