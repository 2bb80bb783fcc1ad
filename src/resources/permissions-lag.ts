import type { Aws } from '../aws/clients.ts';
import { describeDefinition, lastPart } from './ecs.ts';
import { describeRole } from './iam.ts';

/** Seconds in which a new role, its policy, or a new file system's name may not be known everywhere. */
const lag = 120;

const refusals = [
	/AccessDenied|not authorized to perform/i,
	/unable to assume the role|Role is not valid/i,
	/access denied by server/i,
];
/** The name of an EFS file system appears up to 90 s after its mount targets; until then mounts fail like this. */
const dns = /Failed to resolve "?fs-|mount\.nfs4: Connection reset by peer/i;

/** Whether a task's failure may come from something that was made a moment ago, and so says nothing yet. */
export function mayPass(reason: string): boolean {
	return dns.test(reason) || refusals.some((refusal) => refusal.test(reason));
}

/** Whether one of the definition's roles is younger than two minutes. */
export async function hasYoungRoles(aws: Aws, taskDefinition: string, now: number = Date.now()): Promise<boolean> {
	const definition = (await describeDefinition(aws, taskDefinition))?.taskDefinition;
	const names = [definition?.executionRoleArn, definition?.taskRoleArn].filter((arn) => arn !== undefined).map(lastPart);
	const roles = await Promise.all(names.map((name) => describeRole({ aws }, name)));
	return roles.some((role) => role?.CreateDate !== undefined && now - role.CreateDate.getTime() < lag * 1000);
}
