import type { StackInputs } from './inputs.ts';
import type { Shared } from './shared.ts';

/** The old task serves until the new one is healthy. */
export const rolling = { desiredCount: 1, minimumHealthyPercent: 100, maximumPercent: 200, expiresAt: null };
/** Never two at once: a second scheduler would run again what the first is finishing, a second database would share its files. */
export const replaced = { desiredCount: 1, minimumHealthyPercent: 0, maximumPercent: 100, expiresAt: null, balancer: null };

/** What must stand before a task can be placed: the cluster, and subnets with a way out and to the file system. */
export function ground({ cluster, network, mounts }: Shared) {
	return { cluster, ...network.subnets, ...network.routes, ...mounts };
}

interface Ground {
	cluster: { name: string };
	subnetA: { subnetId: string };
	subnetB: { subnetId: string };
}

/** Where tasks are placed, as run-task and services take it. */
export function placeOf({ assignPublicIp }: StackInputs, { cluster, subnetA, subnetB }: Ground) {
	return { cluster: cluster.name, subnets: [subnetA.subnetId, subnetB.subnetId], assignPublicIp };
}
