import { randomBytes } from 'node:crypto';
import type { Answer, EcsDependencies, TaskCredentials } from './dependencies.ts';
import { iamArn } from './arns.ts';
import { roleOf, type Task } from './task.ts';

/** Seconds that credentials are good for, as on ECS. */
const lifetimeSeconds = 6 * 3600;

/** What containers get at `/v2/credentials/<id>`: the credentials of their task's role. */
export async function credentialsAnswer(path: string, tasks: Iterable<Task>, deps: EcsDependencies): Promise<Answer> {
	const id = /^\/v2\/credentials\/([^/?]+)$/.exec(path)?.[1];
	if (id === undefined) return refused('NoIdInRequest', 'CredentialsV2Request: No ID in the request');
	const task = [...tasks].find((each) => each.credentialsId === id && each.lastStatus !== 'STOPPED');
	const role = task && roleOf(task, 'taskRoleArn');
	if (task === undefined || role === undefined) return refused('InvalidIdInRequest', 'CredentialsV2Request: ID not found');
	const arn = role.startsWith('arn:') ? role : iamArn(task.request.region, deps.account, `role/${role}`);
	const credentials = (await deps.roles.credentials?.(arn, task.id)) ?? madeUp(arn, deps.clock.now());
	return { status: 200, body: { ...credentials } };
}

/** Of a session of a role, as AWS's look. */
export function madeUp(roleArn: string, now: number): TaskCredentials {
	const letters = [...randomBytes(16)].map((byte) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[byte % 32]).join('');
	return {
		RoleArn: roleArn,
		AccessKeyId: `ASIA${letters}`,
		SecretAccessKey: randomBytes(30).toString('base64'),
		Token: randomBytes(96).toString('base64'),
		Expiration: new Date(now + lifetimeSeconds * 1000).toISOString(),
	};
}

function refused(code: string, message: string): Answer {
	return { status: 400, body: { code, message, HTTPErrorCode: 400 } };
}
