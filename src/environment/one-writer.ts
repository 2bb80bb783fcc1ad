import { acquireLock, describeHolder, type Holder, type Lock } from '../engine/lock.ts';
import { type Lease, leaseOf } from '../resources/lease.ts';
import { deleteLease, readLease } from '../resources/lease-object.ts';
import { naming } from '../stacks/inputs.ts';
import { sharedScope } from '../stacks/shared.ts';
import type { Options } from './options.ts';
import { filesOf } from './places.ts';

/** The shared stack's lock in this working directory; waits for whoever holds it. */
export function acquireShared({ cwd, aws, command, signal, warn, config }: Options): Promise<Lock> {
	return acquireLock(filesOf(cwd, aws, sharedScope).lock, {
		command: `${command} --env ${config.environment}`,
		wait: true,
		signal,
		onWait: waitsForShared(warn),
	});
}

/** One writer among all machines: the leases of the environment and of the shared stack, which is waited for. */
export function leasesOf({ config, aws, command, signal, warn }: Options): [Lease, Lease] {
	const { bucket } = naming({ config, place: aws });
	const place = { aws, bucket, signal };
	const own = config.environment;
	return [
		leaseOf({ ...place, scope: own, command, wait: false, onMet: (holder) => warn(`${own} is held by ${holder ? describeHolder(holder) : 'somebody'}: looking whether that run is alive`) }),
		leaseOf({ ...place, scope: sharedScope, command: `${command} --env ${own}`, wait: true, onMet: waitsForShared(warn) }),
	];
}

function waitsForShared(warn: Options['warn']): (holder: Holder | undefined) => void {
	return (holder) => warn(`waiting for the shared stack: ${holder ? describeHolder(holder) : 'somebody holds its lock'}`);
}

/** Removes both leases, whoever holds them: for `state unlock`. Their holders find out before their next change. Returns who held them. */
export async function breakLeases({ config, aws }: Options): Promise<Holder[]> {
	const { bucket } = naming({ config, place: aws });
	const held = [config.environment, sharedScope].map(async (scope) => {
		const seen = await readLease({ aws, bucket, scope });
		if (seen) await deleteLease({ aws, bucket, scope });
		return seen?.holder ?? [];
	});
	return (await Promise.all(held)).flat();
}
