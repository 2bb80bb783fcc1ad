import type { JsonRecord } from './front/call.ts';

/** A one-time schedule of EventBridge Scheduler that has still to run. */
export interface OneTime {
	readonly region: string;
	readonly group: string;
	readonly name: string;
	/** Milliseconds since 1970. */
	readonly at: number;
	readonly target: Target;
	/** ActionAfterCompletion DELETE. */
	readonly deletes: boolean;
}

export interface Target {
	readonly roleArn: string;
	/** As AWS names it, e.g. `UpdateService`. */
	readonly operation: string;
	/** Members in upper camel case, as universal targets have them. */
	readonly input: JsonRecord;
	/** The target's RetryPolicy; AWS's defaults are a day and 185. */
	readonly maximumAgeSeconds: number;
	readonly maximumRetries: number;
}

interface World {
	/** @throws what the target answered, or why the role may not call it */
	invoke(schedule: OneTime): Promise<void>;
	delete(schedule: OneTime): Promise<void>;
	log(line: string): void;
}

type Pending = OneTime & { readonly retries: number; readonly next: number };

const lookMilliseconds = 250;

/** Runs one-time schedules at their time. AWS does so within a minute; here it is at once. */
export class Schedules {
	readonly #world: World;
	readonly #pending = new Map<string, Pending>();
	#timer: NodeJS.Timeout | undefined;

	constructor(world: World) {
		this.#world = world;
	}

	/** In place of the one of the same name. */
	set(schedule: OneTime): void {
		this.#pending.set(keyOf(schedule), { ...schedule, retries: 0, next: schedule.at });
		this.#timer ??= setInterval(() => this.#look(), lookMilliseconds).unref();
	}

	forget(which: Pick<OneTime, 'region' | 'group' | 'name'>): void {
		this.#pending.delete(keyOf(which));
		if (this.#pending.size === 0) this.stop();
	}

	stop(): void {
		clearInterval(this.#timer);
		this.#timer = undefined;
		this.#pending.clear();
	}

	#look(): void {
		const now = Date.now();
		for (const schedule of this.#pending.values()) {
			if (schedule.next > now) continue;
			this.#pending.set(keyOf(schedule), { ...schedule, next: Number.POSITIVE_INFINITY });
			void this.#run(schedule);
		}
	}

	async #run(schedule: Pending): Promise<void> {
		const { name, target, retries, at } = schedule;
		try {
			await this.#world.invoke(schedule);
			this.#world.log(`schedule ${name}: ${target.operation} is done`);
		} catch (error) {
			this.#world.log(`schedule ${name}: ${target.operation} failed: ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`);
			const next = Date.now() + 1000 * Math.min(2 ** retries, 60);
			if (retries < target.maximumRetries && next < at + target.maximumAgeSeconds * 1000) return this.#again({ ...schedule, retries: retries + 1, next });
		}
		await this.#end(schedule);
	}

	/** Unless it was deleted or changed meanwhile. */
	#again(schedule: Pending): void {
		if (this.#isCurrent(schedule)) this.#pending.set(keyOf(schedule), schedule);
	}

	async #end(schedule: Pending): Promise<void> {
		if (!this.#isCurrent(schedule)) return;
		this.forget(schedule);
		if (schedule.deletes) await this.#world.delete(schedule).catch((error: unknown) => this.#world.log(`schedule ${schedule.name} was not deleted: ${String(error)}`));
	}

	#isCurrent(schedule: Pending): boolean {
		return this.#pending.get(keyOf(schedule))?.at === schedule.at;
	}
}

function keyOf({ region, group, name }: Pick<OneTime, 'region' | 'group' | 'name'>): string {
	return `${region}/${group}/${name}`;
}
