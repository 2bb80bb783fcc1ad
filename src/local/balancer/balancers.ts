import { LoadBalancer, type Listener } from './load-balancer.ts';
import { type Place, type Target, TargetGroup, type TargetGroupSettings, type TargetHealth } from './target-group.ts';

/** What of a target group its API says. */
export interface TargetGroupRecord extends Omit<TargetGroupSettings, 'placeOf'> {
	readonly region: string;
	readonly vpcId: string;
	/** Where targets listen that say nothing else. */
	readonly port: number;
}

interface Group {
	record: TargetGroupRecord;
	readonly group: TargetGroup;
	/** Called after every change of a target's state. */
	readonly watchers: Set<() => void>;
}

interface Balancer {
	readonly balancer: LoadBalancer;
	/** By listener: its certificates. */
	readonly certificates: Map<string, readonly string[]>;
}

/** The load balancers and target groups of an account, by ARN, that really listen, check and forward. */
export class Balancers {
	readonly #balancers = new Map<string, Balancer>();
	readonly #groups = new Map<string, Group>();
	readonly #placeOf: (group: TargetGroupRecord, target: Target) => Place | undefined;

	/** @param placeOf where on this machine a target listens */
	constructor(placeOf: (group: TargetGroupRecord, target: Target) => Place | undefined) {
		this.#placeOf = placeOf;
	}

	async start(arn: string): Promise<void> {
		this.#balancers.set(arn, { balancer: await LoadBalancer.start((group) => this.#groups.get(group)?.group), certificates: new Map() });
	}

	/** Ends its listeners too. */
	async stop(arn: string): Promise<void> {
		const stopped = this.#balancers.get(arn);
		this.#balancers.delete(arn);
		await stopped?.balancer.close();
		this.#useGroups();
	}

	dnsNameOf(arn: string): string | undefined {
		return this.#balancers.get(arn)?.balancer.dnsName;
	}

	/** Names of all balancers here: what an alias record may lead to. */
	get dnsNames(): string[] {
		return [...this.#balancers.values()].map(({ balancer }) => balancer.dnsName);
	}

	setIdleSeconds(arn: string, seconds: number): void {
		const { balancer } = this.#balancers.get(arn) ?? {};
		if (balancer) balancer.idleSeconds = seconds;
	}

	async listen(arn: string, listener: Listener, certificates: readonly string[]): Promise<void> {
		const present = this.#balancers.get(arn);
		if (!present) return;
		await present.balancer.listen(listener);
		present.certificates.set(listener.arn, certificates);
		this.#useGroups();
	}

	async unlisten(arn: string): Promise<void> {
		for (const { balancer, certificates } of this.#balancers.values()) {
			certificates.delete(arn);
			await balancer.unlisten(arn);
		}
		this.#useGroups();
	}

	/** Balancers whose listeners use the certificate. */
	usersOf(certificate: string): string[] {
		return [...this.#balancers].filter(([, { certificates }]) => [...certificates.values()].some((used) => used.includes(certificate))).map(([arn]) => arn);
	}

	/** Balancers whose listeners lead to the group. */
	leadingTo(group: string): string[] {
		return [...this.#balancers].filter(([, { balancer }]) => balancer.listeners.some(({ action }) => action.type === 'forward' && action.targetGroup === group)).map(([arn]) => arn);
	}

	groupOf(arn: string): TargetGroupRecord | undefined {
		return this.#groups.get(arn)?.record;
	}

	setGroup(arn: string, record: TargetGroupRecord): void {
		const settings = { ...record, placeOf: (target: Target) => this.#placeOf(record, target) };
		const present = this.#groups.get(arn);
		if (present) {
			present.record = record;
			return present.group.set(settings);
		}
		const watchers = new Set<() => void>();
		this.#groups.set(arn, { record, watchers, group: new TargetGroup(settings, () => watchers.forEach((watch) => watch())) });
	}

	removeGroup(arn: string): void {
		this.#groups.get(arn)?.group.close();
		this.#groups.delete(arn);
	}

	/** @returns what ends the watching */
	watch(arn: string, changed: () => void): () => void {
		const watchers = this.#groups.get(arn)?.watchers;
		watchers?.add(changed);
		return () => void watchers?.delete(changed);
	}

	register(arn: string, targets: readonly Target[]): void {
		for (const target of targets) this.#groups.get(arn)?.group.register(target);
	}

	/** Resolves when they are drained. */
	async deregister(arn: string, targets: readonly Target[]): Promise<void> {
		const { group } = this.#groups.get(arn) ?? {};
		if (group) await Promise.all(targets.map((target) => group.deregister(target)));
	}

	health(arn: string, targets?: readonly Target[]): TargetHealth[] {
		return this.#groups.get(arn)?.group.health(targets) ?? [];
	}

	async stopAll(): Promise<void> {
		for (const { group } of this.#groups.values()) group.close();
		this.#groups.clear();
		await Promise.all([...this.#balancers.keys()].map((arn) => this.stop(arn)));
	}

	#useGroups(): void {
		for (const [arn, { group }] of this.#groups) group.use(this.leadingTo(arn).length > 0);
	}
}
