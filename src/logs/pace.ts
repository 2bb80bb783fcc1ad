import { setTimeout as delay } from 'node:timers/promises';

/** FilterLogEvents calls a second, for one account and region (CloudWatch Logs quotas); 10 elsewhere. Others in the account have a share. */
const quotas: Readonly<Record<string, number>> = { 'us-east-1': 25, 'eu-central-1': 5, 'ap-northeast-3': 5, 'ap-southeast-3': 5, 'ca-west-1': 5, 'il-central-1': 5 };
const ourShare = 0.6;

/** Lets calls through at most `perSecond`, after a first burst of as many as all log groups need. */
export class Pace {
	readonly #spacing: number;
	readonly #burst: number;
	readonly #clock: () => number;
	#next = Number.NEGATIVE_INFINITY;

	constructor(perSecond: number, burst: number, clock: () => number = () => performance.now()) {
		this.#spacing = 1000 / perSecond;
		this.#burst = burst;
		this.#clock = clock;
	}

	static of(region: string): Pace {
		const perSecond = (quotas[region] ?? 10) * ourShare;
		return new Pace(perSecond, 6);
	}

	/** Milliseconds until a call that is asked for now may be sent. Counts it. */
	reserve(): number {
		const now = this.#clock();
		this.#next = Math.max(this.#next, now - this.#spacing * this.#burst) + this.#spacing;
		return Math.max(0, this.#next - now);
	}

	/** Resolves when the call may be sent. @throws AbortError */
	async turn(signal: AbortSignal): Promise<void> {
		const wait = this.reserve();
		if (wait > 0) await delay(wait, undefined, { signal });
	}
}
