import { arnOf } from './arns.ts';
import type { EcsDependencies, RoleWish } from './dependencies.ts';
import { parseSecretReference } from './model/secret-reference.ts';
import { startError } from './task-start-error.ts';
import { roleOf, type Task } from './task.ts';

interface Right {
	readonly role: 'taskRoleArn' | 'executionRoleArn';
	readonly wish: RoleWish;
	/** Fargate's words, followed by what AWS said. */
	readonly words: string;
}

/**
 * What ECS does in the names of a task's roles before its containers start.
 * @throws TaskStartError where policies do not allow it
 */
export async function requireRights(task: Task, deps: EcsDependencies): Promise<void> {
	const needed = [...imageRights(task), ...secretRights(task, deps), ...logRights(task, deps), ...volumeRights(task, deps)];
	for (const right of needed) await requireRight(task, right, deps);
}

async function requireRight(task: Task, { role, wish, words }: Right, { roles }: EcsDependencies): Promise<void> {
	const arn = roleOf(task, role);
	if (arn === undefined) return;
	await roles.require?.(arn, task.id, wish).catch((error: unknown) => {
		throw startError(`${words}${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`);
	});
}

const retrieval = 'unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve';
const definitions = (task: Task) => task.containers.map(({ definition }) => definition);

function imageRights(task: Task): Right[] {
	const words = `${retrieval} ecr registry auth: service call has been retried 3 time(s): `;
	return [...new Set(definitions(task).map(({ image }) => image))].flatMap((image) => {
		const [, account, region, repository] = /^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.[a-z.]+\/([^:@]+)/.exec(image ?? '') ?? [];
		if (account === undefined || region === undefined || repository === undefined) return [];
		const onRepository = ['BatchCheckLayerAvailability', 'GetDownloadUrlForLayer', 'BatchGetImage'].map((action) => ({ action: `ecr:${action}`, resource: arnOf('ecr', region, account, `repository/${repository}`) }));
		return [{ action: 'ecr:GetAuthorizationToken', resource: '*' }, ...onRepository].map((wish) => ({ role: 'executionRoleArn' as const, wish, words }));
	});
}

function secretRights(task: Task, { account }: EcsDependencies): Right[] {
	const { region } = task.request;
	return [...new Set(definitions(task).flatMap(({ secrets = [] }) => secrets.map(({ valueFrom }) => valueFrom)))].flatMap((valueFrom) => {
		const reference = parseSecretReference(valueFrom, region)?.reference;
		if (reference === undefined) return [];
		const ssm = reference.service === 'ssm';
		const resource = ssm ? arnOf('ssm', region, account, `parameter/${reference.name.replace(/^\//, '')}`) : reference.secretId;
		return [{ role: 'executionRoleArn' as const, wish: { action: ssm ? 'ssm:GetParameters' : 'secretsmanager:GetSecretValue', resource }, words: `${retrieval} secret from ${ssm ? 'ssm' : 'asm'}: service call has been retried 1 time(s): ` }];
	});
}

function logRights(task: Task, { account }: EcsDependencies): Right[] {
	const groups = new Map(definitions(task).flatMap(({ logConfiguration }) => (logConfiguration?.logDriver === 'awslogs' ? [[logConfiguration.options?.['awslogs-group'] ?? '', logConfiguration.options ?? {}] as const] : [])));
	return [...groups].flatMap(([group, options]) => {
		const actions = [...(options['awslogs-create-group'] === 'true' ? ['CreateLogGroup'] : []), 'CreateLogStream', 'PutLogEvents'];
		return actions.map((action) => ({
			role: 'executionRoleArn' as const,
			wish: { action: `logs:${action}`, resource: arnOf('logs', options['awslogs-region'] ?? task.request.region, account, `log-group:${group}:log-stream:`) },
			words: 'failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: ',
		}));
	});
}

/** Mounts with IAM authorization: to read, and to write where a container may. */
function volumeRights(task: Task, { account }: EcsDependencies): Right[] {
	const { region, definition } = task.request;
	return definition.definition.volumes.flatMap(({ name, efsVolumeConfiguration: efs }) => {
		if (efs?.authorizationConfig?.iam !== 'ENABLED') return [];
		const writes = definitions(task).some(({ mountPoints }) => mountPoints.some(({ sourceVolume, readOnly }) => sourceVolume === name && readOnly !== true));
		const point = efs.authorizationConfig.accessPointId;
		const keys = { 'elasticfilesystem:accesspointarn': point && arnOf('elasticfilesystem', region, account, `access-point/${point}`) };
		return ['ClientMount', ...(writes ? ['ClientWrite'] : [])].map((action) => ({
			role: 'taskRoleArn' as const,
			wish: { action: `elasticfilesystem:${action}`, resource: arnOf('elasticfilesystem', region, account, `file-system/${efs.fileSystemId}`), keys },
			words: 'failed to invoke EFS utils commands to set up EFS volumes: mount.nfs4: access denied by server while mounting 127.0.0.1:/ ',
		}));
	});
}
