import { type HealthCheck, probe, type Reason } from './health-check.ts';

export interface Target {
	/** The target's address in its VPC. */
	readonly id: string;
	readonly port: number;
}

/** A host and port of this machine. */
export interface Place {
	readonly host: string;
	readonly port: number;
}

export interface TargetGroupSettings {
	readonly check: HealthCheck;
	readonly deregistrationSeconds: number;
	/** Where a target really listens; undefined where nothing is known at its address. */
	readonly placeOf: (target: Target) => Place | undefined;
}

type State = 'initial' | 'healthy' | 'unhealthy' | 'draining' | 'unused';

/** As DescribeTargetHealth shows it. */
export interface TargetHealth {
	readonly target: Target;
	readonly state: State;
	readonly reason: Reason | undefined;
}

interface Registered {
	readonly target: Target;
	state: State;
	reason: Reason | undefined;
	/** Checks in a row that passed, or failed. */
	passed: number;
	failed: number;
	readonly since: number;
	timer: NodeJS.Timeout | undefined;
	/** Each ends one request that the target has not answered yet. */
	readonly underWay: Set<() => void>;
	settle: () => void;
	readonly drained: Promise<void>;
}

/** A balancer's nodes look one after the other, so a new target is seen sooner than at each interval. */
const initialSeconds = 1;
const registering = { code: 'Elb.RegistrationInProgress', text: 'Target registration is in progress' };
const checking = { code: 'Elb.InitialHealthChecking', text: 'Initial health checks in progress' };
const draining = { code: 'Target.DeregistrationInProgress', text: 'Target deregistration is in progress' };
const notInUse = { code: 'Target.NotInUse', text: 'Target group is not configured to receive traffic from the load balancer' };

/** Targets, their health, and who gets the next request. Nothing is checked while no listener leads here. */
export class TargetGroup {
	#settings: TargetGroupSettings;
	#inUse = false;
	#turn = 0;
	readonly #targets = new Map<string, Registered>();
	readonly #changed: () => void;

	/** @param changed called after every change of a target's state */
	constructor(settings: TargetGroupSettings, changed: () => void) {
		this.#settings = settings;
		this.#changed = changed;
	}

	set(settings: TargetGroupSettings): void {
		this.#settings = settings;
	}

	use(inUse: boolean): void {
		if (inUse === this.#inUse) return;
		this.#inUse = inUse;
		for (const registered of this.#targets.values()) {
			clearTimeout(registered.timer);
			if (inUse) this.#checkNow(registered);
		}
		this.#changed();
	}

	register(target: Target): void {
		const present = this.#targets.get(keyOf(target));
		if (present && present.state !== 'draining') return;
		present?.settle();
		let settle = (): void => {};
		const drained = new Promise<void>((resolve) => (settle = resolve));
		const registered: Registered = { target, state: 'initial', reason: registering, passed: 0, failed: 0, since: performance.now(), timer: undefined, underWay: new Set(), settle, drained };
		this.#targets.set(keyOf(target), registered);
		if (this.#inUse) this.#checkNow(registered);
		this.#changed();
	}

	/** It gets no new request. Resolves when those under way are answered, or are ended after the deregistration delay. */
	async deregister(target: Target): Promise<void> {
		const registered = this.#targets.get(keyOf(target));
		if (!registered) return;
		if (registered.state !== 'draining') this.#drain(registered);
		await registered.drained;
	}

	/** All targets, or what is known of these. */
	health(asked: readonly Target[] = []): TargetHealth[] {
		if (asked.length === 0) return [...this.#targets.values()].map((registered) => this.#shown(registered));
		return asked.map((target) => {
			const registered = this.#targets.get(keyOf(target));
			return registered ? this.#shown(registered) : { target, state: 'unused', reason: { code: 'Target.NotRegistered', text: 'Target is not registered to the target group' } };
		});
	}

	/**
	 * Hands a request to the next healthy target; AWS would try unhealthy ones where there are no others.
	 * @param end ends the request from outside
	 * @returns undefined where no target is healthy
	 */
	next(end: () => void): { place: Place; done: () => void } | undefined {
		const healthy = [...this.#targets.values()].filter(({ state }) => state === 'healthy');
		const registered = healthy[this.#turn++ % healthy.length];
		const place = registered && this.#settings.placeOf(registered.target);
		if (!place) return undefined;
		registered.underWay.add(end);
		const done = (): void => {
			registered.underWay.delete(end);
			if (registered.state === 'draining' && registered.underWay.size === 0) registered.settle();
		};
		return { place, done };
	}

	/** Ends all checks and requests. */
	close(): void {
		for (const registered of this.#targets.values()) this.#forget(registered);
	}

	#shown({ target, state, reason }: Registered): TargetHealth {
		return this.#inUse || state === 'draining' ? { target, state, reason } : { target, state: 'unused', reason: notInUse };
	}

	#drain(registered: Registered): void {
		clearTimeout(registered.timer);
		Object.assign(registered, { state: 'draining', reason: draining });
		registered.timer = setTimeout(() => this.#forget(registered), this.#settings.deregistrationSeconds * 1000).unref();
		void registered.drained.then(() => this.#forget(registered));
		// "If a deregistering target has no in-flight requests, Elastic Load Balancing completes the deregistration at once."
		if (registered.underWay.size === 0) registered.settle();
		this.#changed();
	}

	#forget(registered: Registered): void {
		clearTimeout(registered.timer);
		for (const end of registered.underWay) end();
		registered.settle();
		if (this.#targets.get(keyOf(registered.target)) !== registered) return;
		this.#targets.delete(keyOf(registered.target));
		this.#changed();
	}

	#checkNow(registered: Registered): void {
		void this.#check(registered).then((result) => {
			if (!this.#inUse || registered.state === 'draining' || this.#targets.get(keyOf(registered.target)) !== registered) return;
			this.#judge(registered, result);
			const { intervalSeconds } = this.#settings.check;
			registered.timer = setTimeout(() => this.#checkNow(registered), 1000 * (registered.state === 'initial' ? initialSeconds : intervalSeconds)).unref();
		});
	}

	async #check({ target }: Registered): Promise<Reason | undefined> {
		const place = this.#settings.placeOf(target);
		return place ? probe(place, this.#settings.check) : { code: 'Target.Timeout', text: 'Request timed out' };
	}

	/** The first check that passes makes a new target healthy; afterwards the thresholds count. */
	#judge(registered: Registered, failure: Reason | undefined): void {
		const { healthyThreshold, unhealthyThreshold, intervalSeconds } = this.#settings.check;
		registered.passed = failure ? 0 : registered.passed + 1;
		registered.failed = failure ? registered.failed + 1 : 0;
		const before = registered.state;
		const isNew = before === 'initial';
		if (!failure && (isNew || registered.passed >= healthyThreshold)) Object.assign(registered, { state: 'healthy', reason: undefined });
		else if (isNew) Object.assign(registered, performance.now() - registered.since > unhealthyThreshold * intervalSeconds * 1000 ? { state: 'unhealthy', reason: failure } : { reason: checking });
		else if (failure && registered.failed >= unhealthyThreshold) Object.assign(registered, { state: 'unhealthy', reason: failure });
		if (registered.state !== before) this.#changed();
	}
}

const keyOf = ({ id, port }: Target): string => `${id}:${port}`;
