import { addEvent } from './deployments.ts';
import type { Deployment, Service } from './service.ts';
import { noteFailure } from './service-failures.ts';

/** What it asks of the world. */
interface RoleWorld {
	readonly clock: { now(): number };
	/** The first role of the deployment's tasks that ECS cannot assume. */
	refusedRole(deployment: Deployment): Promise<string | undefined>;
	/** Has the loop of the service look again, soon. */
	settle(service: Service): void;
}

/** Between two attempts to start where there is no way to, in ms: a new role takes some seconds to be known. */
export const retryMilliseconds = 10_000;

/** Asks, before the first start of a deployment, whether the roles of its tasks can be assumed. */
export async function askForRoles(service: Service, deployment: Deployment, world: RoleWorld): Promise<void> {
	deployment.roles = 'asking';
	const problem = await problemOf(deployment, world);
	deployment.roles = problem === undefined ? 'assumable' : 'unknown';
	if (problem !== undefined) {
		const now = world.clock.now();
		addEvent(service, `failed to launch a task with (error ${problem}).`, now);
		noteFailure(service, deployment, now, retryMilliseconds);
	}
	world.settle(service);
}

async function problemOf(deployment: Deployment, world: RoleWorld): Promise<string | undefined> {
	try {
		const refused = await world.refusedRole(deployment);
		return refused === undefined ? undefined : roleRefusal(refused);
	} catch (error) {
		return error instanceof Error ? error.message : String(error);
	}
}

/** What RunTask and service events say of a role that is missing or does not trust ECS. */
export function roleRefusal(roleArn: string): string {
	return `ECS was unable to assume the role '${roleArn}' that was provided for this task. Please verify that the role being passed has the proper trust relationship and permissions and that your IAM user has permissions to pass this role.`;
}
